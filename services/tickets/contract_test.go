package tickets_test

import (
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
)

// TestContractEveryDeclaredEventIsPublished causes every event that the contract
// declares, by HTTP, by the clock or by an event that is consumed.
func TestContractEveryDeclaredEventIsPublished(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var told showsevents.Performance
	p := h.performance(func(p *showsevents.Performance) {
		p.SeatMap.Value.Areas[1].Capacity = showsevents.NewOptInt(2)
		told = *p
	})
	told.PerformanceID = p

	ordered := h.buy("anna", p, seats("stalls", "A-1", "A-2"))                                                          // hold and order placed, order confirmed
	h.must(204, "DELETE", "/tickets/holds/"+h.hold("anna", p, seats("stalls", "B-1")).HoldID, "anna", nil)              // hold released
	declined := h.hold("anna", p, seats("stalls", "B-2"))                                                               //
	h.refuses(402, "payment_declined", "POST", "/tickets/orders", "anna", orderBody(declined.HoldID, "tok_declined"))   // order declined
	h.must(200, "POST", "/tickets/"+ordered.Tickets[0].TicketID+"/transfer", "anna", map[string]any{"email": "b@x.io"}) // ticket transferred
	code := h.code("anna", ordered.Tickets[1].TicketID)
	h.must(200, "POST", "/tickets/checkins", "greta,gate", scanBody(code, "")) // ticket admitted
	standing := h.buy("ben", p, places("floor", 2))
	h.must(201, "POST", "/tickets/waitlist", "carla", map[string]any{"performanceId": p, "priceCategory": "floor", "quantity": 1})
	h.must(201, "POST", "/tickets/orders/"+standing.OrderID+"/refunds", "olga,organizer", // ticket voided, order refunded
		map[string]any{"ticketIds": []string{standing.Tickets[0].TicketID}, "reason": "ill"})
	h.eventually("the freed place is offered", func() bool { return len(h.events(ticketsevents.TypeWaitlistOffered)) == 1 })
	h.clock.Advance(11 * time.Minute) // the declined order's hold expires
	told.Version, told.Status = 2, showsevents.PerformanceStatusCancelled
	h.publish(showsevents.TypePerformanceCancelled, told) // order cancelled
	defer func() {                                        // also when the wait is in vain
		if unseen := h.published.Unseen(); len(unseen) > 0 {
			t.Errorf("never published: %v", unseen)
		}
	}()
	h.eventually("every declared event is published", func() bool {
		h.events()
		return len(h.published.Unseen()) == 0
	})
}

// TestContractStatesCountUp holds availability, which replaces what is older, to
// its versions: a later event of a partition never has a lower one.
func TestContractStatesCountUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	for range 3 {
		h.buy("anna", p, places("floor", 1))
		sold := h.seatStates(p, "floor")["counts"]
		h.eventually("the sale is announced", func() bool {
			last := map[string]int{}
			free := 0
			for _, e := range h.events(ticketsevents.TypeAvailabilityChanged) {
				var told ticketsevents.AvailabilityChanged
				if err := told.UnmarshalJSON(e.Data); err != nil {
					t.Fatal(err)
				}
				if told.Version <= last[e.Subject] {
					t.Fatalf("%s: version %d after %d", e.Subject, told.Version, last[e.Subject])
				}
				last[e.Subject] = told.Version
				if told.AreaID == "floor" {
					free = told.Available
				}
			}
			return strings.HasPrefix(sold, "10="+string(rune('0'+free))+"+")
		})
	}
}
