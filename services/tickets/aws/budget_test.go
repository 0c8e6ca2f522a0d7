package aws_test

import (
	"net/http"
	"testing"

	"ticketmesh.dev/contracts/showsevents"
)

// TestASaleWithKeysCosts counts what a hold and an order of four seats side by side
// write with an Idempotency-Key, which is a record and an answer more, when the
// partition changes its class by that: the dearest way there is.
func TestASaleWithKeysCosts(t *testing.T) {
	t.Parallel()
	m := measure(t)
	p := performance()
	p.SeatMap.Value.Areas[0].Rows = []showsevents.Row{{Row: "A", Seats: "1-9"}}
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
