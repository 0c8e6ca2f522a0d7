package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestRestartKeepsEverything does what comes after a sale, restarts the mesh and
// looks whether each of it can still be seen.
func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	for name, restart := range map[string]func(*server){
		"stopped": (*server).restart,
		"killed":  func(s *server) { s.kill(); s.start() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			meshOK(t, password+"\n", "users", "add", "gate@example.org", "--group", "gate", "--data", s.data)
			before := afterSale(t, s.client())
			restart(s)
			before.stillThere(t, s.client())
			drained(t, s)
		})
	}
}

// aftermath is what afterSale did.
type aftermath struct {
	house                           house
	anna, ben, clara                string // tokens
	annaEmail, benEmail, claraEmail string
	refresh                         string
	bought                          order
	passedOn, refunded, kept        ticket // as Anna had them
	newCode                         string // of the ticket that was passed on
	entryID, offeredHold            string
	quiet                           order // bought without wanting mails
	venueID, slug                   string
	orderRequest                    call
	orderAnswer                     answer
	firstMail, transferMail         string // ids
}

// afterSale sells a small house out; then a ticket is passed on, one is refunded
// and offered to who waits, somebody wants no mails, and there is something to
// search for.
func afterSale(t *testing.T, c *client) *aftermath {
	t.Helper()
	a := &aftermath{house: c.openHouse(t, "Aftermath", rows(1, 4, 0), nil)}
	a.annaEmail, a.anna = c.customer(t)
	a.benEmail, a.ben = c.customer(t)
	a.claraEmail, a.clara = c.customer(t)
	a.refresh = c.signIn(t, a.annaEmail, password).Refresh

	held := c.hold(t, a.anna, a.house.performanceID, place{"hall", "1-1"}, place{"hall", "1-2"}, place{"hall", "1-3"})
	a.orderRequest = call{
		method: "POST", path: "/tickets/orders", token: a.anna, body: orderBody(held.HoldID, paysOK), header: map[string]string{"Idempotency-Key": "anna-1"},
	}
	a.orderAnswer = c.want(t, http.StatusCreated, a.orderRequest, &a.bought)
	a.passedOn = c.ticket(t, a.anna, a.bought.Tickets[0].TicketID)
	a.refunded = c.ticket(t, a.anna, a.bought.Tickets[1].TicketID)
	a.kept = c.ticket(t, a.anna, a.bought.Tickets[2].TicketID)
	a.firstMail = waitForMail(t, c, a.annaEmail, "Your tickets")

	c.want(t, http.StatusOK, call{method: "POST", path: "/tickets/" + a.passedOn.TicketID + "/transfer", token: a.anna, body: map[string]string{"email": a.benEmail}}, nil)
	got := c.ticket(t, a.ben, a.passedOn.TicketID)
	if a.newCode = got.Code; a.newCode == "" || a.newCode == a.passedOn.Code {
		t.Fatalf("the new holder's code is %q, the old one %q", got.Code, a.passedOn.Code)
	}

	c.buy(t, a.ben, a.house.performanceID, place{"hall", "1-4"})
	var entry struct{ EntryID, Status, HoldID string }
	c.want(t, http.StatusCreated, call{method: "POST", path: "/tickets/waitlist", token: a.clara, body: map[string]any{
		"performanceId": a.house.performanceID, "priceCategory": "a", "quantity": 1,
	}}, &entry)
	a.entryID = entry.EntryID
	c.want(t, http.StatusCreated, call{method: "POST", path: "/tickets/orders/" + a.bought.OrderID + "/refunds", token: a.house.organizer, body: map[string]any{
		"ticketIds": []string{a.refunded.TicketID}, "reason": "Illness",
	}}, nil)
	until(t, "the freed seat is offered", func() bool {
		c.get(t, a.clara, "/tickets/waitlist/"+a.entryID, &entry)
		return entry.Status == "offered"
	})
	a.offeredHold = entry.HoldID

	c.want(t, http.StatusOK, call{method: "PUT", path: "/notifications/preferences", token: a.clara, body: map[string]any{"email": map[string]bool{"tickets": false}}}, nil)
	other := c.openHouse(t, "Quiet", rows(1, 2, 0), nil)
	a.quiet = c.buy(t, a.clara, other.performanceID, place{"hall", "1-1"})
	until(t, "the mail is stopped", func() bool { return a.message(t, c).Status == "suppressed" })

	var venue struct{ VenueID string }
	c.want(t, http.StatusCreated, call{method: "POST", path: "/info/venues", token: a.house.organizer, body: map[string]string{
		"name": "Zwischenbrücken Halle", "city": "Wien", "country": "AT", "timeZone": "Europe/Vienna",
	}}, &venue)
	a.venueID, a.slug = venue.VenueID, "how-to-get-there"
	c.want(t, http.StatusCreated, call{method: "POST", path: "/info/pages", token: a.house.organizer, body: map[string]string{
		"slug": a.slug, "language": "de", "title": "Anreise", "markdown": "Mit der **Straßenbahn** nach Zwischenbrücken.",
	}}, nil)

	a.transferMail = waitForMail(t, c, a.benEmail, "")
	until(t, "Anna's mails are there", func() bool { return len(c.mails(t, a.annaEmail)) >= 3 })
	return a
}

// waitForMail waits for a mail whose subject begins so.
func waitForMail(t testing.TB, c *client, to, subject string) (mailID string) {
	t.Helper()
	until(t, "a mail to "+to, func() bool {
		for _, m := range c.mails(t, to) {
			if strings.HasPrefix(m.Subject, subject) {
				mailID = m.ID
				return true
			}
		}
		return false
	})
	return mailID
}

type message struct{ Template, Status, OrderID string }

// message is the one about the order of who wants no mails.
func (a *aftermath) message(t testing.TB, c *client) message {
	t.Helper()
	var got struct{ Items []message }
	c.get(t, a.clara, "/notifications", &got)
	for _, m := range got.Items {
		if m.OrderID == a.quiet.OrderID {
			return m
		}
	}
	return message{}
}

func (a *aftermath) stillThere(t *testing.T, c *client) {
	t.Helper()
	// The order, and its answer to who did not hear it.
	again := c.want(t, http.StatusCreated, a.orderRequest, nil)
	if string(again.body) != string(a.orderAnswer.body) {
		t.Errorf("the order again: got %v, want %v", again, a.orderAnswer)
	}
	var kept order
	c.get(t, a.anna, "/tickets/orders/"+a.bought.OrderID, &kept)
	if kept.Status != "partially_refunded" || kept.Refunded.Amount != 4200 || kept.Total.Amount != 3*4200 {
		t.Errorf("the order is %+v", kept)
	}
	// Tickets: passed on, refunded and kept.
	if got := c.ticket(t, a.ben, a.passedOn.TicketID); got.Code != a.newCode || got.Status != "valid" {
		t.Errorf("the ticket passed on: %+v", got)
	}
	if got := c.ticket(t, a.anna, a.refunded.TicketID); got.Status != "void" {
		t.Errorf("the refunded ticket: %+v", got)
	}
	if got := c.ticket(t, a.anna, a.kept.TicketID); got != a.kept {
		t.Errorf("the ticket kept: %+v, want %+v", got, a.kept)
	}
	gate := c.signIn(t, "gate@example.org", password).Access
	scan := func(code string) answer {
		return c.do(t, call{method: "POST", path: "/tickets/checkins", token: gate, body: map[string]string{"code": code, "gate": "north"}})
	}
	refused(t, scan(a.passedOn.Code), http.StatusGone, "ticket_void")
	refused(t, scan(a.refunded.Code), http.StatusGone, "ticket_void")
	if got := scan(a.newCode); got.status != http.StatusOK {
		t.Errorf("the new code: %v", got)
	}
	refused(t, scan(a.newCode), http.StatusConflict, "already_admitted")
	// The offer, and the seat that it holds.
	var entry struct{ Status, HoldID string }
	c.get(t, a.clara, "/tickets/waitlist/"+a.entryID, &entry)
	if entry.Status != "offered" || entry.HoldID != a.offeredHold {
		t.Errorf("the offer is %+v", entry)
	}
	if got := c.seats(t, a.house.performanceID)["hall"].Seats; got["1-2"] != "held" || got["1-1"] != "sold" {
		t.Errorf("the seats are %v", got)
	}
	var taken order
	c.want(t, http.StatusCreated, call{method: "POST", path: "/tickets/orders", token: a.clara, body: orderBody(a.offeredHold, paysOK)}, &taken)
	if len(taken.Tickets) != 1 || taken.Tickets[0].Seat != "1-2" {
		t.Errorf("who waited got %+v", taken.Tickets)
	}
	until(t, "the offer counts as taken", func() bool {
		c.get(t, a.clara, "/tickets/waitlist/"+a.entryID, &entry)
		return entry.Status == "taken"
	})
	a.mailsStillThere(t, c)
	// Search.
	for word, want := range map[string]string{"zwischenbr": a.venueID, "straßenb": a.slug} {
		if got := c.want(t, http.StatusOK, call{method: "GET", path: "/info/search?q=" + url.QueryEscape(word)}, nil); !strings.Contains(string(got.body), want) {
			t.Errorf("searching %q finds %v", word, got)
		}
	}
	// The sign-in.
	var renewed tokens
	c.want(t, http.StatusOK, call{method: "POST", path: "/auth/token", body: map[string]string{"refresh_token": a.refresh}}, &renewed)
	if renewed.Access == "" {
		t.Error("the sign-in is over")
	}
}

func (a *aftermath) mailsStillThere(t *testing.T, c *client) {
	t.Helper()
	var preferences struct{ Email map[string]bool }
	c.get(t, a.clara, "/notifications/preferences", &preferences)
	if preferences.Email["tickets"] || !preferences.Email["waitlist"] {
		t.Errorf("the preferences are %v", preferences)
	}
	if got := a.message(t, c); got.Status != "suppressed" {
		t.Errorf("the message nobody wants is %+v", got)
	}
	// She waited for an offer and wanted its mail, and none with tickets.
	until(t, "the offer's mail", func() bool { return len(c.mails(t, a.claraEmail)) > 0 })
	for _, m := range c.mails(t, a.claraEmail) {
		if strings.HasPrefix(m.Subject, "Your tickets") {
			t.Errorf("who wants no tickets by mail got %q", m.Subject)
		}
	}
	for address, mailID := range map[string]string{a.annaEmail: a.firstMail, a.benEmail: a.transferMail} {
		got := c.mails(t, address)
		i := slices.IndexFunc(got, func(m mail) bool { return m.ID == mailID })
		if i < 0 || len(got[i].Attachments) != 1 {
			t.Fatalf("the mail %s to %s: %+v", mailID, address, got)
		}
		file := c.want(t, http.StatusOK, call{method: "GET", path: fmt.Sprintf("/dev/mailbox/%s/attachments/%s", mailID, got[i].Attachments[0].Name)}, nil)
		if !strings.HasPrefix(string(file.body), "%PDF-") || len(file.body) != got[i].Attachments[0].Size {
			t.Errorf("the attachment of %s has %d bytes", address, len(file.body))
		}
	}
}
