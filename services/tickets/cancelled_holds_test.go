package tickets_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
)

func TestHoldsOfACancelledPerformanceAreReleased(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	p := h.told.PerformanceID
	gone := h.hold("anna", p, seats("stalls", "A-1"))
	h.clock.Advance(6 * time.Minute)
	live := h.hold("ben", p, seats("stalls", "A-2"), places("floor", 2))
	var waiting orderedAnswer
	h.must(202, "POST", "/tickets/orders", "carla", orderBody(h.hold("carla", p, seats("stalls", "A-3")).HoldID, "tok_pending")).json(t, &waiting)
	h.must(204, "POST", h.path(), "olga,organizer", h.changeBody(stalls(row("A", "1-4")), floor(10))) // is no hold
	h.stop()
	h.clock.Advance(5 * time.Minute) // nobody has noticed that Anna's time is up
	h.told.Version, h.told.Status = 2, showsevents.PerformanceStatusCancelled
	h.publish(showsevents.TypePerformanceCancelled, h.told)
	h.reopenStopped()
	reasons := func() []string {
		var all []string
		for _, e := range h.events(ticketsevents.TypeHoldReleased) {
			var told ticketsevents.HoldReleased
			if err := told.UnmarshalJSON(e.Data); err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprint(told.CustomerID, " ", told.Reason))
		}
		slices.Sort(all)
		return all
	}
	want := []string{"anna expired", "ben performance_cancelled", "carla performance_cancelled"}
	h.eventually("all holds are released", func() bool { return slices.Equal(reasons(), want) })
	h.refuses(404, "not_found", "GET", "/tickets/holds/"+live.HoldID, "ben", nil)
	h.refuses(409, "hold_expired", "GET", "/tickets/holds/"+gone.HoldID, "anna", nil)
	if states := h.seatStates(p, "stalls"); states["A-1"] != "available" || states["A-2"] != "available" || states["A-3"] != "available" {
		t.Errorf("stalls = %v", states)
	}
}

// reopenStopped opens the service again whose jobs were stopped before.
func (h *house) reopenStopped() {
	h.t.Helper()
	if err := h.service.Close(); err != nil {
		h.t.Error(err)
	}
	h.open()
}
