package tickets_test

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/id"
)

// reduced asks for so many of an item's places by a concession.
func reduced(item map[string]any, concessionID string, n int) map[string]any {
	chosen, _ := item["concessions"].([]any)
	item["concessions"] = append(chosen, map[string]any{"id": concessionID, "quantity": n})
	return item
}

// charged makes the small performance one with an early price until April,
// concessions and fees: of a place of 42.00 with a tax of 20 % on top, 1.50 for
// each ticket and 3.00 for the order that are given back, 1.00 and 5.00 that are
// kept.
func charged(p *showsevents.Performance) {
	eur := func(amount int64) showsevents.Money { return showsevents.Money{Amount: amount, Currency: "EUR"} }
	p.PriceCategories[0].Tiers = []showsevents.Tier{
		{ID: "early", Name: "Early bird", Price: eur(3600), Until: time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)},
	}
	for i := range p.PriceCategories {
		p.PriceCategories[i].Concessions = []showsevents.Concession{
			{ID: "child", Name: "Children", Price: showsevents.NewOptMoney(eur(1000))},
			{ID: "student", Name: "Students", PercentOff: showsevents.NewOptString("25")},
		}
	}
	p.Pricing = showsevents.NewOptPricing(showsevents.Pricing{
		Fees: []showsevents.Fee{
			{ID: "service", Name: "Service", Per: showsevents.FeePerTicket, Amount: showsevents.NewOptMoney(eur(150)), Refundable: true},
			{ID: "print", Name: "Print", Per: showsevents.FeePerTicket, Amount: showsevents.NewOptMoney(eur(100))},
			{ID: "handling", Name: "Handling", Per: showsevents.FeePerOrder, Amount: showsevents.NewOptMoney(eur(300)), Refundable: true},
			{ID: "card", Name: "Card", Per: showsevents.FeePerOrder, Amount: showsevents.NewOptMoney(eur(500))},
		},
		Tax: showsevents.NewOptTax(showsevents.Tax{Name: "VAT", Percent: "20"}), Rounding: showsevents.PricingRoundingHalfEven,
	})
}

// taxing is an amount with the tax on top of it.
func taxing(net int64) int64 { return net + net/5 }

// bill is what an answer says of money.
type bill struct {
	Items []struct {
		Seats      []string
		Quantity   int
		UnitPrice  struct{ Amount int64 }
		Tier       string
		Concession string
	}
	Tickets []struct {
		TicketID         string
		Seat             string
		Price            struct{ Amount int64 }
		Tier, Concession string
	}
	Fees []struct {
		ID     string
		Amount struct{ Amount int64 }
	}
	Tax struct {
		Percent  string
		Included bool
		Amount   struct{ Amount int64 }
	}
	Total, Refunded struct{ Amount int64 }
	Status          string
	HoldID, OrderID string
	token           string // whose it is
}

// bill places the hold and reads what it costs.
func (h *house) bill(token string, performanceID id.ID, items ...map[string]any) bill {
	h.t.Helper()
	held := bill{token: token}
	h.must(201, "POST", "/tickets/holds", token, holdBody(performanceID, items...)).json(h.t, &held)
	return held
}

// prices lists what the items cost: "A-1,A-2: 2700 early student".
func (b bill) prices() []string {
	var all []string
	for _, item := range b.Items {
		what := strings.Join(item.Seats, ",")
		if what == "" {
			what = strconv.Itoa(item.Quantity)
		}
		all = append(all, strings.TrimSpace(what+": "+strconv.FormatInt(item.UnitPrice.Amount, 10)+" "+strings.TrimSpace(item.Tier+" "+item.Concession)))
	}
	return all
}

// TestTheExamplesCostWhatTheySay sells the performance of the contract's example
// as the examples of its sale have it.
func TestTheExamplesCostWhatTheySay(t *testing.T) {
	t.Parallel()
	h := consuming(t)
	h.clock.Set(time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC))
	for _, example := range contracttest.Examples(t, showsevents.TypePerformanceScheduled) {
		if example.Name == "performance.scheduled.v1.priced.json" {
			told, _ := h.consume(example)
			h.buy("anna", told.PerformanceID, reduced(seats("stalls", "A-1", "A-2"), "student", 1))
		}
	}
	compared := 0
	for eventType, members := range map[string][]string{
		ticketsevents.TypeHoldPlaced: {"items"}, ticketsevents.TypeOrderPlaced: {"items"}, ticketsevents.TypeOrderConfirmed: {"tickets"},
	} {
		told := h.events(eventType)
		if len(told) != 1 {
			t.Fatalf("%d events %s, want 1", len(told), eventType)
		}
		for _, example := range contracttest.Examples(t, eventType) {
			if !strings.HasSuffix(example.Name, ".charged.json") {
				continue
			}
			var got map[string]any
			var want struct{ Data map[string]any }
			if err := json.Unmarshal(told[0].Data, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(example.Event, &want); err != nil {
				t.Fatal(err)
			}
			for _, data := range []map[string]any{got, want.Data} {
				tickets, _ := data["tickets"].([]any)
				for _, issued := range tickets {
					delete(issued.(map[string]any), "ticketId")
					delete(issued.(map[string]any), "code")
				}
			}
			for _, member := range append(members, "total", "fees", "tax") {
				if compared++; got[member] == nil || !reflect.DeepEqual(got[member], want.Data[member]) {
					t.Errorf("%s tells %s of %v, its example %v", eventType, member, got[member], want.Data[member])
				}
			}
		}
	}
	if compared != 12 {
		t.Errorf("%d members were compared", compared)
	}
}

func TestPlacesCostWhatIsInForce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(charged)
	tests := []struct {
		name string
		give map[string]any
		want []string
	}{
		{"everybody", seats("stalls", "A-1"), []string{"A-1: 3600 early"}},
		{"one student", reduced(seats("stalls", "A-2", "A-3"), "student", 1), []string{"A-2: 2700 early student", "A-3: 3600 early"}},
		{"a child and two students", reduced(reduced(seats("stalls", "B-3", "B-1", "B-2"), "child", 1), "student", 2), []string{"B-3: 1000 early child", "B-1,B-2: 2700 early student"}},
		{"standing", reduced(places("floor", 3), "student", 2), []string{"2: 1125 student", "1: 1500"}},
		{"the best", reduced(best("stalls", 1), "child", 1), []string{"A-4: 1000 early child"}},
	}
	for _, tt := range tests {
		if got := h.bill("anna", p, tt.give).prices(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}

	h.clock.Set(time.Date(2027, 3, 31, 23, 55, 0, 0, time.UTC))
	held := h.bill("ben", p, seats("stalls", "A-1"))
	h.clock.Advance(5 * time.Minute)
	if got := h.bill("carla", p, reduced(seats("stalls", "A-2", "A-3"), "student", 1)).prices(); !reflect.DeepEqual(got, []string{"A-2: 3150 student", "A-3: 4200"}) {
		t.Errorf("from April on: %q", got)
	}
	var extended, ordered bill
	h.must(200, "POST", "/tickets/holds/"+held.HoldID+"/extend", "ben", nil).json(t, &extended)
	h.reopen()
	h.must(201, "POST", "/tickets/orders", "ben", orderBody(held.HoldID, "tok_ok")).json(t, &ordered)
	if want := taxing(3600 + 150 + 100 + 300 + 500); held.Total.Amount != want || extended.Total.Amount != want || ordered.Total.Amount != want {
		t.Errorf("held for %d, then for %d, ordered for %d, want %d", held.Total.Amount, extended.Total.Amount, ordered.Total.Amount, want)
	}
	if got := ordered.Tickets; len(got) != 1 || got[0].Price.Amount != 3600 || got[0].Tier != "early" {
		t.Errorf("tickets %+v", got)
	}
}

func TestHoldsThatNoPriceFitsAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(func(p *showsevents.Performance) {
		charged(p)
		p.PriceCategories[1].Concessions = p.PriceCategories[1].Concessions[:1]
		p.Limits = showsevents.NewOptPerformanceLimits(showsevents.PerformanceLimits{PerOrder: showsevents.NewOptInt(1000)})
		p.SeatMap.Value.Areas[1].Capacity = showsevents.NewOptInt(400)
	})
	const holds = "/tickets/holds"
	h.refuses(422, "unknown_concession", "POST", holds, "anna", holdBody(p, reduced(seats("stalls", "A-1"), "pensioner", 1)))
	h.refuses(422, "unknown_concession", "POST", holds, "anna", holdBody(p, reduced(places("floor", 2), "student", 1)))
	for name, item := range map[string]map[string]any{
		"named": reduced(reduced(seats("stalls", "A-1"), "child", 1), "student", 1), "quantity": reduced(places("floor", 2), "child", 3), "best": reduced(best("stalls", 2), "child", 3),
	} {
		refused := h.refuses(400, "invalid_request", "POST", holds, "anna", holdBody(p, places("floor", 1), item))
		if !strings.Contains(string(refused.body), "items[1].concessions") {
			t.Errorf("%s: %s", name, refused.body)
		}
	}
	h.hold("ben", p, seats("stalls", "A-2"))
	taken := h.refuses(409, "seats_unavailable", "POST", holds, "anna", holdBody(p, reduced(seats("stalls", "A-1", "A-2", "A-3"), "student", 3)))
	if !strings.Contains(string(taken.body), `["stalls/A-2"]`) {
		t.Errorf("unavailable: %s", taken.body)
	}
	h.refuses(422, "unknown_seat", "POST", holds, "anna", holdBody(p, reduced(seats("stalls", "A-1", "Z-1"), "student", 2)))

	var items []map[string]any
	for range 50 {
		items = append(items, reduced(places("floor", 2), "child", 1))
	}
	if got := len(h.bill("anna", p, items...).Items); got != 100 {
		t.Errorf("%d items, want 100", got)
	}
	items[49] = reduced(items[49], "child", 1)
	items[48] = reduced(reduced(places("floor", 3), "child", 1), "child", 1)
	refused := h.refuses(400, "invalid_request", "POST", holds, "carla", holdBody(p, items...))
	if !strings.Contains(string(refused.body), `"items","message":"come at more than 100 prices`) {
		t.Errorf("too many: %s", refused.body)
	}
	if got := h.seatStates(p, "floor")["counts"]; got != "400=300+100+0" {
		t.Errorf("floor %s: a refused hold holds places", got)
	}
}

// pay orders a hold and reads what it cost.
func (h *house) pay(token string, held bill) bill {
	h.t.Helper()
	var ordered bill
	h.must(201, "POST", "/tickets/orders", token, orderBody(held.HoldID, "tok_ok")).json(h.t, &ordered)
	return ordered
}

func (h *house) readOrder(token, orderID string) bill {
	h.t.Helper()
	var read bill
	h.must(200, "GET", "/tickets/orders/"+orderID, token, nil).json(h.t, &read)
	return read
}

func TestFeesAreGivenBackByTheirRule(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(charged)
	const perTicket = 150 + 100
	held := h.bill("anna", p, reduced(seats("stalls", "A-1", "A-2", "A-3"), "child", 1))
	total := taxing(1000 + 2*3600 + 3*perTicket + 300 + 500)
	fees := []int64{450, 300, 300, 500}
	for i, fee := range held.Fees {
		if fee.Amount.Amount != fees[i] {
			t.Errorf("fee %s of %d, want %d", fee.ID, fee.Amount.Amount, fees[i])
		}
	}
	if held.Total.Amount != total || len(held.Fees) != 4 || held.Tax.Amount.Amount != total-total*5/6 || held.Tax.Percent != "20" || held.Tax.Included {
		t.Errorf("held for %d with tax %+v, want %d", held.Total.Amount, held.Tax, total)
	}
	ordered := h.pay("anna", held)
	h.reopen()
	if read := h.readOrder("anna", ordered.OrderID); !reflect.DeepEqual(read, ordered) || !reflect.DeepEqual(read.Fees, held.Fees) || read.Tax != held.Tax {
		t.Errorf("ordered %+v, read %+v", ordered, read)
	}
	var given int64
	for i, want := range []int64{taxing(1000 + 150), taxing(3600 + 150), taxing(3600 + 150 + 300)} {
		var refund struct {
			Amount      struct{ Amount int64 }
			OrderStatus string
		}
		h.must(201, "POST", "/tickets/orders/"+ordered.OrderID+"/refunds", "olga,organizer",
			map[string]any{"ticketIds": []string{ordered.Tickets[i].TicketID}, "reason": "ill"}).json(t, &refund)
		given += want
		if refund.Amount.Amount != want || (refund.OrderStatus == "refunded") != (i == 2) {
			t.Errorf("refund of ticket %d: %+v, want %d", i, refund, want)
		}
		if got := h.readOrder("anna", ordered.OrderID).Refunded.Amount; got != given {
			t.Errorf("refunded %d, want %d", got, given)
		}
	}

	cancelled := h.pay("ben", h.bill("ben", p, seats("stalls", "B-1", "B-2")))
	h.must(200, "POST", "/tickets/orders/"+cancelled.OrderID+"/cancel", "ben", nil)
	if got, want := h.readOrder("ben", cancelled.OrderID).Refunded.Amount, taxing(2*(3600+150)+300); got != want {
		t.Errorf("cancelling gives back %d, want %d", got, want)
	}
}

// TestACancelledPerformanceGivesEverythingBack: also of an order that was given
// back in part, and whoever is first to ask.
func TestACancelledPerformanceGivesEverythingBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var told showsevents.Performance
	p := h.performance(func(p *showsevents.Performance) { charged(p); told = *p })
	whole := h.pay("anna", h.bill("anna", p, seats("stalls", "A-1", "A-2")))
	part := h.pay("ben", h.bill("ben", p, seats("stalls", "B-1", "B-2")))
	h.must(201, "POST", "/tickets/orders/"+part.OrderID+"/refunds", "olga,organizer", map[string]any{"ticketIds": []string{part.Tickets[0].TicketID}, "reason": "ill"})
	gone := h.pay("carla", h.bill("carla", p, seats("stalls", "B-3")))
	h.must(200, "POST", "/tickets/orders/"+gone.OrderID+"/cancel", "carla", nil)
	asked := h.pay("dora", h.bill("dora", p, seats("stalls", "A-3", "A-4")))

	h.stop() // the job that cancels orders
	h.stop = func() {}
	told.Version, told.Status = 2, showsevents.PerformanceStatusCancelled
	h.publish(showsevents.TypePerformanceCancelled, told)
	h.must(201, "POST", "/tickets/orders/"+asked.OrderID+"/refunds", "olga,organizer",
		map[string]any{"ticketIds": []string{asked.Tickets[0].TicketID, asked.Tickets[1].TicketID}, "reason": "ill"})
	h.reopen()
	h.eventually("every order is cancelled", func() bool {
		return h.readOrder("anna", whole.OrderID).Status == "cancelled" && h.readOrder("ben", part.OrderID).Status == "cancelled"
	})
	for token, ordered := range map[string]bill{"anna": whole, "ben": part, "dora": asked} {
		if got := h.readOrder(token, ordered.OrderID).Refunded.Amount; got != ordered.Total.Amount {
			t.Errorf("%s gets %d of %d", token, got, ordered.Total.Amount)
		}
	}
	if got, want := h.readOrder("carla", gone.OrderID).Refunded.Amount, taxing(3600+150+300); got != want {
		t.Errorf("who cancelled before gets %d, want %d", got, want)
	}
}

// TestWhatIsFreeNeedsNoProvider: Stripe takes no payment of nothing, and what was
// never paid cannot be given back by whoever collects money.
func TestWhatIsFreeNeedsNoProvider(t *testing.T) {
	t.Parallel()
	stripe, double := withStripe(t)
	tests := []struct {
		name string
		h    *house
		body func(holdID, token string) map[string]any
	}{{"test", newHouse(t), orderBody}, {"stripe", stripe, stripeBody}}
	for _, tt := range tests {
		h := tt.h
		p := h.performance(func(p *showsevents.Performance) {
			p.PriceCategories[0].Concessions = []showsevents.Concession{{ID: "child", Name: "Children", PercentOff: showsevents.NewOptString("100")}}
		})
		buy := func(seat string) bill {
			t.Helper()
			var bought bill
			held := h.bill("anna", p, reduced(seats("stalls", seat), "child", 1))
			h.must(201, "POST", "/tickets/orders", "anna", tt.body(held.HoldID, "tok_declined")).json(t, &bought)
			if asked := double.Intents(bought.OrderID); bought.Status != "confirmed" || len(asked) != 0 {
				t.Errorf("%s: order %s, payments %v", tt.name, bought.Status, asked)
			}
			return bought
		}
		returned, cancelled := buy("A-1"), buy("A-2")
		h.must(201, "POST", "/tickets/orders/"+returned.OrderID+"/refunds", "olga,organizer",
			map[string]any{"ticketIds": []string{returned.Tickets[0].TicketID}, "reason": "ill"})
		if got := h.paid("anna", returned.OrderID); got.Status != "refunded" || len(got.Refunds) != 1 || got.Refunds[0].Status != "succeeded" || got.Refunds[0].Reference != "" {
			t.Errorf("%s: %+v", tt.name, got)
		}
		h.must(200, "POST", "/tickets/orders/"+cancelled.OrderID+"/cancel", "anna", nil)
		if got := h.seatStates(p, "stalls"); got["A-1"] != "available" || got["A-2"] != "available" {
			t.Errorf("%s: seats %v", tt.name, got)
		}
	}
}

func TestACategoryIsSoldInItsOwnWindow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	opens, closes := start.Add(time.Hour), start.Add(2*time.Hour)
	p := h.performance(func(p *showsevents.Performance) {
		p.PriceCategories[1].SalesOpenAt, p.PriceCategories[1].SalesCloseAt = showsevents.NewOptDateTime(opens), showsevents.NewOptDateTime(closes)
		p.PriceCategories[1].ID, p.SeatMap.Value.Areas[1].PriceCategory = "A", "A" // the first to be served of those who wait
	})
	const holds = "/tickets/holds"
	mixed := holdBody(p, seats("stalls", "A-1"), places("floor", 1))
	wait := map[string]any{"performanceId": p, "priceCategory": "A", "quantity": 4}
	closed := func() {
		t.Helper()
		h.refuses(409, "sales_closed", "POST", holds, "anna", mixed)
		h.refuses(409, "sales_closed", "POST", "/tickets/waitlist", "anna", wait)
		h.hold("anna", p, seats("stalls", "B-1"))
	}
	h.clock.Set(opens.Add(-time.Millisecond))
	closed()
	h.clock.Set(opens)
	h.reopen()
	h.must(201, "POST", holds, "anna", mixed)

	h.clock.Set(closes.Add(-time.Minute))
	most := h.hold("ben", p, places("floor", 10))
	h.must(201, "POST", "/tickets/waitlist", "carla", wait)
	h.must(201, "POST", "/tickets/waitlist", "erin", map[string]any{"performanceId": p, "priceCategory": "A", "quantity": 10})
	last := h.hold("dora", p, seats("stalls", "A-2"))
	h.must(204, "DELETE", holds+"/"+most.HoldID, "ben", nil)
	h.eventually("carla is offered places, as long as they are sold", func() bool {
		offered := h.events(ticketsevents.TypeWaitlistOffered)
		return len(offered) == 1 && strings.Contains(string(offered[0].Data), `"expiresAt":"2027-03-01T14:00:00.000Z"`)
	})
	kept := h.hold("ben", p, places("floor", 2))
	h.clock.Set(closes)
	h.reopen()
	h.refuses(409, "sales_closed", "POST", holds+"/"+kept.HoldID+"/extend", "ben", nil)
	h.refuses(409, "sales_closed", "POST", "/tickets/orders", "ben", orderBody(kept.HoldID, "tok_ok"))
	h.must(200, "POST", holds+"/"+last.HoldID+"/extend", "dora", nil)
	h.order("dora", last)
	h.clock.Advance(time.Hour)
	closed()

	taken := h.hold("ben", p, seats("stalls", "A-3", "A-4", "B-2", "B-3"))
	h.must(201, "POST", "/tickets/waitlist", "frank", map[string]any{"performanceId": p, "priceCategory": "I", "quantity": 2})
	h.must(204, "DELETE", holds+"/"+taken.HoldID, "ben", nil)
	h.eventually("frank is offered seats, though erin still waits for what is not sold any more", func() bool {
		return len(h.events(ticketsevents.TypeWaitlistOffered)) == 2
	})
}
