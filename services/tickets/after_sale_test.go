package tickets_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/testpay"
)

func scanBody(code, scanID string) map[string]any {
	body := map[string]any{"code": code, "gate": "north"}
	if scanID != "" {
		body["scanId"] = scanID
	}
	return body
}

func TestTheGateAdmitsOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	ordered := h.buy("anna", p, seats("stalls", "A-1", "A-2"))
	code := h.code("anna", ordered.Tickets[0].TicketID)
	h.refuses(401, "unauthenticated", "POST", "/tickets/checkins", "", scanBody(code, "s1"))
	h.refuses(403, "forbidden", "POST", "/tickets/checkins", "anna", scanBody(code, "s1"))
	h.refuses(403, "forbidden", "POST", "/tickets/checkins", "oscar,organizer", scanBody(code, "s1"))
	h.refuses(422, "invalid_code", "POST", "/tickets/checkins", "greta,gate", scanBody(code+"x", "s1"))
	h.must(200, "POST", "/tickets/checkins", "greta,gate", scanBody(code, "s1"))
	h.must(200, "POST", "/tickets/checkins", "greta,gate", scanBody(code, "s1"))
	again := h.refuses(409, "already_admitted", "POST", "/tickets/checkins", "greta,gate", scanBody(code, "s2"))
	var problem struct {
		AdmittedAt time.Time
		Gate       string
	}
	again.json(t, &problem)
	if !problem.AdmittedAt.Equal(start) || problem.Gate != "north" {
		t.Errorf("already admitted: %+v", problem)
	}
	second := h.code("anna", ordered.Tickets[1].TicketID)
	var batch struct {
		Results []struct {
			ScanID string
			Status int
			Code   string
		}
	}
	h.must(200, "POST", "/tickets/checkins/batch", "greta,gate", map[string]any{"scans": []any{
		scanBody(second, "b1"), scanBody(code, "b2"), scanBody("nonsense", "b3"), scanBody(second, "b1"),
	}}).json(t, &batch)
	want := []struct {
		status int
		code   string
	}{{200, ""}, {409, "already_admitted"}, {422, "invalid_code"}, {200, ""}}
	for i, w := range want {
		if got := batch.Results[i]; got.Status != w.status || got.Code != w.code {
			t.Errorf("scan %d = %+v, want %+v", i, got, w)
		}
	}
	if got := len(h.events(ticketsevents.TypeTicketAdmitted)); got != 2 {
		t.Errorf("%d ticket.admitted, want 2", got)
	}
	h.refuses(409, "ticket_admitted", "POST", "/tickets/"+ordered.Tickets[0].TicketID+"/transfer", "anna", map[string]any{"email": "b@example.com"})
	h.refuses(409, "ticket_admitted", "POST", "/tickets/orders/"+ordered.OrderID+"/cancel", "anna", nil)
}

func TestAGatesClockIsTakenWithinReason(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	tests := []struct{ seat, scannedAt, want string }{
		{"A-1", "2027-03-01T13:59:00.5+02:00", "2027-03-01T11:59:00.500Z"},
		{"A-2", "2027-03-01T12:00:01Z", "2027-03-01T12:00:00.000Z"},
		{"A-3", "0000-01-01T00:00:00+23:59", "2027-03-01T12:00:00.000Z"},
		{"A-4", "9999-12-31T23:59:59-23:59", "2027-03-01T12:00:00.000Z"},
	}
	for _, tt := range tests {
		ordered := h.buy("anna", p, seats("stalls", tt.seat))
		scan := scanBody(h.code("anna", ordered.Tickets[0].TicketID), tt.seat)
		scan["scannedAt"] = tt.scannedAt
		var first, read struct{ AdmittedAt string }
		h.must(200, "POST", "/tickets/checkins", "greta,gate", scan).json(t, &first)
		h.must(200, "GET", "/tickets/"+ordered.Tickets[0].TicketID, "anna", nil).json(t, &read)
		if first.AdmittedAt != tt.want || read.AdmittedAt != tt.want {
			t.Errorf("scanned at %s: admitted at %s, then %s; want %s", tt.scannedAt, first.AdmittedAt, read.AdmittedAt, tt.want)
		}
	}
}

func TestATransferKillsTheOldCode(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	ordered := h.buy("anna", p, seats("stalls", "A-1"))
	path := "/tickets/" + ordered.Tickets[0].TicketID
	old := h.code("anna", ordered.Tickets[0].TicketID)
	h.refuses(404, "not_found", "POST", path+"/transfer", "ben", map[string]any{"email": "ben@example.com"})
	for _, nobody := range []string{"nobody", "a,b@example.com", "a<b@example.com", "<ben@example.com>", "ben@example\u0001.com", "ben@\u0087", "ben@example.com*", "ben@-example.com"} {
		h.refuses(400, "invalid_request", "POST", path+"/transfer", "anna", map[string]any{"email": nobody})
	}
	h.must(200, "POST", path+"/transfer", "anna", map[string]any{"email": "Ben@example.com"})
	h.reopen()
	h.refuses(410, "ticket_void", "POST", "/tickets/checkins", "greta,gate", scanBody(old, ""))
	if got := h.code("anna", ordered.Tickets[0].TicketID); got != "" {
		t.Errorf("the buyer still reads a code: %q", got)
	}
	h.refuses(404, "not_found", "GET", path+"/qr.png", "anna", nil)
	fresh := h.code("ben", ordered.Tickets[0].TicketID)
	var pack struct {
		Valid, Admitted, Revoked []struct{ TicketID, CodeHash string }
	}
	h.must(200, "GET", "/tickets/performances/"+p.String()+"/gate", "greta,gate", nil).json(t, &pack)
	if len(pack.Valid) != 1 || len(pack.Revoked) != 1 || pack.Valid[0].CodeHash == pack.Revoked[0].CodeHash {
		t.Errorf("gate pack = %+v", pack)
	}
	h.refuses(403, "forbidden", "GET", "/tickets/performances/"+p.String()+"/gate", "anna", nil)
	h.must(200, "POST", "/tickets/checkins", "greta,gate", scanBody(fresh, ""))
}

func TestARefundVoidsTheTicketAndFreesTheSeat(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	ordered := h.buy("anna", p, seats("stalls", "A-1", "A-2"))
	path := "/tickets/orders/" + ordered.OrderID + "/refunds"
	one := map[string]any{"ticketIds": []string{ordered.Tickets[0].TicketID}, "reason": "ill"}
	h.refuses(403, "forbidden", "POST", path, "anna", one)
	h.refuses(404, "not_found", "POST", path, "oscar,organizer", one)
	h.refuses(422, "unknown_ticket", "POST", path, "olga,organizer", map[string]any{"ticketIds": []string{id.New().String()}, "reason": "x"})
	code := h.code("anna", ordered.Tickets[0].TicketID)
	h.must(201, "POST", path, "olga,organizer", one, "Idempotency-Key", "r1")
	h.must(201, "POST", path, "olga,organizer", one, "Idempotency-Key", "r1")
	h.refuses(409, "already_refunded", "POST", path, "olga,organizer", one)
	h.reopen()
	var refunded struct {
		Status   string
		Refunded struct{ Amount int64 }
	}
	h.must(200, "GET", "/tickets/orders/"+ordered.OrderID, "anna", nil).json(t, &refunded)
	if refunded.Status != "partially_refunded" || refunded.Refunded.Amount != 4200 {
		t.Errorf("order = %+v", refunded)
	}
	h.refuses(410, "ticket_void", "POST", "/tickets/checkins", "greta,gate", scanBody(code, ""))
	if states := h.seatStates(p, "stalls"); states["A-1"] != "available" || states["A-2"] != "sold" {
		t.Errorf("seats = %v", states)
	}
	h.buy("ben", p, seats("stalls", "A-1"))
	h.must(201, "POST", path, "olga,organizer", map[string]any{"ticketIds": []string{ordered.Tickets[1].TicketID}, "reason": "ill"})
	h.refuses(409, "not_refundable", "POST", path, "olga,organizer", map[string]any{"ticketIds": []string{ordered.Tickets[1].TicketID}, "reason": "ill"})
	if got := len(h.events(ticketsevents.TypeOrderRefunded)); got != 2 {
		t.Errorf("%d order.refunded, want 2", got)
	}
}

func TestCancellingAnOrderRefundsIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	ordered := h.buy("anna", p, seats("stalls", "A-1"))
	h.refuses(404, "not_found", "POST", "/tickets/orders/"+ordered.OrderID+"/cancel", "ben", nil)
	for range 2 {
		var cancelled orderedAnswer
		h.must(200, "POST", "/tickets/orders/"+ordered.OrderID+"/cancel", "anna", nil).json(t, &cancelled)
		if cancelled.Status != "cancelled" || cancelled.Tickets[0].Status != "void" {
			t.Errorf("order = %+v", cancelled)
		}
	}
	if got := len(h.events(ticketsevents.TypeOrderRefunded)); got != 1 {
		t.Errorf("%d order.refunded, want 1", got)
	}
	pending := h.hold("anna", p, seats("stalls", "A-2"))
	var waiting orderedAnswer
	h.must(202, "POST", "/tickets/orders", "anna", orderBody(pending.HoldID, "tok_pending")).json(t, &waiting)
	h.must(200, "POST", "/tickets/orders/"+waiting.OrderID+"/cancel", "anna", nil)
	if states := h.seatStates(p, "stalls"); states["A-1"] != "available" || states["A-2"] != "available" {
		t.Errorf("seats = %v", states)
	}
}

// webhook reports as the test provider does.
func (h *house) webhook(kind, orderID string) answer {
	h.t.Helper()
	secret, err := os.ReadFile(filepath.Join(h.dir, "test-webhook-secret"))
	if err != nil {
		h.t.Fatal(err)
	}
	body := `{"id":"` + id.New().String() + `","type":"` + kind + `","orderId":"` + orderID + `"}`
	signature := testpay.NewWebhooks(secret).Sign([]byte(body), h.clock.Now())
	return h.do("POST", "/tickets/payments/webhooks/test", "", body, "Ticketmesh-Signature", signature)
}

func TestWebhooksAnyOrderAnyNumberOfTimes(t *testing.T) {
	t.Parallel()
	pend := func(h *house) (id.ID, orderedAnswer) {
		p := h.performance(nil)
		held := h.hold("anna", p, seats("stalls", "A-1"))
		var pending orderedAnswer
		h.must(202, "POST", "/tickets/orders", "anna", orderBody(held.HoldID, "tok_pending")).json(h.t, &pending)
		return p, pending
	}
	status := func(h *house, orderID string) string {
		var o orderedAnswer
		h.must(200, "GET", "/tickets/orders/"+orderID, "anna", nil).json(h.t, &o)
		return o.Status
	}
	tests := []struct {
		name    string
		between func(h *house, p id.ID)
		give    []string
		want    string
	}{
		{"captured", nil, []string{"payment.captured"}, "confirmed"},
		{"captured twice", nil, []string{"payment.captured", "payment.captured"}, "confirmed"},
		{"declined", nil, []string{"payment.declined"}, "declined"},
		{"declined after captured is stale", nil, []string{"payment.captured", "payment.declined"}, "confirmed"},
		{"captured after declined is the truth", nil, []string{"payment.declined", "payment.captured"}, "confirmed"},
		{"captured after the hold expired and nobody took the seat", func(h *house, _ id.ID) { h.clock.Advance(time.Hour) }, []string{"payment.captured"}, "confirmed"},
		{"captured after somebody else took the seat", func(h *house, p id.ID) {
			h.clock.Advance(time.Hour)
			h.buy("ben", p, seats("stalls", "A-1"))
		}, []string{"payment.captured", "payment.captured"}, "cancelled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			p, pending := pend(h)
			if tt.between != nil {
				tt.between(h, p)
			}
			for _, kind := range tt.give {
				if a := h.webhook(kind, pending.OrderID); a.status != 200 {
					t.Fatalf("%s: %d %s", kind, a.status, a.body)
				}
			}
			if got := status(h, pending.OrderID); got != tt.want {
				t.Errorf("order is %s, want %s", got, tt.want)
			}
			refunds := 0
			if tt.want == "cancelled" {
				refunds = 1
			}
			if got := len(h.events(ticketsevents.TypeOrderRefunded)); got != refunds {
				t.Errorf("%d refunds, want %d", got, refunds)
			}
		})
	}
}

// TestALatePaymentKeepsToTheLimitOfACustomer: who holds the next places while a
// payment is outstanding, and pays for both, has no more than anybody else.
func TestALatePaymentKeepsToTheLimitOfACustomer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		meanwhile int // places that are held once the order's hold is over
		want      string
	}{
		{"within the limit", 2, "confirmed"},
		{"above it", 3, "cancelled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			p := h.performance(func(p *showsevents.Performance) {
				p.Limits = showsevents.NewOptPerformanceLimits(showsevents.PerformanceLimits{PerCustomer: showsevents.NewOptInt(4)})
			})
			held := h.hold("anna", p, seats("stalls", "A-1", "A-2"))
			var pending orderedAnswer
			h.must(202, "POST", "/tickets/orders", "anna", orderBody(held.HoldID, "tok_pending")).json(t, &pending)
			h.clock.Advance(11 * time.Minute)
			next := h.hold("anna", p, places("floor", tt.meanwhile))
			if a := h.webhook("payment.captured", pending.OrderID); a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if got := h.paid("anna", pending.OrderID); got.Status != tt.want || len(got.Refunds) > 0 != (tt.want == "cancelled") {
				t.Errorf("order = %+v, want it %s", got, tt.want)
			}
			h.order("anna", next)
			h.refuses(422, "limit_exceeded", "POST", "/tickets/holds", "anna", holdBody(p, places("floor", 2)))
		})
	}
}

func TestPlacesOfAnUnpaidOrderComeBackOnSale(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	held := h.hold("anna", p, seats("stalls", "A-1"))
	var pending orderedAnswer
	h.must(202, "POST", "/tickets/orders", "anna", orderBody(held.HoldID, "tok_pending")).json(t, &pending)
	h.refuses(409, "hold_used", "POST", "/tickets/holds/"+held.HoldID+"/extend", "anna", nil)
	h.clock.Advance(11 * time.Minute)
	h.eventually("the end of the hold is told", func() bool { return len(h.events(ticketsevents.TypeHoldReleased)) == 1 })
	h.eventually("the place is announced as free", func() bool {
		changed := h.events(ticketsevents.TypeAvailabilityChanged)
		var last ticketsevents.AvailabilityChanged
		for _, e := range changed {
			var told ticketsevents.AvailabilityChanged
			if err := told.UnmarshalJSON(e.Data); err != nil {
				t.Fatal(err)
			}
			if told.AreaID == "stalls" {
				last = told
			}
		}
		return last.Version > 1 && last.Available == last.Capacity
	})
	if a := h.webhook("payment.captured", pending.OrderID); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var paid orderedAnswer
	h.must(200, "GET", "/tickets/orders/"+pending.OrderID, "anna", nil).json(t, &paid)
	if paid.Status != "confirmed" {
		t.Errorf("the late payment made the order %s", paid.Status)
	}
}

func TestWebhookSignatures(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	body := `{"id":"1","type":"payment.captured","orderId":"` + id.New().String() + `"}`
	secret, err := os.ReadFile(filepath.Join(h.dir, "test-webhook-secret"))
	if err != nil {
		t.Fatal(err)
	}
	signer := testpay.NewWebhooks(secret)
	right := signer.Sign([]byte(body), start)
	const path = "/tickets/payments/webhooks/"
	tests := []struct {
		name, provider, signature, body string
		status                          int
		code                            string
	}{
		{"right, but no such order", "test", right, body, 404, "not_found"},
		{"no signature", "test", "", body, 401, "unauthenticated"},
		{"another body", "test", right, body + " ", 401, "unauthenticated"},
		{"another secret", "test", testpay.NewWebhooks([]byte("x")).Sign([]byte(body), start), body, 401, "unauthenticated"},
		{"too old", "test", signer.Sign([]byte(body), start.Add(-6*time.Minute)), body, 401, "unauthenticated"},
		{"unknown provider", "nobody", right, body, 404, "not_found"},
		{"signed with a number that the edge rewrites", "test", signer.Sign([]byte(`{"id":2.0}`), start), `{"id":2.0}`, 400, "invalid_request"},
		{"signed nonsense", "test", signer.Sign([]byte("{"), start), "{", 400, "invalid_request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.refuses(tt.status, tt.code, "POST", path+tt.provider, "", tt.body, "Ticketmesh-Signature", tt.signature)
		})
	}
}

func TestAFreedSeatIsOfferedToTheFirstInTheQueue(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(func(p *showsevents.Performance) {
		p.SeatMap.Value.Areas = p.SeatMap.Value.Areas[1:]
		p.SeatMap.Value.Areas[0].Capacity = showsevents.NewOptInt(2)
	})
	join := map[string]any{"performanceId": p, "priceCategory": "floor", "quantity": 1}
	h.refuses(409, "not_sold_out", "POST", "/tickets/waitlist", "carla", join)
	h.refuses(422, "unknown_price_category", "POST", "/tickets/waitlist", "carla", map[string]any{"performanceId": p, "priceCategory": "moon", "quantity": 1})
	ordered := h.buy("anna", p, places("floor", 2))
	type entryAnswer struct {
		EntryID, Status, HoldID string
		ExpiresAt               time.Time
	}
	var first, second, both entryAnswer
	h.must(201, "POST", "/tickets/waitlist", "both", map[string]any{"performanceId": p, "priceCategory": "floor", "quantity": 2}).json(t, &both)
	h.must(201, "POST", "/tickets/waitlist", "carla", join).json(t, &first)
	h.must(201, "POST", "/tickets/waitlist", "dora", join).json(t, &second)
	read := func(token string, e entryAnswer) entryAnswer {
		var told entryAnswer
		h.must(200, "GET", "/tickets/waitlist/"+e.EntryID, token, nil).json(t, &told)
		return told
	}
	h.refuses(404, "not_found", "GET", "/tickets/waitlist/"+first.EntryID, "dora", nil)
	h.must(201, "POST", "/tickets/orders/"+ordered.OrderID+"/refunds", "olga,organizer", map[string]any{"ticketIds": []string{ordered.Tickets[0].TicketID}, "reason": "x"})
	h.eventually("carla is offered the place", func() bool { return read("carla", first).Status == "offered" })
	if got := read("both", both).Status; got != "waiting" {
		t.Errorf("who wants two is %s", got)
	}
	h.refuses(409, "sold_out", "POST", "/tickets/holds", "eve", holdBody(p, places("floor", 1)))
	h.reopen()
	offer := read("carla", first)
	if offer.Status != "offered" || !offer.ExpiresAt.After(h.clock.Now()) {
		t.Fatalf("offer = %+v", offer)
	}
	h.clock.Advance(31 * time.Minute)
	if got := read("carla", first).Status; got != "expired" {
		t.Errorf("the passed offer is %s", got)
	}
	h.eventually("dora is offered the place next", func() bool { return read("dora", second).Status == "offered" })
	h.must(201, "POST", "/tickets/orders", "dora", orderBody(read("dora", second).HoldID, "tok_ok"))
	if got := read("dora", second).Status; got != "taken" {
		t.Errorf("the used offer is %s", got)
	}
	h.must(204, "DELETE", "/tickets/waitlist/"+both.EntryID, "both", nil)
	h.must(204, "DELETE", "/tickets/waitlist/"+both.EntryID, "both", nil)
	if got := len(h.events(ticketsevents.TypeWaitlistOffered)); got != 2 {
		t.Errorf("%d waitlist.offered, want 2", got)
	}
}

func TestACancelledPerformanceRefundsEveryOrderOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var told showsevents.Performance
	p := h.performance(func(p *showsevents.Performance) { told = *p })
	told.PerformanceID = p
	orders := []orderedAnswer{h.buy("anna", p, seats("stalls", "A-1")), h.buy("ben", p, places("floor", 3))}
	admitted := h.code("anna", orders[0].Tickets[0].TicketID)
	h.must(200, "POST", "/tickets/checkins", "greta,gate", scanBody(admitted, ""))
	told.Version, told.Status = 2, showsevents.PerformanceStatusCancelled
	h.publish(showsevents.TypePerformanceCancelled, told)
	h.refuses(409, "sales_closed", "POST", "/tickets/holds", "carla", holdBody(p, places("floor", 1)))
	h.eventually("both orders are refunded", func() bool { return len(h.events(ticketsevents.TypeOrderRefunded)) == 2 })
	h.reopen()
	for i, token := range []string{"anna", "ben"} {
		var o orderedAnswer
		h.must(200, "GET", "/tickets/orders/"+orders[i].OrderID, token, nil).json(t, &o)
		if o.Status != "cancelled" || o.Tickets[0].Status != "void" {
			t.Errorf("order of %s = %+v", token, o)
		}
	}
	if got := len(h.events(ticketsevents.TypeOrderCancelled)); got != 2 {
		t.Errorf("%d order.cancelled, want 2", got)
	}
}

func TestPerformancesArriveInAnyOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var told showsevents.Performance
	p := h.performance(func(p *showsevents.Performance) { told = *p; p.Version = 2; p.StartsAtUtc = start.Add(-time.Hour) })
	told.PerformanceID, told.Version = p, 1
	h.publish(showsevents.TypePerformanceScheduled, told) // older: dropped
	h.refuses(409, "sales_closed", "POST", "/tickets/holds", "anna", holdBody(p, places("floor", 1)))
	told.Version = 3
	told.PreviousStartsAtUtc = showsevents.NewOptDateTime(start)
	h.publish(showsevents.TypePerformanceRescheduled, told)
	h.buy("anna", p, places("floor", 1))
}

func TestMethodsAndUnknownIDs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	unknown := id.New().String()
	for _, path := range []string{"/tickets/holds/" + unknown, "/tickets/orders/" + unknown, "/tickets/" + unknown, "/tickets/waitlist/" + unknown, "/tickets/holds/nonsense", "/tickets/nonsense"} {
		h.refuses(404, "not_found", "GET", path, "anna", nil)
	}
	a := h.refuses(405, "method_not_allowed", "PUT", "/tickets/orders", "anna", nil)
	if allow := a.header.Get("Allow"); allow == "" {
		t.Error("405 without Allow")
	}
	h.refuses(404, "not_found", "GET", "/tickets/no/such/route", "anna", nil)
	h.refuses(404, "not_found", "GET", "/tickets/performances/"+unknown+"/seats", "", nil)
	h.refuses(415, "unsupported_media_type", "POST", "/tickets/holds", "anna", "a=b", "Content-Type", "application/x-www-form-urlencoded")
	h.refuses(400, "invalid_request", "GET", "/tickets/orders?cursor=%21", "anna", nil)
	h.refuses(400, "invalid_request", "GET", "/tickets/orders?limit=1000", "anna", nil)
	h.must(200, "GET", "/tickets/codes/jwks.json", "", nil)
	h.must(200, "GET", "/tickets/healthz", "", nil)
}

func TestOrdersAreListedInPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	var want []string
	for range 5 {
		want = append([]string{h.buy("anna", p, places("floor", 1)).OrderID}, want...)
	}
	var got []string
	path := "/tickets/orders?limit=2"
	for path != "" {
		var page struct {
			Items      []orderedAnswer
			NextCursor string
		}
		h.must(200, "GET", path, "anna", nil).json(t, &page)
		for _, o := range page.Items {
			got = append(got, o.OrderID)
		}
		if path = ""; page.NextCursor != "" {
			path = "/tickets/orders?limit=2&cursor=" + page.NextCursor
		}
		if len(got) == 2 {
			h.buy("anna", p, places("floor", 1)) // an insert does not move the pages
		}
	}
	if len(got) != 5 {
		t.Fatalf("listed %d orders, want 5", len(got))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("order %d = %s, want %s", i, got[i], want[i])
		}
	}
}
