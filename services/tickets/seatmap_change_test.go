package tickets_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/id"
)

// hall is a performance whose seat map can be changed as shows would.
type hall struct {
	*house
	told showsevents.Performance
}

func newHall(t *testing.T) *hall {
	t.Helper()
	h := &hall{house: newHouse(t)}
	h.performance(func(p *showsevents.Performance) { h.told = *p })
	return h
}

// stalls and floor are the areas of a seat map.
func stalls(rows ...showsevents.Row) showsevents.Area {
	return showsevents.Area{ID: "stalls", Kind: showsevents.AreaKindSeated, PriceCategory: "I", Rows: rows}
}

func floor(capacity int) showsevents.Area {
	return showsevents.Area{ID: "floor", Kind: showsevents.AreaKindGeneral, PriceCategory: "floor", Capacity: showsevents.NewOptInt(capacity)}
}

func row(label, seats string) showsevents.Row { return showsevents.Row{Row: label, Seats: seats} }

// changeBody asks for the next version of the seat map.
func (h *hall) changeBody(areas ...showsevents.Area) map[string]any {
	asked := make([]map[string]any, len(areas))
	for i, area := range areas {
		asked[i] = map[string]any{"id": area.ID, "kind": area.Kind}
		if area.Kind == showsevents.AreaKindGeneral {
			asked[i]["capacity"] = area.Capacity.Value
			continue
		}
		var rows []map[string]any
		for _, r := range area.Rows {
			rows = append(rows, map[string]any{"row": r.Row, "seats": r.Seats})
		}
		asked[i]["rows"] = rows
	}
	return map[string]any{"seatMapVersion": h.told.SeatMapVersion + 1, "areas": asked}
}

func (h *hall) path() string {
	return "/tickets/performances/" + h.told.PerformanceID.String() + "/seatmap-changes"
}

// tellChange tells the next version of the seat map.
func (h *hall) tellChange(areas ...showsevents.Area) {
	h.t.Helper()
	h.told.Version++
	h.told.SeatMapVersion++
	h.told.SeatMap = showsevents.NewOptSeatMap(showsevents.SeatMap{Areas: areas})
	h.told.PreviousStartsAtUtc = showsevents.NewOptDateTime(h.told.StartsAtUtc)
	h.publish(showsevents.TypePerformanceRescheduled, h.told)
}

// change changes the seat map as shows does.
func (h *hall) change(areas ...showsevents.Area) {
	h.t.Helper()
	h.must(http.StatusNoContent, "POST", h.path(), "olga,organizer", h.changeBody(areas...))
	h.tellChange(areas...)
}

// refusal is what a refused change names.
type refusal struct {
	Code    string
	Tickets []struct{ TicketID, AreaID, Seat string }
	Seats   []string
}

func (r refusal) String() string {
	var named []string
	for _, t := range r.Tickets {
		named = append(named, t.AreaID+"/"+t.Seat)
	}
	slices.Sort(named)
	return fmt.Sprint(r.Code, named, r.Seats)
}

func (h *hall) refused(areas ...showsevents.Area) refusal {
	h.t.Helper()
	var r refusal
	h.must(http.StatusConflict, "POST", h.path(), "olga,organizer", h.changeBody(areas...)).json(h.t, &r)
	return r
}

func TestATicketKeepsItsSeatWhenTheSeatMapChanges(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	p := h.told.PerformanceID
	ordered := h.buy("anna", p, seats("stalls", "B-2"), places("floor", 3))
	h.hold("ben", p, seats("stalls", "A-3"))
	// B before A, B-1 gone, A longer at both ends, a new row and area; the floor is half as large.
	balcony := showsevents.Area{ID: "balcony", Kind: showsevents.AreaKindSeated, PriceCategory: "I", Rows: []showsevents.Row{row("A", "1-2")}}
	h.change(balcony, stalls(row("B", "2-4"), row("A", "0-6"), row("C", "1-2")), floor(5))
	want := map[string]string{
		"B-2": "sold", "B-3": "available", "B-4": "available", "A-0": "available", "A-1": "available", "A-2": "available", "A-3": "held",
		"A-4": "available", "A-5": "available", "A-6": "available", "C-1": "available", "C-2": "available",
	}
	check := func() {
		t.Helper()
		if got := h.seatStates(p, "stalls"); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("stalls = %v, want %v", got, want)
		}
		if got := h.seatStates(p, "floor")["counts"]; got != "5=2+0+3" {
			t.Errorf("floor = %s", got)
		}
	}
	check()
	h.reopen()
	check()
	h.refuses(422, "unknown_seat", "POST", "/tickets/holds", "ben", holdBody(p, seats("stalls", "B-1")))
	h.refuses(409, "seats_unavailable", "POST", "/tickets/holds", "ben", holdBody(p, seats("stalls", "B-2")))
	h.refuses(409, "sold_out", "POST", "/tickets/holds", "ben", holdBody(p, places("floor", 3)))
	h.buy("ben", p, places("floor", 2), seats("balcony", "A-1"), seats("stalls", "A-0", "A-6", "C-1"))
	for i, issued := range ordered.Tickets {
		h.must(200, "POST", "/tickets/checkins", "greta,gate", scanBody(h.code("anna", issued.TicketID), fmt.Sprint(i)))
	}
	// What comes back to the seat map is for sale again, at its place.
	h.change(stalls(row("A", "0-6"), row("B", "1-4"), row("C", "1-2")), balcony, floor(10))
	if states := h.seatStates(p, "stalls"); states["B-1"] != "available" || states["B-2"] != "sold" || states["A-3"] != "held" {
		t.Errorf("stalls = %v", states)
	}
	h.buy("carla", p, seats("stalls", "B-1"), places("floor", 5))
}

func TestAChangeThatWouldOrphanATicketIsRefusedAndNamesIt(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	p := h.told.PerformanceID
	ordered := h.buy("anna", p, seats("stalls", "A-1", "B-2"), places("floor", 4))
	h.hold("ben", p, seats("stalls", "A-2"), places("floor", 2))
	all := []showsevents.Row{row("A", "1-4"), row("B", "1-4")}
	tests := []struct {
		name string
		give []showsevents.Area
		want string
	}{
		{"a seat that is sold", []showsevents.Area{stalls(row("A", "2-4"), row("B", "1-4")), floor(10)}, "seats_sold[stalls/A-1] []"},
		{"a seat that is held", []showsevents.Area{stalls(row("A", "1,3-4"), row("B", "1-4")), floor(10)}, "seats_held[] [stalls/A-2]"},
		{"both", []showsevents.Area{stalls(row("B", "1-4")), floor(10)}, "seats_sold[stalls/A-1] [stalls/A-2]"},
		{"the area", []showsevents.Area{floor(10)}, "seats_sold[stalls/A-1 stalls/B-2] [stalls/A-2]"},
		{"an area of the same seats by another id", []showsevents.Area{{ID: "parterre", Kind: showsevents.AreaKindSeated, Rows: all}, floor(10)}, "seats_sold[stalls/A-1 stalls/B-2] [stalls/A-2]"},
		{"a floor that is too small", []showsevents.Area{stalls(all...), floor(5)}, "seats_sold[floor/ floor/ floor/ floor/] [floor]"},
		{"no floor", []showsevents.Area{stalls(all...)}, "seats_sold[floor/ floor/ floor/ floor/] [floor]"},
	}
	for _, tt := range tests {
		got := h.refused(tt.give...)
		if got.String() != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		for _, named := range got.Tickets {
			if !slices.ContainsFunc(ordered.Tickets, func(own struct {
				TicketID string `json:"ticketId"`
				AreaID   string `json:"areaId"`
				Seat     string `json:"seat"`
				Status   string `json:"status"`
			},
			) bool {
				return own.TicketID == named.TicketID && own.AreaID == named.AreaID && own.Seat == named.Seat
			}) {
				t.Errorf("%s names %+v, which is no ticket", tt.name, named)
			}
		}
		// Nothing is kept from buyers by what was refused.
		if states := h.seatStates(p, "stalls"); states["A-3"] != "available" || states["B-1"] != "available" || states["B-4"] != "available" {
			t.Errorf("%s: stalls = %v", tt.name, states)
		}
		if got := h.seatStates(p, "floor")["counts"]; got != "10=4+2+4" {
			t.Errorf("%s: floor = %s", tt.name, got)
		}
	}
	h.must(201, "POST", "/tickets/orders/"+ordered.OrderID+"/refunds", "olga,organizer", map[string]any{"ticketIds": []string{ordered.Tickets[0].TicketID}, "reason": "moved"})
	h.change(stalls(row("A", "2-4"), row("B", "1-4")), floor(6))
}

func TestWhoMayChangeASeatMapAndWhen(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	body := h.changeBody(stalls(row("A", "1-4")), floor(10))
	h.refuses(401, "unauthenticated", "POST", h.path(), "", body)
	h.refuses(403, "forbidden", "POST", h.path(), "anna", body)
	h.refuses(403, "forbidden", "POST", h.path(), "oscar,organizer", body)
	h.refuses(404, "not_found", "POST", "/tickets/performances/"+id.New().String()+"/seatmap-changes", "olga,organizer", body)
	h.refuses(422, "area_kind_changed", "POST", h.path(), "olga,organizer", h.changeBody(floor(8), showsevents.Area{ID: "stalls", Kind: showsevents.AreaKindGeneral, Capacity: showsevents.NewOptInt(8)}))
	h.refuses(400, "invalid_request", "POST", h.path(), "olga,organizer", h.changeBody(stalls(row("A", "1-4"), row("A", "5"))))
	body["seatMapVersion"] = 3 // the sale has not heard of 2
	h.refuses(409, "seat_map_changing", "POST", h.path(), "admin,admin", body)
	body["seatMapVersion"] = 2
	h.must(204, "POST", h.path(), "admin,admin", body)
}

func TestSeatsThatAreToGoAreKeptFromBuyersForAWhile(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	p := h.told.PerformanceID
	smaller := []showsevents.Area{stalls(row("A", "1-4")), floor(4)}
	for range 2 { // it may be asked for again
		h.must(204, "POST", h.path(), "olga,organizer", h.changeBody(smaller...))
	}
	h.refuses(409, "seats_unavailable", "POST", "/tickets/holds", "ben", holdBody(p, seats("stalls", "B-1")))
	h.refuses(409, "sold_out", "POST", "/tickets/holds", "ben", holdBody(p, places("floor", 5)))
	h.clock.Advance(30 * time.Minute) // shows has died, or refused it
	h.hold("ben", p, seats("stalls", "B-1"), places("floor", 5))
	if got := h.refused(smaller...).String(); got != "seats_held[] [floor stalls/B-1]" {
		t.Errorf("refused as %s", got)
	}
}

func TestWhatIsSoldSurvivesAChangeThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	p := h.told.PerformanceID
	ordered := h.buy("anna", p, seats("stalls", "B-1"))
	late := h.hold("ben", p, seats("stalls", "B-2"))
	h.tellChange(stalls(row("A", "1-4")), floor(10))
	h.must(200, "POST", "/tickets/checkins", "greta,gate", scanBody(h.code("anna", ordered.Tickets[0].TicketID), ""))
	h.order("ben", late) // it was promised
	h.refuses(422, "unknown_seat", "POST", "/tickets/holds", "ben", holdBody(p, seats("stalls", "B-3")))
	h.hold("ben", p, best("stalls", 4))
	h.refuses(409, "sold_out", "POST", "/tickets/holds", "ben", holdBody(p, best("stalls", 1)))
}

func TestALatePaymentOfASeatThatIsGoneIsRefunded(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	p := h.told.PerformanceID
	held := h.hold("anna", p, seats("stalls", "B-1"))
	var waiting orderedAnswer
	h.must(202, "POST", "/tickets/orders", "anna", orderBody(held.HoldID, "tok_pending")).json(t, &waiting)
	h.clock.Advance(11 * time.Minute)
	h.change(stalls(row("A", "1-4")), floor(10))
	h.webhook("payment.captured", waiting.OrderID)
	var after orderedAnswer
	h.must(200, "GET", "/tickets/orders/"+waiting.OrderID, "anna", nil).json(t, &after)
	if after.Status != "cancelled" || len(after.Tickets) != 0 || len(h.events(ticketsevents.TypeOrderRefunded)) != 1 {
		t.Errorf("order = %+v, %d refunds", after, len(h.events(ticketsevents.TypeOrderRefunded)))
	}
}

func TestAnnouncedAvailabilityFollowsTheSeatMap(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.buy("anna", h.told.PerformanceID, places("floor", 2))
	h.change(stalls(row("A", "1-4")), floor(3))
	h.eventually("one seat of the floor and four of the stalls are announced", func() bool {
		newest := map[string]ticketsevents.AvailabilityChanged{}
		for _, e := range h.events(ticketsevents.TypeAvailabilityChanged) {
			var told ticketsevents.AvailabilityChanged
			if err := told.UnmarshalJSON(e.Data); err != nil {
				t.Fatal(err)
			}
			if known := newest[told.AreaID]; known.Version < told.Version {
				newest[told.AreaID] = told
			}
		}
		of := func(areaID string) string {
			n := newest[areaID]
			return fmt.Sprintf("%d=%d+%d+%d", n.Capacity, n.Available, n.Held, n.Sold)
		}
		return of("floor") == "3=1+0+2" && of("stalls") == "4=4+0+0"
	})
}

// TestNoSeatIsSoldBehindAChange races buyers for the seats that a change takes
// away: either the change is refused and names the ticket or the hold, or nobody
// gets the seat.
func TestNoSeatIsSoldBehindAChange(t *testing.T) {
	t.Parallel()
	for round := range 8 {
		h := newHall(t)
		p := h.told.PerformanceID
		var all sync.WaitGroup
		bought := make([]answer, 6)
		for i := range bought {
			all.Go(func() {
				items := []map[string]any{seats("stalls", fmt.Sprint("B-", 1+i%4)), places("floor", 2)}
				bought[i] = h.do("POST", "/tickets/holds", fmt.Sprint("buyer", i), holdBody(p, items...))
			})
		}
		var changed answer
		all.Go(func() {
			changed = h.do("POST", h.path(), "olga,organizer", h.changeBody(stalls(row("A", "1-4")), floor(5)))
		})
		all.Wait()
		var held int
		for _, b := range bought {
			if b.status == http.StatusCreated {
				held++
			}
		}
		switch changed.status {
		case http.StatusNoContent:
			if held > 0 {
				t.Errorf("round %d: the change is prepared, and %d hold what it takes away", round, held)
			}
			h.tellChange(stalls(row("A", "1-4")), floor(5))
		case http.StatusConflict:
			if held == 0 || !strings.Contains(string(changed.body), "stalls/B-") {
				t.Errorf("round %d: refused without a reason: %s", round, changed.body)
			}
		default:
			t.Errorf("round %d: %d %s", round, changed.status, changed.body)
		}
	}
}

func TestAShrinkingFloorTakesWhatBuyersLeave(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	large := &hall{house: h}
	h.performance(func(p *showsevents.Performance) {
		p.SeatMap.Value.Areas[1].Capacity = showsevents.NewOptInt(400)
		large.told = *p
	})
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() { h.buy(fmt.Sprint("buyer", i), large.told.PerformanceID, places("floor", 5)) })
	}
	rows := stalls(row("A", "1-4"), row("B", "1-4"))
	all.Go(func() { large.change(rows, floor(100)) })
	all.Wait()
	if got := h.seatStates(large.told.PerformanceID, "floor")["counts"]; got != "100=0+0+100" {
		t.Errorf("floor = %s", got)
	}
	large.change(rows, floor(500))
	if got := h.seatStates(large.told.PerformanceID, "floor")["counts"]; got != "500=400+0+100" {
		t.Errorf("floor = %s", got)
	}
	for i := range 4 {
		h.buy(fmt.Sprint("late", i), large.told.PerformanceID, places("floor", 100))
	}
	h.refuses(409, "sold_out", "POST", "/tickets/holds", "ben", holdBody(large.told.PerformanceID, places("floor", 1)))
}
