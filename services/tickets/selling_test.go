package tickets_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/buyer"
)

func TestHoldIsAllOrNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	held := h.hold("anna", p, seats("stalls", "A-1", "A-2"), places("floor", 2))
	if held.Total.Amount != 2*4200+2*1500 || !held.ExpiresAt.Equal(start.Add(10*time.Minute)) {
		t.Errorf("hold = %+v", held)
	}
	refused := h.refuses(http.StatusConflict, "seats_unavailable", "POST", "/tickets/holds", "ben", holdBody(p, seats("stalls", "B-1", "A-2", "A-1"), places("floor", 1)))
	var problem struct{ Seats []string }
	refused.json(t, &problem)
	if len(problem.Seats) != 2 || problem.Seats[0] != "stalls/A-2" || problem.Seats[1] != "stalls/A-1" {
		t.Errorf("seats = %v, want the two that are taken", problem.Seats)
	}
	states := h.seatStates(p, "stalls")
	if states["A-1"] != "held" || states["B-1"] != "available" {
		t.Errorf("seats = %v", states)
	}
	if got := h.seatStates(p, "floor")["counts"]; got != "10=8+2+0" {
		t.Errorf("floor = %s", got)
	}
}

func TestHoldRefusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(func(p *showsevents.Performance) {
		p.Limits = showsevents.NewOptPerformanceLimits(showsevents.PerformanceLimits{PerOrder: showsevents.NewOptInt(4), PerCustomer: showsevents.NewOptInt(6)})
	})
	past := h.performance(func(p *showsevents.Performance) { p.StartsAtUtc = start.Add(-time.Hour) })
	early := h.performance(func(p *showsevents.Performance) { p.SalesOpenAt = showsevents.NewOptDateTime(start.Add(time.Hour)) })
	closed := h.performance(func(p *showsevents.Performance) { p.SalesCloseAt = showsevents.NewOptDateTime(start) })
	tests := []struct {
		name   string
		token  string
		body   any
		status int
		code   string
	}{
		{"no token", "", holdBody(p, places("floor", 1)), 401, "unauthenticated"},
		{"unknown performance", "a", holdBody(id.New(), places("floor", 1)), 404, "not_found"},
		{"malformed JSON", "a", `{"performanceId":`, 400, "invalid_request"},
		{"unknown field", "a", map[string]any{"performanceId": p, "items": []any{places("floor", 1)}, "vip": true}, 400, "invalid_request"},
		{"wrong type", "a", map[string]any{"performanceId": p, "items": "all"}, 400, "invalid_request"},
		{"no items", "a", holdBody(p), 400, "invalid_request"},
		{"quantity 0", "a", holdBody(p, places("floor", 0)), 400, "invalid_request"},
		{"negative quantity", "a", holdBody(p, places("floor", -1)), 400, "invalid_request"},
		{"absurd quantity", "a", holdBody(p, places("floor", 1_000_000_000)), 400, "invalid_request"},
		{"seat named twice", "a", holdBody(p, seats("stalls", "A-1", "A-1")), 400, "invalid_request"},
		{"seat named twice in two items", "a", holdBody(p, seats("stalls", "A-1"), seats("stalls", "A-1")), 400, "invalid_request"},
		{"two ways at once", "a", holdBody(p, map[string]any{"areaId": "stalls", "seats": []string{"A-1"}, "bestAvailable": 1}), 400, "invalid_request"},
		{"no way", "a", holdBody(p, map[string]any{"areaId": "stalls"}), 400, "invalid_request"},
		{"quantity in a seated area", "a", holdBody(p, places("stalls", 1)), 400, "invalid_request"},
		{"unknown seat", "a", holdBody(p, seats("stalls", "A-1", "Z-9")), 422, "unknown_seat"},
		{"unknown area", "a", holdBody(p, seats("moon", "A-1")), 422, "unknown_seat"},
		{"seats in a general area", "a", holdBody(p, seats("floor", "A-1")), 422, "unknown_seat"},
		{"more than an order may have", "a", holdBody(p, places("floor", 5)), 422, "limit_exceeded"},
		{"more than there are", "a", holdBody(early, places("floor", 1)), 409, "sales_closed"},
		{"in the past", "a", holdBody(past, places("floor", 1)), 409, "sales_closed"},
		{"after the sale", "a", holdBody(closed, places("floor", 1)), 409, "sales_closed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.refuses(tt.status, tt.code, "POST", "/tickets/holds", tt.token, tt.body)
		})
	}
	t.Run("sold out", func(t *testing.T) {
		unlimited := h.performance(nil)
		h.refuses(409, "sold_out", "POST", "/tickets/holds", "a", holdBody(unlimited, places("floor", 11)))
		h.refuses(409, "sold_out", "POST", "/tickets/holds", "a", holdBody(unlimited, best("stalls", 5)))
	})
	t.Run("more than a customer may have in several orders", func(t *testing.T) {
		h.buy("greedy", p, places("floor", 4))
		h.hold("greedy", p, places("floor", 2))
		h.refuses(422, "limit_exceeded", "POST", "/tickets/holds", "greedy", holdBody(p, places("floor", 1)))
	})
}

func TestBestAvailableStaysTogether(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	// Row A is cut by an aisle after 2; B-4 is a wheelchair place.
	first := h.hold("a", p, best("stalls", 3))
	if got := first.Items[0].Seats; len(got) != 3 || got[0] != "B-1" || got[2] != "B-3" {
		t.Errorf("three together = %v, want B-1 to B-3", got)
	}
	second := h.hold("b", p, best("stalls", 2))
	if got := second.Items[0].Seats; len(got) != 2 || got[0] != "A-1" || got[1] != "A-2" {
		t.Errorf("two together = %v, want A-1 and A-2", got)
	}
	h.refuses(409, "sold_out", "POST", "/tickets/holds", "c", holdBody(p, best("stalls", 3)))
}

func TestHoldExpiresByTheClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	held := h.hold("anna", p, seats("stalls", "A-1"))
	h.clock.Advance(9 * time.Minute)
	var extended heldAnswer
	h.must(200, "POST", "/tickets/holds/"+held.HoldID+"/extend", "anna", nil).json(t, &extended)
	if want := start.Add(19 * time.Minute); !extended.ExpiresAt.Equal(want) {
		t.Errorf("extended until %s, want %s", extended.ExpiresAt, want)
	}
	h.clock.Advance(2 * time.Minute)
	h.refuses(409, "seats_unavailable", "POST", "/tickets/holds", "ben", holdBody(p, seats("stalls", "A-1")))
	h.clock.Advance(8 * time.Minute)
	h.refuses(409, "hold_expired", "GET", "/tickets/holds/"+held.HoldID, "anna", nil)
	h.refuses(409, "hold_expired", "POST", "/tickets/holds/"+held.HoldID+"/extend", "anna", nil)
	h.refuses(409, "hold_expired", "POST", "/tickets/orders", "anna", orderBody(held.HoldID, "tok_ok"))
	h.hold("ben", p, seats("stalls", "A-1"))
	h.eventually("the sweeper announces the expired hold", func() bool {
		return len(h.events(ticketsevents.TypeHoldReleased)) == 1
	})
	if states := h.seatStates(p, "stalls"); states["A-1"] != "held" {
		t.Errorf("sweeping took the seat from its new holder: %v", states)
	}
}

func TestExtendingEndsAtTheCap(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	held := h.hold("anna", p, seats("stalls", "A-1"))
	for range 4 {
		h.clock.Advance(8 * time.Minute)
		h.do("POST", "/tickets/holds/"+held.HoldID+"/extend", "anna", nil)
	}
	h.refuses(409, "hold_expired", "GET", "/tickets/holds/"+held.HoldID, "anna", nil)
}

func TestReleasedSeatsAreForSaleAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	held := h.hold("anna", p, seats("stalls", "A-1"))
	path := "/tickets/holds/" + held.HoldID
	h.refuses(404, "not_found", "DELETE", path, "ben", nil)
	h.must(204, "DELETE", path, "anna", nil)
	h.must(204, "DELETE", path, "anna", nil)
	h.buy("ben", p, seats("stalls", "A-1"))
	used := h.hold("anna", p, seats("stalls", "A-2"))
	h.order("anna", used)
	h.refuses(409, "hold_used", "DELETE", "/tickets/holds/"+used.HoldID, "anna", nil)
	h.refuses(409, "hold_used", "POST", "/tickets/orders", "anna", orderBody(used.HoldID, "tok_ok"))
}

func TestOrderIssuesTickets(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	ordered := h.buy("anna", p, seats("stalls", "A-1", "A-2"), places("floor", 2))
	if ordered.Status != "confirmed" || len(ordered.Tickets) != 4 || ordered.Total.Amount != 2*4200+2*1500 || ordered.Code == "" {
		t.Fatalf("order = %+v", ordered)
	}
	h.reopen()
	var again orderedAnswer
	h.must(200, "GET", "/tickets/orders/"+ordered.OrderID, "anna", nil).json(t, &again)
	if len(again.Tickets) != 4 || again.Status != "confirmed" {
		t.Errorf("after a restart the order = %+v", again)
	}
	h.refuses(404, "not_found", "GET", "/tickets/orders/"+ordered.OrderID, "ben", nil)
	h.must(200, "GET", "/tickets/orders/"+ordered.OrderID, "olga,organizer", nil)
	h.refuses(404, "not_found", "GET", "/tickets/orders/"+ordered.OrderID, "oscar,organizer", nil)
	h.refuses(403, "forbidden", "GET", "/tickets/orders?performanceId="+p.String(), "oscar,organizer", nil)
	for _, path := range []string{"/qr.png", "/ticket.pdf"} {
		a := h.must(200, "GET", "/tickets/"+ordered.Tickets[0].TicketID+path, "anna", nil)
		if len(a.body) < 500 || a.header.Get("Content-Type") == "" {
			t.Errorf("%s: %d bytes of %q", path, len(a.body), a.header.Get("Content-Type"))
		}
	}
	if states := h.seatStates(p, "stalls"); states["A-1"] != "sold" {
		t.Errorf("seats = %v", states)
	}
	if got := len(h.events(ticketsevents.TypeOrderConfirmed)); got != 1 {
		t.Errorf("%d order.confirmed, want 1", got)
	}
}

func TestATokenWithoutAnAddressNeedsOneInTheOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	const nobody = "nobody,unreachable"
	held := h.hold(nobody, p, seats("stalls", "A-1"))
	h.refuses(400, "invalid_request", "POST", "/tickets/orders", nobody, orderBody(held.HoldID, "tok_ok"))
	h.refuses(400, "invalid_request", "POST", "/tickets/waitlist", nobody, map[string]any{"performanceId": p, "priceCategory": "floor", "quantity": 1})
	body := orderBody(held.HoldID, "tok_ok")
	for _, several := range []string{"a,b@example.com", "nobody@example\u0001.com"} {
		body["email"] = several
		h.refuses(400, "invalid_request", "POST", "/tickets/orders", nobody, body)
	}
	body["email"] = "nobody@example.com"
	h.must(201, "POST", "/tickets/orders", nobody, body)
}

func TestDeclinedPaymentLeavesTheHold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	held := h.hold("anna", p, seats("stalls", "A-1"))
	h.refuses(402, "payment_declined", "POST", "/tickets/orders", "anna", orderBody(held.HoldID, "tok_declined"), "Idempotency-Key", "k1")
	h.refuses(402, "payment_declined", "POST", "/tickets/orders", "anna", orderBody(held.HoldID, "tok_declined"), "Idempotency-Key", "k1")
	h.must(200, "GET", "/tickets/holds/"+held.HoldID, "anna", nil)
	h.must(201, "POST", "/tickets/orders", "anna", orderBody(held.HoldID, "tok_ok"), "Idempotency-Key", "k2")
	if got := len(h.events(ticketsevents.TypeOrderDeclined)); got != 1 {
		t.Errorf("%d order.declined, want 1", got)
	}
}

func TestIdempotencyKeyMakesOneOfMany(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	body := holdBody(p, places("floor", 2))
	first := h.must(201, "POST", "/tickets/holds", "anna", body, "Idempotency-Key", "k")
	again := h.must(201, "POST", "/tickets/holds", "anna", body, "Idempotency-Key", "k")
	if string(first.body) != string(again.body) {
		t.Errorf("replayed %s, want %s", again.body, first.body)
	}
	h.refuses(422, "idempotency_key_reused", "POST", "/tickets/holds", "anna", holdBody(p, places("floor", 3)), "Idempotency-Key", "k")
	h.must(201, "POST", "/tickets/holds", "ben", body, "Idempotency-Key", "k")
	if got := h.seatStates(p, "floor")["counts"]; got != "10=6+4+0" {
		t.Errorf("floor = %s, want two holds", got)
	}
}

func TestTheLastSeatGoesToOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(func(p *showsevents.Performance) {
		p.SeatMap.Value.Areas[1].Capacity = showsevents.NewOptInt(1)
	})
	const buyers = 500
	for _, item := range []map[string]any{seats("stalls", "A-1"), places("floor", 1)} {
		var won, lost atomic.Int32
		var race sync.WaitGroup
		for range buyers {
			race.Go(func() {
				switch a := h.do("POST", "/tickets/holds", id.New().String(), holdBody(p, item)); a.status {
				case 201:
					won.Add(1)
				case 409:
					lost.Add(1)
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		race.Wait()
		if won.Load() != 1 || lost.Load() != buyers-1 {
			t.Errorf("%v: %d won and %d lost, want 1 and %d", item, won.Load(), lost.Load(), buyers-1)
		}
	}
}

func TestNobodyHoardsHolds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(func(p *showsevents.Performance) {
		p.SeatMap.Value.Areas[1].Capacity = showsevents.NewOptInt(500)
	})
	hoard := func() (held, refused int) {
		var won, lost atomic.Int32
		var race sync.WaitGroup
		for range buyer.MaxHolds + 50 {
			race.Go(func() {
				switch a := h.do("POST", "/tickets/holds", "greedy", holdBody(p, places("floor", 1))); {
				case a.status == 201:
					won.Add(1)
				case a.status == 422 && a.code() == "limit_exceeded":
					lost.Add(1)
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		race.Wait()
		return int(won.Load()), int(lost.Load())
	}
	if held, refused := hoard(); held != buyer.MaxHolds || refused != 50 {
		t.Errorf("%d held and %d refused, want %d and 50", held, refused, buyer.MaxHolds)
	}
	h.hold("modest", p, places("floor", 1)) // one customer's cap is nobody else's
	h.clock.Advance(11 * time.Minute)
	if held, _ := hoard(); held != buyer.MaxHolds {
		t.Errorf("%d held once the first are over, want %d", held, buyer.MaxHolds)
	}
}

// TestAGeneralAreaSellsOutExactly: many buy 1 to 4 places at a time, with less when
// there is not enough left, until nobody gets a single one.
func TestAGeneralAreaSellsOutExactly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const capacity = 500
	p := h.performance(func(p *showsevents.Performance) {
		p.SeatMap.Value.Areas[1].Capacity = showsevents.NewOptInt(capacity)
	})
	var race sync.WaitGroup
	for buyer := range 8 {
		race.Go(func() {
			name := "buyer" + string(rune('a'+buyer))
			for turn, most := buyer, 4; most > 0; turn++ {
				quantity := min(most, 1+turn%4)
				a := h.do("POST", "/tickets/holds", name, holdBody(p, places("floor", quantity)))
				if a.status == 409 {
					most = quantity - 1
					continue
				}
				var held heldAnswer
				a.json(t, &held)
				if a := h.do("POST", "/tickets/orders", name, orderBody(held.HoldID, "tok_ok")); a.status != 201 {
					t.Errorf("order: %d %s", a.status, a.body)
				}
			}
		})
	}
	race.Wait()
	if got := h.seatStates(p, "floor")["counts"]; got != "500=0+0+500" {
		t.Errorf("floor = %s, want all sold", got)
	}
}

// TestAnAreaIsSoldWhateverBecomesOfAnother: nothing that happens to the stalls keeps
// anybody from the floor, not even one who is at the stalls at the same time.
func TestAnAreaIsSoldWhateverBecomesOfAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(func(p *showsevents.Performance) {
		p.SeatMap.Value.Areas[1].Capacity = showsevents.NewOptInt(100)
		p.PriceCategories[0].SalesCloseAt = showsevents.NewOptDateTime(start.Add(time.Hour))
	})
	var race sync.WaitGroup
	for range 100 {
		race.Go(func() {
			if a := h.do("POST", "/tickets/holds", id.New().String(), holdBody(p, seats("stalls", "A-1"))); a.status != 201 && a.status != 409 {
				t.Errorf("stalls: %d %s", a.status, a.body)
			}
		})
		race.Go(func() {
			if a := h.do("POST", "/tickets/holds", id.New().String(), holdBody(p, places("floor", 1))); a.status != 201 {
				t.Errorf("floor: %d %s", a.status, a.body)
			}
		})
	}
	race.Wait()
	h.refuses(409, "sold_out", "POST", "/tickets/holds", "anna", holdBody(p, places("floor", 1)))
	h.clock.Advance(time.Hour)
	h.refuses(409, "sales_closed", "POST", "/tickets/holds", "anna", holdBody(p, seats("stalls", "A-1")))
	h.hold("anna", p, places("floor", 100))
}
