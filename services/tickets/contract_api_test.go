package tickets_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/embedded"
	"ticketmesh.dev/services/tickets/internal/stripe/stripetest"
	"ticketmesh.dev/services/tickets/internal/testpay"
)

// conversation calls operations by their names in the document. What they answer
// is held to it as in any test.
type conversation struct {
	*house
	operations map[string]contracttest.Operation
}

// say calls an operation. The path's parameters are filled in from ids, in their
// order.
func (c *conversation) say(status int, operation, token string, body any, ids ...string) answer {
	c.t.Helper()
	return c.sayWith(status, operation, token, body, nil, ids...)
}

func (c *conversation) sayWith(status int, operation, token string, body any, headers []string, ids ...string) answer {
	c.t.Helper()
	o := c.operations[operation]
	a := c.do(o.Method, o.URL(ids...), token, body, headers...)
	if a.status != status {
		c.t.Errorf("%s: %d %s, want %d", operation, a.status, a.body, status)
	}
	return a
}

// TestContractEveryDeclaredStatusIsAnswered has every operation of the document
// give each of its answers.
func TestContractEveryDeclaredStatusIsAnswered(t *testing.T) {
	t.Parallel()
	h := newHouseWith(t, embedded.Payments{Stripe: &embedded.Stripe{SecretKey: stripetest.Key, WebhookSecret: stripetest.Secret}})
	c := &conversation{h, h.api.Operations()}
	const olga, greta = "olga,organizer", "greta,gate"
	p := h.performance(func(p *showsevents.Performance) { p.SeatMap.Value.Areas[1].Capacity = showsevents.NewOptInt(3) }).String()
	unknown := id.New().String()

	// What is the same for all.
	for name, operation := range c.operations {
		var body any
		if operation.Body {
			body = `{}`
		}
		if operation.Secured {
			c.say(401, name, "", body, unknown)
		}
		if operation.Body && name != "receivePaymentWebhook" && name != "receiveStripeWebhook" {
			c.say(400, name, olga, `{"unheard of": 1}`, unknown)
			c.say(413, name, olga, `{"x":"`+strings.Repeat("x", 1<<20)+`"}`, unknown)
			c.sayWith(415, name, olga, `{}`, []string{"Content-Type", "text/plain"}, unknown)
		}
	}

	// From the seat map to the ticket.
	c.say(200, "getHealth", "", nil)
	c.say(200, "getCodeKeys", "", nil)
	c.say(200, "getSeats", "", nil, p)
	c.say(404, "getSeats", "", nil, unknown)
	hold := func(token string, items ...map[string]any) string {
		t.Helper()
		var held heldAnswer
		c.say(201, "placeHold", token, map[string]any{"performanceId": p, "items": items}).json(t, &held)
		return held.HoldID
	}
	first := hold("anna", seats("stalls", "A-1", "A-2"))
	c.say(403, "placeHold", "anna", map[string]any{"performanceId": p, "channel": "box_office", "items": []any{places("floor", 1)}})
	c.say(404, "placeHold", "anna", map[string]any{"performanceId": unknown, "items": []any{places("floor", 1)}})
	c.say(409, "placeHold", "ben", map[string]any{"performanceId": p, "items": []any{seats("stalls", "A-1")}})
	c.say(422, "placeHold", "ben", map[string]any{"performanceId": p, "items": []any{seats("stalls", "Z-1")}})
	c.say(200, "getHold", "anna", nil, first)
	c.say(404, "getHold", "ben", nil, first)
	c.say(200, "extendHold", "anna", nil, first)
	c.say(404, "extendHold", "ben", nil, first)
	c.say(404, "releaseHold", "ben", nil, first)
	c.say(204, "releaseHold", "anna", nil, hold("anna", seats("stalls", "B-1")))
	var ordered, pending orderedAnswer
	c.sayWith(201, "placeOrder", "anna", orderBody(first, "tok_ok"), []string{"Idempotency-Key", "k"}).json(t, &ordered)
	c.sayWith(422, "placeOrder", "anna", orderBody(unknown, "tok_ok"), []string{"Idempotency-Key", "k"})
	c.say(409, "placeOrder", "anna", orderBody(first, "tok_ok"))
	c.say(404, "placeOrder", "anna", orderBody(unknown, "tok_ok"))
	c.say(402, "placeOrder", "anna", orderBody(hold("anna", seats("stalls", "B-1")), "tok_declined"))
	c.say(202, "placeOrder", "anna", orderBody(hold("anna", seats("stalls", "B-2")), "tok_pending")).json(t, &pending)
	for _, operation := range []string{"getHold", "extendHold", "releaseHold"} {
		c.say(409, operation, "anna", nil, first)
	}
	c.say(200, "listOrders", "anna", nil)
	c.say(200, "listOrders", olga, nil, "?performanceId="+p)
	c.say(400, "listOrders", "anna", nil, "?limit=0")
	c.say(403, "listOrders", "oscar,organizer", nil, "?performanceId="+p)
	c.say(404, "listOrders", olga, nil, "?performanceId="+unknown)
	c.say(200, "getOrder", "anna", nil, ordered.OrderID)
	c.say(404, "getOrder", "ben", nil, ordered.OrderID)

	// What the provider reports.
	report := func(status int, body, signature string, headers ...string) {
		t.Helper()
		c.sayWith(status, "receivePaymentWebhook", "", body, append([]string{"Ticketmesh-Signature", signature}, headers...), "test")
	}
	secret, err := os.ReadFile(filepath.Join(h.dir, "test-webhook-secret"))
	if err != nil {
		t.Fatal(err)
	}
	signed := func(body string) string { return testpay.NewWebhooks(secret).Sign([]byte(body), h.clock.Now()) }
	captured := fmt.Sprintf(`{"id":"1","type":"payment.captured","orderId":%q}`, pending.OrderID)
	report(200, captured, signed(captured))
	report(401, captured, "")
	report(400, `{}`, signed(`{}`))
	report(415, captured, signed(captured), "Content-Type", "text/plain")
	report(413, strings.Repeat(" ", 1<<20)+captured, "")
	nobodys := strings.Replace(captured, pending.OrderID, unknown, 1)
	report(404, nobodys, signed(nobodys))
	c.say(200, "listPaymentProviders", "", nil)
	stripes := func(status int, body, signature string, headers ...string) {
		t.Helper()
		c.sayWith(status, "receiveStripeWebhook", "", body, append([]string{"Stripe-Signature", signature}, headers...))
	}
	dispute := string(stripetest.Event("charge.dispute.created", map[string]any{"id": "dp_1"}))
	stripes(200, dispute, stripetest.Sign([]byte(dispute), stripetest.Secret, time.Now()))
	stripes(401, dispute, "")
	stripes(400, `{}`, stripetest.Sign([]byte(`{}`), stripetest.Secret, time.Now()))
	stripes(415, dispute, stripetest.Sign([]byte(dispute), stripetest.Secret, time.Now()), "Content-Type", "text/plain")
	stripes(413, strings.Repeat(" ", 1<<20)+dispute, "")
	without := newHouse(t) // where money is not collected by Stripe
	without.handler = h.api.Check(t, without.service.API)
	(&conversation{without, c.operations}).say(404, "receiveStripeWebhook", "", dispute)

	// Tickets.
	ticket, gone := ordered.Tickets[0].TicketID, ordered.Tickets[1].TicketID
	refund := map[string]any{"ticketIds": []string{gone}, "reason": "ill"}
	c.say(403, "refundOrder", "anna", refund, ordered.OrderID)
	c.say(404, "refundOrder", olga, refund, unknown)
	c.say(422, "refundOrder", olga, map[string]any{"ticketIds": []string{unknown}, "reason": "ill"}, ordered.OrderID)
	c.say(201, "refundOrder", olga, refund, ordered.OrderID)
	c.say(409, "refundOrder", olga, refund, ordered.OrderID)
	for _, operation := range []string{"getTicket", "getTicketQR", "getTicketPDF"} {
		c.say(200, operation, "anna", nil, ticket)
		c.say(404, operation, "ben", nil, ticket)
		if operation != "getTicket" {
			c.say(410, operation, "anna", nil, gone)
		}
	}
	to := map[string]any{"email": "anna@example.com"}
	c.say(200, "transferTicket", "anna", to, ticket)
	c.say(404, "transferTicket", "ben", to, ticket)
	c.say(410, "transferTicket", "anna", to, gone)

	// Admission.
	code := h.code("anna", ticket)
	c.say(403, "checkIn", "anna", scanBody(code, ""))
	c.say(422, "checkIn", greta, scanBody(code+"x", ""))
	c.say(200, "checkIn", greta, scanBody(code, ""))
	c.say(409, "checkIn", greta, scanBody(code, ""))
	c.say(410, "checkIn", greta, scanBody(h.code("anna", gone), ""))
	batch := map[string]any{"scans": []any{scanBody(code, "s")}}
	c.say(200, "checkInBatch", greta, batch)
	c.say(403, "checkInBatch", "anna", batch)
	c.say(409, "transferTicket", "anna", to, ticket)
	c.say(200, "getGatePack", greta, nil, p)
	c.say(403, "getGatePack", "anna", nil, p)
	c.say(404, "getGatePack", greta, nil, unknown)
	c.say(409, "cancelOrder", "anna", nil, ordered.OrderID)
	c.say(404, "cancelOrder", "ben", nil, ordered.OrderID)
	c.say(200, "cancelOrder", "anna", nil, pending.OrderID)

	// The waiting list.
	join := func(performanceID, category string) map[string]any {
		return map[string]any{"performanceId": performanceID, "priceCategory": category, "quantity": 1}
	}
	c.say(409, "joinWaitlist", "carla", join(p, "floor"))
	h.buy("ben", uuid(t, p), places("floor", 3))
	var entry struct{ EntryID string }
	c.say(201, "joinWaitlist", "carla", join(p, "floor")).json(t, &entry)
	c.say(404, "joinWaitlist", "carla", join(unknown, "floor"))
	c.say(422, "joinWaitlist", "carla", join(p, "moon"))
	c.say(200, "getWaitlistEntry", "carla", nil, entry.EntryID)
	c.say(404, "getWaitlistEntry", "ben", nil, entry.EntryID)
	c.say(404, "leaveWaitlist", "ben", nil, entry.EntryID)
	c.say(204, "leaveWaitlist", "carla", nil, entry.EntryID)

	// Changing the seat map.
	smaller := func(capacity int, rows ...string) map[string]any {
		areas := []any{map[string]any{"id": "floor", "kind": "general", "capacity": capacity}}
		for _, seats := range rows {
			areas = append(areas, map[string]any{"id": "stalls", "kind": "seated", "rows": []any{map[string]any{"row": "A", "seats": seats}}})
		}
		return map[string]any{"seatMapVersion": 2, "areas": areas}
	}
	c.say(403, "prepareSeatMap", "anna", smaller(3, "1-4"), p)
	c.say(404, "prepareSeatMap", olga, smaller(3, "1-4"), unknown)
	c.say(409, "prepareSeatMap", olga, smaller(3), p)
	c.say(422, "prepareSeatMap", olga, map[string]any{"seatMapVersion": 2, "areas": []any{map[string]any{"id": "stalls", "kind": "general", "capacity": 1}}}, p)
	c.say(204, "prepareSeatMap", olga, smaller(3, "1-4"), h.performance(nil).String())

	for _, missing := range h.api.Unseen() {
		t.Errorf("never answered, and the document declares it: %s", missing)
	}
}

func uuid(t *testing.T, text string) id.ID {
	t.Helper()
	parsed, err := id.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
