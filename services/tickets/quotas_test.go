package tickets_test

import (
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/id"
)

// tiers gives a price category of the performance tiers of so many places each,
// 0 for all: the first at 10.00, each later one at 1.00 more.
func tiers(category int, quantities ...int) func(*showsevents.Performance) {
	return func(p *showsevents.Performance) {
		for i, quantity := range quantities {
			tier := showsevents.Tier{
				ID: "t" + strconv.Itoa(i+1), Name: "Tier", Price: showsevents.Money{Amount: int64(1000 + 100*i), Currency: "EUR"}, Until: start.Add(24 * time.Hour),
			}
			if quantity > 0 {
				tier.Quantity = showsevents.NewOptInt(quantity)
			}
			p.PriceCategories[category].Tiers = append(p.PriceCategories[category].Tiers, tier)
		}
	}
}

func TestATierEndsWhenItsPlacesAreGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(func(p *showsevents.Performance) {
		tiers(1, 3, 2)(p)
		p.PriceCategories[1].Concessions = []showsevents.Concession{{ID: "student", Name: "Students", PercentOff: showsevents.NewOptString("50")}}
	})
	prices := func(token string, quantity, students int, want ...string) bill {
		t.Helper()
		item := places("floor", quantity)
		if students > 0 {
			item = reduced(item, "student", students)
		}
		held := h.bill(token, p, item)
		if got := held.prices(); !reflect.DeepEqual(got, want) {
			t.Errorf("%d places cost %q, want %q", quantity, got, want)
		}
		return held
	}
	free := func(held bill) { h.must(204, "DELETE", "/tickets/holds/"+held.HoldID, held.token, nil) }

	prices("anna", 2, 0, "2: 1000 t1")
	across := prices("ben", 5, 2, "1: 500 t1 student", "1: 550 t2 student", "1: 1100 t2", "2: 1500")
	prices("carla", 1, 1, "1: 750 student")
	h.reopen()
	free(across)
	prices("dora", 1, 0, "1: 1000 t1")
	h.clock.Advance(11 * time.Minute) // all of these are over
	kept := h.pay("anna", prices("anna", 3, 0, "3: 1000 t1"))
	prices("ben", 3, 0, "2: 1100 t2", "1: 1500")
	h.clock.Advance(11 * time.Minute)

	// What is given back is for sale at its price again.
	h.must(201, "POST", "/tickets/orders/"+kept.OrderID+"/refunds", "olga,organizer", map[string]any{"ticketIds": []string{kept.Tickets[1].TicketID}, "reason": "ill"})
	again := prices("carla", 2, 0, "1: 1000 t1", "1: 1100 t2")
	free(again)
	h.must(200, "POST", "/tickets/orders/"+kept.OrderID+"/cancel", "anna", nil)
	free(prices("carla", 4, 0, "3: 1000 t1", "1: 1100 t2"))

	// An extended hold keeps its price, and a tier that is over has none.
	held := prices("dora", 3, 0, "3: 1000 t1")
	h.clock.Advance(9 * time.Minute)
	h.must(200, "POST", "/tickets/holds/"+held.HoldID+"/extend", "dora", nil)
	h.clock.Advance(9 * time.Minute)
	prices("erin", 1, 0, "1: 1100 t2")
	if got := h.pay("dora", held).Total.Amount; got != 3000 {
		t.Errorf("an extended hold costs %d", got)
	}
	h.clock.Set(start.Add(24 * time.Hour))
	prices("erin", 1, 0, "1: 1500")
}

// TestALatePaymentTakesThePlacesOfItsTierAgain, or none at all.
func TestALatePaymentTakesThePlacesOfItsTierAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(tiers(1, 2))
	pend := func(token string) orderedAnswer {
		t.Helper()
		held := h.bill(token, p, places("floor", 2))
		if got := held.prices(); !reflect.DeepEqual(got, []string{"2: 1000 t1"}) {
			t.Fatalf("%s holds %q", token, got)
		}
		var pending orderedAnswer
		h.must(202, "POST", "/tickets/orders", token, orderBody(held.HoldID, "tok_pending")).json(t, &pending)
		h.clock.Advance(11 * time.Minute)
		return pending
	}
	late, later := pend("anna"), pend("ben")
	for _, orderID := range []string{late.OrderID, later.OrderID} {
		if a := h.webhook("payment.captured", orderID); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if got := h.readOrder("anna", late.OrderID); got.Status != "confirmed" || got.Total.Amount != 2000 {
		t.Errorf("the first late payment: %+v", got)
	}
	if got := h.readOrder("ben", later.OrderID); got.Status != "cancelled" || got.Refunded.Amount != 2000 {
		t.Errorf("a payment for a tier that is sold out: %+v", got)
	}
	if got := h.seatStates(p, "floor")["counts"]; got != "10=8+0+2" {
		t.Errorf("floor %s", got)
	}
}

// TestATierSellsExactlyItsPlaces: buyers race for a tier's places in quantities
// of 1 to 4, give some back and come again, until the area is sold out.
func TestATierSellsExactlyItsPlaces(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const capacity, first, second = 300, 150, 70
	p := h.performance(func(p *showsevents.Performance) {
		tiers(1, first, second)(p)
		p.SeatMap.Value.Areas[1].Capacity = showsevents.NewOptInt(capacity)
	})
	var (
		mu   sync.Mutex
		sold = map[string]int{}
		race sync.WaitGroup
	)
	for n := range 8 {
		race.Go(func() {
			token := "buyer" + strconv.Itoa(n)
			for quantity, turn := 4, n; quantity > 0; turn++ {
				a := h.do("POST", "/tickets/holds", token, holdBody(p, places("floor", min(quantity, turn%4+1))))
				if a.status == 409 {
					quantity = min(quantity, turn%4+1) - 1
					continue
				}
				var held bill
				a.json(t, &held)
				if turn%5 == 0 {
					h.must(204, "DELETE", "/tickets/holds/"+held.HoldID, token, nil)
					continue
				}
				ordered := h.pay(token, held)
				if turn%7 == 0 {
					h.must(200, "POST", "/tickets/orders/"+ordered.OrderID+"/cancel", token, nil)
					continue
				}
				mu.Lock()
				for _, bought := range ordered.Tickets {
					sold[bought.Tier]++
				}
				mu.Unlock()
			}
		})
	}
	race.Wait()
	// What the last gave back while others found nothing left.
	for {
		a := h.do("POST", "/tickets/holds", "last", holdBody(p, places("floor", 1)))
		if a.status != 201 {
			break
		}
		var held bill
		a.json(t, &held)
		sold[h.pay("last", held).Tickets[0].Tier]++
	}
	if want := map[string]int{"t1": first, "t2": second, "": capacity - first - second}; !reflect.DeepEqual(sold, want) {
		t.Errorf("sold %v, want %v", sold, want)
	}
	if got, want := h.seatStates(p, "floor")["counts"], "300=0+0+300"; got != want {
		t.Errorf("floor %s, want %s", got, want)
	}
}

// TestTheLastPlaceAtAPriceGoesToOne: all others pay the next.
func TestTheLastPlaceAtAPriceGoesToOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(func(p *showsevents.Performance) {
		tiers(1, 1)(p)
		p.SeatMap.Value.Areas[1].Capacity = showsevents.NewOptInt(200)
	})
	var (
		mu   sync.Mutex
		paid = map[int64]int{}
		race sync.WaitGroup
	)
	for range 200 {
		race.Go(func() {
			var held bill
			h.must(201, "POST", "/tickets/holds", id.New().String(), holdBody(p, places("floor", 1))).json(t, &held)
			mu.Lock()
			paid[held.Total.Amount]++
			mu.Unlock()
		})
	}
	race.Wait()
	if paid[1000] != 1 || paid[1500] != 199 {
		t.Errorf("paid %v", paid)
	}
}

// TestQuotasAreNoPlaces: nobody sees, counts or holds them.
func TestQuotasAreNoPlaces(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(tiers(0, 2))
	announced := func(sold int) {
		t.Helper()
		told := map[string]int{}
		h.eventually("what is sold is announced", func() bool {
			clear(told)
			for _, e := range h.events(ticketsevents.TypeAvailabilityChanged) {
				var changed ticketsevents.AvailabilityChanged
				if err := changed.UnmarshalJSON(e.Data); err != nil {
					t.Fatal(err)
				}
				told[changed.AreaID] = changed.Sold
			}
			return told["stalls"] == sold
		})
		if !reflect.DeepEqual(told, map[string]int{"stalls": sold, "floor": 0}) {
			t.Errorf("announced %v", told)
		}
	}
	h.buy("anna", p, seats("stalls", "A-1", "A-2", "A-3"))
	announced(3)
	h.reopen()
	h.buy("anna", p, seats("stalls", "A-4"))
	announced(4)
	h.refuses(400, "invalid_request", "POST", "/tickets/holds", "ben", holdBody(p, places("~4:tier1:I2:t1", 1)))
}
