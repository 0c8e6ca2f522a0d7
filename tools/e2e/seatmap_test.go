package e2e_test

import (
	"net/http"
	"testing"
)

// TestASeatMapIsChangedUnderAPerformanceThatHasSold changes it at shows, which asks
// tickets: a seat that is sold stays, and one that is not may go.
func TestASeatMapIsChangedUnderAPerformanceThatHasSold(t *testing.T) {
	t.Parallel()
	c := demoMesh(t)
	seatMap := func(seats string) map[string]any {
		return map[string]any{
			"areas":           []any{map[string]any{"id": "hall", "kind": "seated", "rows": []any{map[string]any{"row": "1", "seats": seats}}, "priceCategory": "a"}},
			"priceCategories": []any{map[string]any{"id": "a", "name": "Seats", "price": map[string]any{"amount": 4200, "currency": "EUR"}}},
		}
	}
	h := c.openHouse(t, "A hall that is rebuilt", seatMap("1-4"), nil)
	_, token := c.customer(t)
	bought := c.buy(t, token, h.performanceID, place{area: "hall", seat: "1-3"})
	change := call{method: "PATCH", path: "/shows/" + h.showID + "/performances/" + h.performanceID, token: h.organizer}
	change.body = map[string]any{"seatMap": seatMap("1-2,4")}
	refusal := c.do(t, change)
	refused(t, refusal, http.StatusConflict, "seats_sold")
	var named struct {
		Tickets []struct{ TicketID, Seat string }
	}
	refusal.decode(t, &named)
	if len(named.Tickets) != 1 || named.Tickets[0].TicketID != bought.Tickets[0].TicketID {
		t.Errorf("named are %+v, want %s", named.Tickets, bought.Tickets[0].TicketID)
	}
	change.body = map[string]any{"seatMap": seatMap("2-9")}
	c.want(t, http.StatusOK, change, nil)
	until(t, "tickets sells from the new seat map", func() bool {
		seats := c.seats(t, h.performanceID)["hall"].Seats
		return len(seats) == 8 && seats["1-3"] == "sold" && seats["1-9"] == "available"
	})
	c.buy(t, token, h.performanceID, place{area: "hall", seat: "1-9"})
}
