package e2e_test

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"

	"ticketmesh.dev/contracts/showsapi"

	"ticketmesh.dev/tools/internal/demo"
)

const (
	hallSeated    = 1252
	hallStanding  = 248
	hallBuyers    = 12
	standingArea  = "standing"
	seatsTogether = 5
	placesAtATime = 3
)

// portion is what a buyer of the hall asks for at once.
type portion struct {
	area  string
	seats []string // standing places when there are none
}

// TestHallSellsExactly1500 sells a real hall out: buyers that race for every
// seat get each of them once, and then there is nothing left to get.
func TestHallSellsExactly1500(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(newSeed(t), 0))
	c := demoMesh(t)
	seatMap, err := demo.SeatMap("hall-1500")
	if err != nil {
		t.Fatal(err)
	}
	h := c.openHouse(t, "The hall", &seatMap, nil)
	portions, wheelchairs := hallPortions(t, c, h, seatMap)

	// Wheelchair places are seats like others: sold by name.
	_, first := c.customer(t)
	wheelchairTickets := 0
	for area, seats := range wheelchairs {
		places := make([]place, len(seats))
		for i, seat := range seats {
			places[i] = place{area, seat}
		}
		bought := c.buy(t, first, h.performanceID, place{area, seats[0]})
		if len(bought.Tickets) != 1 || bought.Tickets[0].Seat != seats[0] {
			t.Errorf("wheelchair place %s/%s: got %+v", area, seats[0], bought.Tickets)
		}
		if len(seats) > 1 {
			wheelchairTickets += len(buyTogether(t, c, first, h, area, seats[1:]).Tickets)
		}
		wheelchairTickets++
	}

	var group sync.WaitGroup
	for range hallBuyers {
		_, token := c.customer(t)
		mine := slices.Clone(portions)
		random.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
		group.Go(func() {
			for _, wanted := range mine {
				tryToBuy(t, c, token, h, wanted)
			}
			// What is left when it no longer goes in portions.
			for tryToBuy(t, c, token, h, portion{area: standingArea}) {
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}

	tickets, seated, standing := map[place]bool{}, 0, 0
	var total int64
	for _, o := range c.orders(t, h) {
		total += o.Total.Amount
		for _, bought := range o.Tickets {
			if bought.AreaID == standingArea {
				standing++
				continue
			}
			p := place{bought.AreaID, bought.Seat}
			if tickets[p] {
				t.Errorf("seat %v is sold twice", p)
			}
			tickets[p] = true
			seated++
		}
	}
	if seated != hallSeated || standing != hallStanding {
		t.Errorf("sold %d seats and %d standing places, want %d and %d", seated, standing, hallSeated, hallStanding)
	}
	if want := hallPrice(t, c, h, seatMap); total != want {
		t.Errorf("the orders come to %d, want %d", total, want)
	}
	for area, state := range c.seats(t, h.performanceID) {
		if state.Kind == "general" && (state.Sold != hallStanding || state.Available != 0 || state.Held != 0) {
			t.Errorf("area %s: %+v", area, state)
		}
		for seat, status := range state.Seats {
			if status != "sold" {
				t.Errorf("seat %s/%s is %s", area, seat, status)
			}
		}
	}
	_, late := c.customer(t)
	for _, wanted := range portions {
		if tryToBuy(t, c, late, h, wanted) {
			t.Errorf("%v was sold once more", wanted)
		}
	}
	refused(t, c.do(t, call{method: "POST", path: "/tickets/holds", token: late, body: map[string]any{
		"performanceId": h.performanceID, "items": []any{map[string]any{"areaId": "d", "bestAvailable": 1}},
	}}), http.StatusConflict, "sold_out")
	t.Logf("%d wheelchair places", wheelchairTickets)
}

// hallPortions cuts the hall into what buyers ask for, and tells which seats are
// wheelchair places, which are not in the portions.
func hallPortions(t *testing.T, c *client, h house, seatMap showsapi.SeatMapInput) (portions []portion, wheelchairs map[string][]string) {
	t.Helper()
	wheelchairs = map[string][]string{}
	for _, area := range seatMap.Areas {
		for _, row := range area.Rows {
			for _, number := range row.Wheelchair {
				wheelchairs[area.ID] = append(wheelchairs[area.ID], row.Row+"-"+number)
			}
		}
	}
	if len(wheelchairs) == 0 {
		t.Fatal("the hall has no wheelchair places")
	}
	seats := 0
	for id, state := range c.seats(t, h.performanceID) {
		if state.Kind == "general" {
			if id != standingArea || state.Capacity != hallStanding {
				t.Fatalf("area %s: %+v", id, state)
			}
			continue
		}
		var others []string
		for seat := range state.Seats {
			seats++
			if !slices.Contains(wheelchairs[id], seat) {
				others = append(others, seat)
			}
		}
		slices.Sort(others)
		for chunk := range slices.Chunk(others, seatsTogether) {
			portions = append(portions, portion{id, chunk})
		}
	}
	if seats != hallSeated {
		t.Fatalf("the hall has %d seats, want %d", seats, hallSeated)
	}
	for range hallStanding / placesAtATime {
		portions = append(portions, portion{area: standingArea})
	}
	return portions, wheelchairs
}

// tryToBuy reports whether the portion was there. The answer must be one of the two.
func tryToBuy(t *testing.T, c *client, token string, h house, wanted portion) bool {
	item := map[string]any{"areaId": wanted.area, "seats": wanted.seats}
	refusal := "seats_unavailable"
	if wanted.seats == nil {
		item, refusal = map[string]any{"areaId": wanted.area, "quantity": placesAtATime}, "sold_out"
	}
	body := map[string]any{"performanceId": h.performanceID, "items": []any{item}}
	got, err := c.try(t.Context(), call{method: "POST", path: "/tickets/holds", token: token, body: body})
	if err == nil && got.code() == "sold_out" && wanted.seats == nil {
		item["quantity"] = 1
		got, err = c.try(t.Context(), call{method: "POST", path: "/tickets/holds", token: token, body: body})
	}
	switch {
	case err != nil:
		t.Error(err)
		return false
	case got.status == http.StatusConflict && got.code() == refusal:
		return false
	case got.status != http.StatusCreated:
		t.Errorf("hold %v: %v", wanted, got)
		return false
	}
	got, err = c.try(t.Context(), call{method: "POST", path: "/tickets/orders", token: token, body: orderBody(holdID(t, got), paysOK)})
	if err != nil || got.status != http.StatusCreated {
		t.Errorf("order %v: %v, %v", wanted, got, err)
	}
	return true
}

func buyTogether(t *testing.T, c *client, token string, h house, area string, seats []string) order {
	t.Helper()
	got := c.want(t, http.StatusCreated, call{method: "POST", path: "/tickets/holds", token: token, body: map[string]any{
		"performanceId": h.performanceID, "items": []any{map[string]any{"areaId": area, "seats": seats}},
	}}, nil)
	var bought order
	c.want(t, http.StatusCreated, call{method: "POST", path: "/tickets/orders", token: token, body: orderBody(holdID(t, got), paysOK)}, &bought)
	return bought
}

// hallPrice is what all places of the hall cost together.
func hallPrice(t *testing.T, c *client, h house, seatMap showsapi.SeatMapInput) (total int64) {
	t.Helper()
	prices := map[string]int64{}
	for _, category := range seatMap.PriceCategories {
		prices[category.ID] = category.Price.Amount
	}
	states := c.seats(t, h.performanceID)
	for _, area := range seatMap.Areas {
		total += prices[area.PriceCategory] * int64(len(states[area.ID].Seats)+states[area.ID].Capacity)
	}
	return total
}
