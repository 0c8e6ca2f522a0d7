package eventcodec_test

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/eventcodec"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/pricing"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// examples returns the contract's examples of the events that selling consumes.
func examples(t testing.TB) map[string]event.Event {
	t.Helper()
	found := map[string]event.Event{}
	const folder = "events/shows/examples"
	entries, err := fs.ReadDir(contracts.Files, folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := contracts.Files.ReadFile(path.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		e, err := event.ParseCloudEvent(text)
		if err != nil {
			t.Fatalf("%s: %v", entry.Name(), err)
		}
		if slices.Contains(eventcodec.PerformanceTypes(), e.Type) {
			found[entry.Name()] = e
		}
	}
	return found
}

func TestEveryExampleOfAPerformanceIsRead(t *testing.T) {
	t.Parallel()
	read := map[string]int{}
	for name, e := range examples(t) {
		t.Run(name, func(t *testing.T) {
			read[e.Type]++
			told, reference, err := eventcodec.Performance(e)
			if err != nil {
				t.Fatal(err)
			}
			if told.ID.String() != e.Subject || told.Version < 1 || told.StartsAt.IsZero() || told.Currency == "" || len(told.Categories) == 0 {
				t.Errorf("read %+v", told)
			}
			if (reference == "") == (told.Layout == nil) {
				t.Errorf("reference %q, layout %v", reference, told.Layout)
			}
			if told.Cancelled != (e.Type == showsevents.TypePerformanceCancelled) {
				t.Errorf("%s tells cancelled %t", e.Type, told.Cancelled)
			}
			grown := e
			grown.Data = withUnknown(t, e.Data)
			again, _, err := eventcodec.Performance(grown)
			if err != nil {
				t.Fatalf("with unknown members: %v", err)
			}
			if again.ID != told.ID || len(again.Areas) != len(told.Areas) || again.Limits != told.Limits {
				t.Errorf("unknown members changed %+v to %+v", told, again)
			}
		})
	}
	for _, eventType := range eventcodec.PerformanceTypes() {
		if read[eventType] < 3 {
			t.Errorf("%d examples of %s, want at least 3", read[eventType], eventType)
		}
	}
}

func TestWhatAPerformanceTells(t *testing.T) {
	t.Parallel()
	told, _, err := eventcodec.Performance(examples(t)["performance.scheduled.v1.small.json"])
	if err != nil {
		t.Fatal(err)
	}
	if told.Limits.PerOrder != 8 || told.Limits.PerCustomer != 16 || told.StartsAtLocal != "2027-06-01T20:00" || told.TimeZone != "Europe/Vienna" ||
		told.SalesOpenAt.IsZero() || told.SalesCloseAt.IsZero() || told.Title == "" || told.OrganizerID == "" {
		t.Errorf("told %+v", told)
	}
	if category, known := told.Category("I"); !known || category.Price != eur(4200) {
		t.Errorf("category I = %+v, %t", category, known)
	}
	stalls := told.Layout.Area("stalls")
	if seat, known := stalls.Locate("A-15"); !known || !seat.Reserved {
		t.Errorf("A-15 = %+v, %t", seat, known)
	}
	if seat, _ := stalls.Locate("A-7"); seat.NextAdjacent {
		t.Error("there is no aisle after A-7")
	}
	if seat, known := stalls.Locate("B-12"); !known || seat.Place.Slot != 13 {
		t.Errorf("B-12 = %+v, want it first in its row", seat)
	}
	if floor := told.Layout.Area("standing"); floor.Kind != seatmap.General || floor.Places() != 248 {
		t.Errorf("standing = %+v", floor)
	}
}

func TestPoisonIsRefused(t *testing.T) {
	t.Parallel()
	small := examples(t)["performance.scheduled.v1.small.json"]
	text := string(small.Data)
	cut := func(from, to string) string {
		i := strings.Index(text, from)
		return text[:i] + to + text[i+len(from):]
	}
	tests := []struct{ name, give string }{
		{"not JSON", `{`},
		{"not an object", `[]`},
		{"null", `null`},
		{"empty", `{}`},
		{"a wrong type", cut(`"version": 1`, `"version": "1"`)},
		{"version 0", cut(`"version": 1`, `"version": 0`)},
		{"no id", cut(`"performanceId"`, `"other"`)},
		{"an id that is none", cut(`"0190b5a2-0002-7d4f-8a1b-000000000001"`, `"1"`)},
		{"an unknown status", cut(`"status": "scheduled"`, `"status": "maybe"`)},
		{"neither a seat map nor a reference", cut(`"seatMap":`, `"seatPlan":`)},
		{"a seat listed twice", cut(`"1-11,13,15"`, `"1-11,11"`)},
		{"an aisle after no seat", cut(`"7"`, `"77"`)},
		{"two areas of one id", cut(`"standing"`, `"stalls"`)},
		{"a general area without capacity", cut(`"capacity": 248,`, ``)},
		{"a seated area without rows", cut(`"rows":`, `"lines":`)},
		{"a price category that does not exist", cut(`"priceCategory": "II"`, `"priceCategory": "III"`)},
		{"a price in another currency", cut(`"amount": 1200,
          "currency": "EUR"`, `"amount": 1200,
          "currency": "JPY"`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.give == text {
				t.Fatal("the example has changed: nothing was cut")
			}
			e := small
			e.Data = []byte(tt.give)
			if told, reference, err := eventcodec.Performance(e); err == nil {
				t.Errorf("Performance() = %+v, %q", told, reference)
			}
		})
	}
}

func TestPricesAreReadAsTheyAreTold(t *testing.T) {
	t.Parallel()
	told, _, err := eventcodec.Performance(examples(t)["performance.scheduled.v1.priced.json"])
	if err != nil {
		t.Fatal(err)
	}
	first, _ := told.Category("I")
	wantTiers := []performance.Tier{{ID: "early", Price: eur(3600), Until: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)}}
	wantConcessions := []performance.Concession{{ID: "student", Off: 250_000}, {ID: "child", Price: eur(1000)}}
	if !slices.Equal(first.Tiers, wantTiers) || !slices.Equal(first.Concessions, wantConcessions) || !first.SalesOpenAt.IsZero() || !first.SalesCloseAt.IsZero() {
		t.Errorf("category I = %+v", first)
	}
	if second, _ := told.Category("II"); !second.SalesOpenAt.Equal(time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)) || !second.SalesCloseAt.Equal(time.Date(2027, 5, 31, 22, 0, 0, 0, time.UTC)) {
		t.Errorf("category II = %+v", second)
	}
	wantFees := []pricing.Fee{
		{ID: "service", Name: "Service charge", Per: pricing.PerTicket, Amount: eur(150), Refundable: true},
		{ID: "handling", Name: "Handling", Per: pricing.PerOrder, Amount: eur(250)},
		{ID: "card", Name: "Card", Per: pricing.PerOrder, Percent: 15_000},
	}
	if got := told.Pricing; !slices.Equal(got.Fees, wantFees) || got.Tax != (pricing.Tax{Name: "VAT", Percent: 130_000, Included: true}) || got.Rounding != pricing.HalfEven {
		t.Errorf("pricing = %+v", got)
	}
}

func TestPricesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	priced := examples(t)["performance.scheduled.v1.priced.json"]
	text := string(priced.Data)
	tests := []struct{ name, from, to string }{
		{"a concession of neither kind", `"percentOff": "25"`, `"percentage": "25"`},
		{"a concession of both kinds", `"percentOff": "25"`, `"percentOff": "25", "price": {"amount": 1, "currency": "EUR"}`},
		{"more than all off", `"percentOff": "25"`, `"percentOff": "101"`},
		{"a fee of neither kind", `"percent": "1.5"`, `"share": "1.5"`},
		{"a fee of both kinds", `"percent": "1.5"`, `"percent": "1.5", "amount": {"amount": 1, "currency": "EUR"}`},
		{"a fee that is no number", `"percent": "1.5"`, `"percent": "some"`},
		{"a tax that is no number", `"percent": "13"`, `"percent": "1e1"`},
		{"a tier in another currency", `"amount": 3600,
              "currency": "EUR"`, `"amount": 3600, "currency": "JPY"`},
		{"a fee in another currency", `"amount": 150,
            "currency": "EUR"`, `"amount": 150, "currency": "JPY"`},
		{"a fee for each seat", `"per": "ticket"`, `"per": "seat"`},
		{"a rounding that is none", `"half_even"`, `"down"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := priced
			e.Data = []byte(strings.Replace(text, tt.from, tt.to, 1))
			if string(e.Data) == text {
				t.Fatal("the example has changed: nothing was cut")
			}
			if told, _, err := eventcodec.Performance(e); err == nil {
				t.Errorf("Performance() = %+v", told)
			}
		})
	}
}

// FuzzPerformance: whatever is read can be sold, and nothing panics.
func FuzzPerformance(f *testing.F) {
	for name, e := range examples(f) {
		if len(e.Data) < 4<<10 || strings.Contains(name, "real-hall") {
			f.Add([]byte(e.Data))
		}
	}
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"seatMap":{"areas":[{"id":"a","kind":"general","capacity":-1,"priceCategory":"I"}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		told, reference, err := eventcodec.Performance(event.Event{ID: id.New(), Type: showsevents.TypePerformanceScheduled, Data: data})
		if err != nil {
			return
		}
		if told.ID == id.Nil && !strings.Contains(string(data), "00000000-0000-0000-0000-000000000000") || told.Version < 1 {
			t.Errorf("read %+v", told)
		}
		if reference != "" {
			return
		}
		for _, area := range told.Layout.Areas() {
			if category, known := told.Category(area.PriceCategory); !known || category.Price.Currency != told.Currency {
				t.Errorf("area %s cannot be sold: category %q, %+v", area.ID, area.PriceCategory, category)
			}
		}
	})
}
