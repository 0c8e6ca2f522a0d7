package e2e_test

import (
	"net/http"
	"testing"
	"time"
)

// TestAPricedPerformanceIsSold sets up prices of every kind through the API of
// shows and pays and returns what they make through that of tickets.
func TestAPricedPerformanceIsSold(t *testing.T) {
	t.Parallel()
	c := demoMesh(t)
	eur := func(amount int64) map[string]any { return map[string]any{"amount": amount, "currency": "EUR"} }
	month := func(months int) string { return time.Now().AddDate(0, months, 0).UTC().Format(time.RFC3339) }
	h := c.openHouse(t, "Prices of every kind", map[string]any{
		"areas": []any{
			map[string]any{"id": "hall", "kind": "seated", "rows": []any{map[string]any{"row": "1", "seats": "1-4"}}, "priceCategory": "a"},
			map[string]any{"id": "floor", "kind": "general", "capacity": 10, "priceCategory": "b"},
		},
		"priceCategories": []any{
			map[string]any{
				"id": "a", "name": "Seats", "price": eur(4200),
				"tiers":       []any{map[string]any{"id": "early", "name": "Early bird", "price": eur(3600), "until": month(1)}},
				"concessions": []any{map[string]any{"id": "student", "name": "Students", "percentOff": "12.5"}},
			},
			map[string]any{"id": "b", "name": "Standing", "price": eur(1500), "salesOpenAt": month(1)},
		},
	}, map[string]any{"pricing": map[string]any{
		"fees": []any{
			map[string]any{"id": "service", "name": "Service charge", "per": "ticket", "amount": eur(150), "refundable": true},
			map[string]any{"id": "card", "name": "Card", "per": "order", "percent": "1.5"},
		},
		"tax": map[string]any{"name": "VAT", "percent": "10", "included": false},
	}})
	_, token := c.customer(t)
	body := func(area string, more map[string]any) map[string]any {
		item := map[string]any{"areaId": area}
		for name, value := range more {
			item[name] = value
		}
		return map[string]any{"performanceId": h.performanceID, "items": []any{item}}
	}
	refused(t, c.do(t, call{method: "POST", path: "/tickets/holds", token: token, body: body("floor", map[string]any{"quantity": 1})}), http.StatusConflict, "sales_closed")
	var held hold
	c.want(t, http.StatusCreated, call{method: "POST", path: "/tickets/holds", token: token, body: body("hall", map[string]any{
		"seats": []string{"1-1", "1-2"}, "concessions": []any{map[string]any{"id": "student", "quantity": 1}},
	})}, &held)
	// 31.50 and 36.00, two charges of 1.50, 1.01 for the card, and 10 % of each: 3.15, 3.60, 0.15, 0.15, 0.10.
	const total = 3150 + 3600 + 2*150 + 101 + 315 + 360 + 2*15 + 10
	if held.Total.Amount != total {
		t.Errorf("the hold costs %d, want %d", held.Total.Amount, total)
	}
	var bought order
	c.want(t, http.StatusCreated, call{method: "POST", path: "/tickets/orders", token: token, body: orderBody(held.HoldID, paysOK)}, &bought)
	c.want(t, http.StatusCreated, call{
		method: "POST", path: "/tickets/orders/" + bought.OrderID + "/refunds", token: h.organizer,
		body: map[string]any{"ticketIds": []string{bought.Tickets[0].TicketID}, "reason": "ill"},
	}, nil)
	const returned = 3150 + 315 + 150 + 15
	c.get(t, token, "/tickets/orders/"+bought.OrderID, &bought)
	if bought.Refunded.Amount != returned || bought.Total.Amount != total {
		t.Errorf("%d of %d is given back, want %d of %d", bought.Refunded.Amount, bought.Total.Amount, returned, total)
	}
	c.want(t, http.StatusOK, call{method: "POST", path: "/tickets/orders/" + bought.OrderID + "/cancel", token: token}, &bought)
	if kept := bought.Total.Amount - bought.Refunded.Amount; kept != 101+10 {
		t.Errorf("%d is kept, want the fee for the card with its tax", kept)
	}
}
