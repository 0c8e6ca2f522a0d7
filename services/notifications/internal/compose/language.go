package compose

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bojanz/currency"

	"ticketmesh.dev/platform/money"
)

// labels are the words around what templates say.
type labels struct {
	Sender, Stop                           string
	When, Where, Order, Total, Refund      string
	Included                               string // of a tax that prices contain
	Area, Row, Seat, Category, Price, Note string
	Ticket, Tickets                        string // names of attached files
}

// language is how dates and words are written for a reader.
type language struct {
	tag    string
	labels labels
	days   [7]string // from Sunday
	months [12]string
	date   func(l *language, t time.Time) string
}

var languages = map[string]*language{
	"en": {
		tag: "en",
		labels: labels{
			Sender: "Sent by Ticketmesh because of your tickets.", Stop: "Stop mails of this kind",
			When: "When", Where: "Where", Order: "Order", Total: "Total", Refund: "Refund", Included: "included",
			Area: "Area", Row: "Row", Seat: "Seat", Category: "Category", Price: "Price",
			Note: "Admits one person, once. Keep the code to yourself: whoever shows it first is let in.", Ticket: "ticket", Tickets: "tickets",
		},
		days:   [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		date: func(l *language, t time.Time) string {
			return l.days[t.Weekday()] + ", " + strconv.Itoa(t.Day()) + " " + l.months[t.Month()-1] + t.Format(" 2006, 15:04")
		},
	},
	"de": {
		tag: "de",
		labels: labels{
			Sender: "Gesendet von Ticketmesh wegen Ihrer Tickets.", Stop: "Mails dieser Art abbestellen",
			When: "Wann", Where: "Wo", Order: "Bestellung", Total: "Summe", Refund: "Erstattung", Included: "enthalten",
			Area: "Bereich", Row: "Reihe", Seat: "Platz", Category: "Kategorie", Price: "Preis",
			Note:   "Gilt für eine Person und einen Einlass. Geben Sie den Code nicht weiter: Wer ihn zuerst zeigt, wird eingelassen.",
			Ticket: "ticket", Tickets: "tickets",
		},
		days:   [7]string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"},
		months: [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
		date: func(l *language, t time.Time) string {
			return l.days[t.Weekday()] + ", " + strconv.Itoa(t.Day()) + ". " + l.months[t.Month()-1] + t.Format(" 2006, 15:04") + " Uhr"
		},
	},
}

// languageOf returns the language for a BCP 47 tag: by its first subtag, or English.
func languageOf(tag string) *language {
	primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if l, ok := languages[primary]; ok {
		return l
	}
	return languages["en"]
}

// moment writes a time as the clocks at a place show it.
func (l *language) moment(t time.Time, zone string) string {
	if t.IsZero() {
		return ""
	}
	location := locations.get(zone)
	if location == nil {
		return l.date(l, t.UTC()) + " (UTC)"
	}
	return l.date(l, t.In(location)) + " (" + zone + ")"
}

// locationCache keeps parsed time zones: parsing one costs more than writing the rest of a mail.
type locationCache struct {
	mu    sync.RWMutex
	known map[string]*time.Location
}

var locations = &locationCache{known: map[string]*time.Location{}}

// maxZones is above the number of zones that exist, so the cache only guards against made-up names.
const maxZones = 1000

func (c *locationCache) get(zone string) *time.Location {
	c.mu.RLock()
	location, ok := c.known[zone]
	c.mu.RUnlock()
	if ok {
		return location
	}
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		location = nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) < maxZones {
		c.known[zone] = location
	}
	return location
}

// amount writes money as the reader's country does.
func (l *language) amount(m money.Money, tag string) string {
	value, err := currency.NewAmountFromInt64(m.Amount, m.Currency)
	if err != nil || m.Currency == "" {
		return m.Format()
	}
	formatter := currency.NewFormatter(currency.NewLocale(tag))
	return formatter.Format(value)
}
