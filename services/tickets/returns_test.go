package tickets_test

import (
	"testing"
	"time"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/id"
)

// moved is a performance with fees that are kept, for which Anna has ordered two
// places of the floor, and which has been moved: until two weeks from now they may
// be returned.
func moved(t *testing.T) (*hall, orderedAnswer) {
	t.Helper()
	h := &hall{house: newHouse(t)}
	h.performance(func(p *showsevents.Performance) {
		p.Pricing = showsevents.NewOptPricing(showsevents.Pricing{Rounding: "half_even", Fees: []showsevents.Fee{
			{ID: "card", Name: "Card", Per: "order", Amount: showsevents.NewOptMoney(showsevents.Money{Amount: 101, Currency: "EUR"})},
		}})
		h.told = *p
	})
	ordered := h.buy("anna", h.told.PerformanceID, places("floor", 2))
	h.clock.Advance(time.Minute)
	h.move(24 * time.Hour)
	return h, ordered
}

// move tells that the performance starts so much later.
func (h *hall) move(by time.Duration) {
	h.t.Helper()
	h.told.Version++
	h.told.PreviousStartsAtUtc = showsevents.NewOptDateTime(h.told.StartsAtUtc)
	h.told.StartsAtUtc = h.told.StartsAtUtc.Add(by)
	h.told.RescheduledAt = showsevents.NewOptDateTime(h.clock.Now())
	h.told.ReturnsUntil = showsevents.NewOptDateTime(h.clock.Now().AddDate(0, 0, 14))
	h.publish(showsevents.TypePerformanceRescheduled, h.told)
}

func (h *hall) refunded(orderID string) int64 {
	h.t.Helper()
	var read struct{ Refunded struct{ Amount int64 } }
	h.must(200, "GET", "/tickets/orders/"+orderID, "anna", nil).json(h.t, &read)
	return read.Refunded.Amount
}

func returnBody(ticketIDs ...string) map[string]any {
	return map[string]any{"ticketIds": ticketIDs, "reason": "the new date"}
}

func TestTicketsOfAMovedPerformanceAreReturnedForAllOfTheirMoney(t *testing.T) {
	t.Parallel()
	h, ordered := moved(t)
	path := "/tickets/orders/" + ordered.OrderID + "/refunds"
	h.refuses(404, "not_found", "POST", path, "ben", returnBody(ordered.Tickets[0].TicketID))
	h.must(201, "POST", path, "anna", returnBody(ordered.Tickets[0].TicketID))
	if got := h.refunded(ordered.OrderID); got != 1500+50 { // and half of the card's fee
		t.Errorf("refunded %d", got)
	}
	h.refuses(409, "already_refunded", "POST", path, "anna", returnBody(ordered.Tickets[0].TicketID))
	h.reopen()
	h.must(201, "POST", path, "anna", returnBody(ordered.Tickets[1].TicketID))
	if got := h.refunded(ordered.OrderID); got != 2*1500+101 {
		t.Errorf("refunded %d", got)
	}
	if got := h.seatStates(h.told.PerformanceID, "floor")["counts"]; got != "10=10+0+0" {
		t.Errorf("floor = %s", got)
	}
}

func TestAnOrderForAMovedPerformanceIsCancelledForAllOfItsMoney(t *testing.T) {
	t.Parallel()
	h, ordered := moved(t)
	h.must(200, "POST", "/tickets/orders/"+ordered.OrderID+"/cancel", "anna", nil)
	if got := h.refunded(ordered.OrderID); got != 2*1500+101 {
		t.Errorf("refunded %d", got)
	}
}

func TestReturnsEnd(t *testing.T) {
	t.Parallel()
	h, ordered := moved(t)
	path := "/tickets/orders/" + ordered.OrderID + "/refunds"
	h.clock.Advance(14*24*time.Hour - time.Millisecond)
	h.must(201, "POST", path, "anna", returnBody(ordered.Tickets[0].TicketID))
	h.clock.Advance(time.Millisecond)
	h.refuses(409, "returns_closed", "POST", path, "anna", returnBody(ordered.Tickets[1].TicketID))
	h.must(200, "POST", "/tickets/orders/"+ordered.OrderID+"/cancel", "anna", nil) // for less
	if got := h.refunded(ordered.OrderID); got != 1500+50+1450 {
		t.Errorf("refunded %d", got)
	}
}

func TestWhoKnewTheNewStartCannotReturnTickets(t *testing.T) {
	t.Parallel()
	h, _ := moved(t)
	later := h.buy("anna", h.told.PerformanceID, seats("stalls", "A-1"))
	path := "/tickets/orders/" + later.OrderID + "/refunds"
	h.refuses(403, "forbidden", "POST", path, "anna", returnBody(later.Tickets[0].TicketID))
	h.clock.Advance(time.Minute)
	h.move(time.Hour)
	h.refuses(422, "unknown_ticket", "POST", path, "anna", returnBody(id.New().String()))
	h.must(201, "POST", path, "anna", returnBody(later.Tickets[0].TicketID))
	if got := h.refunded(later.OrderID); got != 4200+101 {
		t.Errorf("refunded %d", got)
	}
}
