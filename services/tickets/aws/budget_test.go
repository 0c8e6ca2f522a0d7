package aws_test

import (
	"net/http"
	"testing"

	"ticketmesh.dev/contracts/showsevents"
)

// TestASaleWithKeysCosts counts what a hold and an order of four seats side by side
// write with an Idempotency-Key, which is a record and an answer more: with fees and
// tax, which all of these tell, and a partition that changes its class by that.
func TestASaleWithKeysCosts(t *testing.T) {
	t.Parallel()
	m := measure(t)
	p := performance()
	p.SeatMap.Value.Areas[0].Rows = []showsevents.Row{{Row: "A", Seats: "1-9"}}
	p.Pricing = showsevents.NewOptPricing(showsevents.Pricing{
		Fees: []showsevents.Fee{
			{ID: "service", Name: "Service charge", Per: showsevents.FeePerTicket, Percent: showsevents.NewOptString("5")},
			{ID: "venue", Name: "Venue charge", Per: showsevents.FeePerTicket, Amount: showsevents.NewOptMoney(showsevents.Money{Amount: 150, Currency: "EUR"}), Refundable: true},
			{ID: "booking", Name: "Booking fee", Per: showsevents.FeePerOrder, Amount: showsevents.NewOptMoney(showsevents.Money{Amount: 250, Currency: "EUR"})},
		},
		Tax: showsevents.NewOptTax(showsevents.Tax{Name: "VAT", Percent: "20"}), Rounding: showsevents.PricingRoundingHalfEven,
	})
	m.learn(m.scheduled(p))
	m.meter.Take()
	within := func(what string, most int) {
		t.Helper()
		got := m.meter.Take()["api"].WriteUnits
		t.Logf("%s: %d write units", what, got)
		if got > most {
			t.Errorf("%s: %d write units, want at most %d", what, got, most)
		}
	}
	var held placed
	m.must(http.StatusCreated, &held, "POST", "/tickets/holds", "anna", holdOf(p, seats("A-4", "A-5", "A-6", "A-7")), "Idempotency-Key", "6f1c")
	within("hold of 4", 10)
	m.must(http.StatusCreated, nil, "POST", "/tickets/orders", "anna", orderOf(held.HoldID, "test", "tok_ok"), "Idempotency-Key", held.HoldID)
	within("order of 4", 24)
}
