package tickets_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/embedded"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/stripe/stripetest"
	"ticketmesh.dev/services/tickets/internal/testpay"
)

// paidAnswer is an order with how its money stands.
type paidAnswer struct {
	orderedAnswer
	Refunded struct{ Amount int64 }
	Payment  struct{ Provider, Status, ClientSecret, Reason string }
	Refunds  []struct {
		RefundID, Status, Reason, Reference string
		Amount                              struct{ Amount int64 }
		TicketIDs                           []string
	}
}

func (h *house) paid(token, orderID string) paidAnswer {
	h.t.Helper()
	var o paidAnswer
	h.must(200, "GET", "/tickets/orders/"+orderID, token, nil).json(h.t, &o)
	return o
}

// becomes waits until the reconciler has made an order so.
func (h *house) becomes(token, orderID, status string) paidAnswer {
	h.t.Helper()
	h.eventually("the order is "+status, func() bool { return h.paid(token, orderID).Status == status })
	return h.paid(token, orderID)
}

func TestAProviderThatFailsLeavesNoDoubt(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"tok_error", "tok_error_charged", "tok_timeout", "tok_timeout_uncharged"} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			p := h.performance(nil)
			held := h.hold("anna", p, seats("stalls", "A-1"))
			var pending paidAnswer
			h.must(202, "POST", "/tickets/orders", "anna", orderBody(held.HoldID, token)).json(t, &pending)
			if pending.Status != "pending_payment" || pending.Payment.Provider != "test" || pending.Payment.Status != "requested" {
				t.Errorf("order = %+v", pending)
			}
			h.clock.Advance(time.Minute)
			h.reopen() // the reconciler looks at once; the books of the provider are gone
			h.reopen()
			if got := h.becomes("anna", pending.OrderID, "confirmed"); len(got.Tickets) != 1 || got.Payment.Status != "captured" {
				t.Errorf("order = %+v", got)
			}
			if got := len(h.events(ticketsevents.TypeOrderConfirmed)); got != 1 {
				t.Errorf("%d order.confirmed, want 1", got)
			}
		})
	}
}

func TestACancelledOrderIsNotCharged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	held := h.hold("anna", p, seats("stalls", "A-1"))
	var pending paidAnswer
	h.must(202, "POST", "/tickets/orders", "anna", orderBody(held.HoldID, "tok_error")).json(t, &pending)
	h.must(200, "POST", "/tickets/orders/"+pending.OrderID+"/cancel", "anna", nil)
	h.reopen()
	h.eventually("the payment is over", func() bool { return h.paid("anna", pending.OrderID).Payment.Status == "declined" })
	if got := h.paid("anna", pending.OrderID); got.Status != "cancelled" || got.Payment.Reason != "payment_cancelled" || len(got.Refunds) != 0 {
		t.Errorf("order = %+v, want nothing charged and nothing refunded", got)
	}
}

func TestAPaymentThatNobodyReportsOnEnds(t *testing.T) {
	t.Parallel()
	h := newHouseWith(t, embedded.Payments{Patience: 20 * time.Minute})
	p := h.performance(nil)
	held := h.hold("anna", p, seats("stalls", "A-1"))
	var pending paidAnswer
	h.must(202, "POST", "/tickets/orders", "anna", orderBody(held.HoldID, "tok_pending")).json(t, &pending)
	h.clock.Advance(19 * time.Minute)
	h.reopen()
	if got := h.paid("anna", pending.OrderID); got.Status != "pending_payment" {
		t.Errorf("too early the order is %s", got.Status)
	}
	h.clock.Advance(2 * time.Minute)
	h.reopen()
	if got := h.becomes("anna", pending.OrderID, "declined"); got.Payment.Reason != "payment_expired" {
		t.Errorf("order = %+v", got)
	}
	if got := len(h.events(ticketsevents.TypeOrderDeclined)); got != 1 {
		t.Errorf("%d order.declined, want 1", got)
	}
	// What the bank captured all the same is the truth.
	if a := h.webhook("payment.captured", pending.OrderID); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if got := h.paid("anna", pending.OrderID); got.Status != "confirmed" {
		t.Errorf("order = %+v", got)
	}
}

func TestTheSurplusOfTwoPaymentsGoesBackOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	ordered := h.buy("anna", p, seats("stalls", "A-1"))
	for _, reference := range []string{"second", "second", "third", "second"} {
		body := fmt.Sprintf(`{"id":%q,"type":"payment.captured","orderId":%q,"reference":%q}`, id.New(), ordered.OrderID, reference)
		h.must(200, "POST", "/tickets/payments/webhooks/test", "", body, "Ticketmesh-Signature", testpay.NewWebhooks([]byte(h.secret())).Sign([]byte(body), h.clock.Now()))
	}
	got := h.paid("anna", ordered.OrderID)
	if got.Status != "confirmed" || got.Refunded.Amount != 0 || len(got.Refunds) != 2 {
		t.Fatalf("order = %+v, want two refunds that are not its own money", got)
	}
	for _, refund := range got.Refunds {
		if refund.Reason != "paid_twice" || refund.Status != "succeeded" || refund.Amount.Amount != 4200 || len(refund.TicketIDs) != 0 {
			t.Errorf("refund = %+v", refund)
		}
	}
	h.must(200, "POST", "/tickets/orders/"+ordered.OrderID+"/cancel", "anna", nil)
	if got := h.paid("anna", ordered.OrderID); len(got.Refunds) != 3 || got.Refunded.Amount != 4200 {
		t.Errorf("cancelled: %+v", got)
	}
}

// TestRefundsRace lets organizers refund the same and different tickets while
// the buyer cancels.
func TestRefundsRace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.performance(nil)
	for _, withCancel := range []bool{false, true} {
		ordered := h.buy("anna", p, places("floor", 4))
		var race sync.WaitGroup
		for i := range 40 {
			race.Go(func() {
				ticket := ordered.Tickets[i/10].TicketID // the same ones follow each other
				a := h.do("POST", "/tickets/orders/"+ordered.OrderID+"/refunds", "olga,organizer", map[string]any{"ticketIds": []string{ticket}, "reason": "ill"})
				if a.status != 201 && a.status != 409 {
					t.Errorf("refund: %d %s", a.status, a.body)
				}
			})
		}
		if withCancel {
			race.Go(func() {
				if a := h.do("POST", "/tickets/orders/"+ordered.OrderID+"/cancel", "anna", nil); a.status != 200 && a.status != 409 {
					t.Errorf("cancel: %d %s", a.status, a.body)
				}
			})
		}
		race.Wait()
		got := h.paid("anna", ordered.OrderID)
		given := int64(0)
		for _, refund := range got.Refunds {
			if refund.Status != "succeeded" || !strings.HasPrefix(refund.Reference, "test_") {
				t.Errorf("refund = %+v", refund)
			}
			given += refund.Amount.Amount
		}
		if given != got.Total.Amount || got.Refunded.Amount != got.Total.Amount {
			t.Errorf("given back %d, counted %d, paid %d", given, got.Refunded.Amount, got.Total.Amount)
		}
		for _, ticket := range got.Tickets {
			if ticket.Status != "void" {
				t.Errorf("ticket %s is %s", ticket.TicketID, ticket.Status)
			}
		}
	}
	if got := h.seatStates(p, "floor")["counts"]; got != "10=10+0+0" {
		t.Errorf("floor = %s, want all free", got)
	}
}

// withStripe is a house whose money Stripe collects.
func withStripe(t *testing.T) (*house, *stripetest.Double) {
	t.Helper()
	at := start
	double := stripetest.New(t, func() time.Time { return at })
	h := newHouseWith(t, embedded.Payments{WithoutTest: true, Stripe: &embedded.Stripe{
		SecretKey: stripetest.Key, WebhookSecret: stripetest.Secret, PublishableKey: "pk_test_double", APIBase: double.URL,
	}})
	return h, double
}

func stripeBody(holdID, method string) map[string]any {
	return map[string]any{"holdId": holdID, "payment": map[string]any{"provider": "stripe", "token": method}}
}

func TestAProviderThatIsNotOfferedIsRefusedByItsField(t *testing.T) {
	t.Parallel()
	h := newHouse(t) // by the test provider alone
	p := h.performance(nil)
	held := h.hold("anna", p, seats("stalls", "A-1"))
	var refused struct{ Errors []struct{ Field string } }
	h.refuses(400, "invalid_request", "POST", "/tickets/orders", "anna", stripeBody(held.HoldID, "pm_card_visa")).json(t, &refused)
	if len(refused.Errors) != 1 || refused.Errors[0].Field != "payment.provider" {
		t.Errorf("errors %v", refused.Errors)
	}
	h.must(201, "POST", "/tickets/orders", "anna", orderBody(held.HoldID, "tok_ok")) // the hold lives on
}

// deliver sends webhooks of Stripe as they are.
func (h *house) deliver(webhooks ...stripetest.Webhook) {
	h.t.Helper()
	for _, sent := range webhooks {
		h.must(200, "POST", "/tickets/payments/webhooks/stripe", "", sent.Body, "Stripe-Signature", sent.Signature)
	}
}

func TestStripeCollectsTheMoney(t *testing.T) {
	t.Parallel()
	h, double := withStripe(t)
	p := h.performance(nil)
	ask := func(method string, status int, seat string) paidAnswer {
		t.Helper()
		held := h.hold("anna", p, seats("stalls", seat))
		var o paidAnswer
		h.must(status, "POST", "/tickets/orders", "anna", stripeBody(held.HoldID, method)).json(t, &o)
		return o
	}
	bought := ask("pm_card_visa", 201, "A-1")
	if got := double.Intents(bought.OrderID); len(got) != 1 || double.Kept(got[0]) != 4200 {
		t.Errorf("payments = %v", got)
	}
	h.refuses(402, "payment_declined", "POST", "/tickets/orders", "anna", stripeBody(h.hold("anna", p, seats("stalls", "A-2")).HoldID, "pm_card_chargeDeclined"))
	h.refuses(402, "payment_declined", "POST", "/tickets/orders", "anna", stripeBody(h.hold("anna", p, seats("stalls", "A-3")).HoldID, "pm_nonsense"))
	h.refuses(400, "invalid_request", "POST", "/tickets/orders", "anna", orderBody(h.hold("anna", p, seats("stalls", "A-4")).HoldID, "tok_ok"))
	h.refuses(404, "not_found", "POST", "/tickets/payments/webhooks/test", "", `{}`)

	waiting := ask("pm_card_authenticationRequired", 202, "B-1")
	if waiting.Payment.Status != "requires_action" || waiting.Payment.ClientSecret == "" {
		t.Errorf("payment = %+v, want what the buyer's client needs", waiting.Payment)
	}
	if got := h.paid("anna", waiting.OrderID); got.Payment != waiting.Payment {
		t.Errorf("payment read again = %+v, want %+v", got.Payment, waiting.Payment)
	}
	if got := h.paid("olga,organizer", waiting.OrderID); got.Payment.ClientSecret != "" || got.Payment.Status != "requires_action" {
		t.Errorf("the organizer sees %+v", got.Payment)
	}
	double.Finish(double.Intents(waiting.OrderID)[0], true)
	sent := double.Webhooks()
	for i := len(sent) - 1; i >= 0; i-- { // the newest first, each twice
		h.deliver(sent[i], sent[i])
	}
	if got := h.paid("anna", waiting.OrderID); got.Status != "confirmed" || got.Payment.ClientSecret != "" || got.Payment.Status != "captured" {
		t.Errorf("order = %+v", got)
	}
	h.must(200, "POST", "/tickets/orders/"+bought.OrderID+"/cancel", "anna", nil)
	if got := h.paid("anna", bought.OrderID); len(got.Refunds) != 1 || got.Refunds[0].Status != "succeeded" || !strings.HasPrefix(got.Refunds[0].Reference, "re_") {
		t.Errorf("refunds = %+v", got.Refunds)
	}
	if got := double.Kept(double.Intents(bought.OrderID)[0]); got != 0 {
		t.Errorf("Stripe keeps %d", got)
	}
	if got := len(h.events(ticketsevents.TypeOrderConfirmed)); got != 2 {
		t.Errorf("%d order.confirmed, want 2", got)
	}
}

func TestStripesSilenceIsSettledAfterwards(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		kind stripetest.Fault
	}{
		{"it failed", stripetest.ServerError},
		{"too many requests", stripetest.RateLimit},
		{"no request arrived", stripetest.Refused},
		{"the money was taken and no answer came", stripetest.Lost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, double := withStripe(t)
			p := h.performance(nil)
			held := h.hold("anna", p, seats("stalls", "A-1"))
			double.Fail("POST /v1/payment_intents", tt.kind)
			var pending paidAnswer
			h.must(202, "POST", "/tickets/orders", "anna", stripeBody(held.HoldID, "pm_card_visa")).json(t, &pending)
			double.ForgetKeys() // a day later
			h.reopen()
			h.becomes("anna", pending.OrderID, "confirmed")
			if got := double.Intents(pending.OrderID); len(got) != 1 {
				t.Errorf("%d payments, want 1", len(got))
			}
		})
	}
}

func TestACancelledPaymentAtStripeCannotBePaidAnyMore(t *testing.T) {
	t.Parallel()
	h, double := withStripe(t)
	p := h.performance(nil)
	place := func(method, seat string) (paidAnswer, string) {
		t.Helper()
		var o paidAnswer
		h.must(202, "POST", "/tickets/orders", "anna", stripeBody(h.hold("anna", p, seats("stalls", seat)).HoldID, method)).json(t, &o)
		return o, double.Intents(o.OrderID)[0]
	}
	cancel := func(o paidAnswer) paidAnswer {
		t.Helper()
		h.must(200, "POST", "/tickets/orders/"+o.OrderID+"/cancel", "anna", nil)
		return h.paid("anna", o.OrderID)
	}
	open, _ := place("pm_card_authenticationRequired", "A-1")
	if got := cancel(open); got.Payment.Status != "declined" || got.Payment.ClientSecret != "" {
		t.Errorf("payment = %+v", got.Payment)
	}
	paid, intent := place("pm_card_authenticationRequired", "A-2")
	double.Finish(intent, true) // and no webhook yet
	if got := cancel(paid); got.Payment.Status != "captured" || len(got.Refunds) != 1 || double.Kept(intent) != 0 {
		t.Errorf("order = %+v, want its money back", got)
	}
	slow, intent := place("pm_sepa", "A-3") // which nobody can stop
	if got := cancel(slow); got.Payment.Status != "pending" {
		t.Errorf("payment = %+v", got.Payment)
	}
	double.Finish(intent, true)
	h.deliver(double.Webhooks()...)
	if got := h.paid("anna", slow.OrderID); got.Status != "cancelled" || double.Kept(intent) != 0 {
		t.Errorf("order = %+v, want its money back", got)
	}
}

func TestARefundThatFailsAtStripeIsTriedAgain(t *testing.T) {
	t.Parallel()
	h, double := withStripe(t)
	p := h.performance(nil)
	buy := func(method, seat string) orderedAnswer {
		t.Helper()
		var o orderedAnswer
		h.must(201, "POST", "/tickets/orders", "anna", stripeBody(h.hold("anna", p, seats("stalls", seat)).HoldID, method)).json(t, &o)
		h.must(200, "POST", "/tickets/orders/"+o.OrderID+"/cancel", "anna", nil)
		return o
	}
	failing := buy("pm_card_refundFail", "A-1")
	slow := buy("pm_card_pendingRefund", "A-2")
	for _, o := range []orderedAnswer{failing, slow} {
		if got := h.paid("anna", o.OrderID); len(got.Refunds) != 1 || got.Refunds[0].Status != "pending" {
			t.Errorf("refunds = %+v", got.Refunds)
		}
	}
	if got := len(h.events(ticketsevents.TypeOrderRefunded)); got != 0 {
		t.Errorf("%d order.refunded, want none yet", got)
	}
	double.FinishRefund(h.paid("anna", slow.OrderID).Refunds[0].Reference, true)
	h.deliver(double.Webhooks()...)
	h.deliver(double.Webhooks()...)
	if got := h.paid("anna", slow.OrderID).Refunds[0]; got.Status != "succeeded" {
		t.Errorf("refund = %+v", got)
	}
	if got := len(h.events(ticketsevents.TypeOrderRefunded)); got != 1 {
		t.Errorf("%d order.refunded, want 1", got)
	}
	// A report of another refund at Stripe is none of this one.
	settled := h.paid("anna", slow.OrderID).Refunds[0]
	foreign := stripetest.Event("refund.failed", map[string]any{"id": "re_other", "object": "refund", "status": "failed", "metadata": map[string]any{
		"source": "ticketmesh", "order_id": slow.OrderID, "refund_id": settled.RefundID, "attempt": "1",
	}})
	h.deliver(stripetest.Webhook{Body: string(foreign), Signature: stripetest.Sign(foreign, stripetest.Secret, time.Now())})
	if got := h.paid("anna", slow.OrderID).Refunds[0]; got.Status != "succeeded" || got.Reference != settled.Reference {
		t.Errorf("refund = %+v, want %+v", got, settled)
	}
	h.eventually("the refund is given up", func() bool {
		h.clock.Advance(5 * time.Hour)
		h.reopen()
		return h.paid("anna", failing.OrderID).Refunds[0].Status == "failed"
	})
	tried := 0
	for _, sent := range double.Webhooks() {
		if sent.Type == "refund.created" {
			tried++
		}
	}
	if tried != 1+order.RefundAttempts {
		t.Errorf("%d refunds were made, want one of the slow and %d of the failing", tried, order.RefundAttempts)
	}
	// One that the bank sends back afterwards is flagged.
	double.FinishRefund(h.paid("anna", slow.OrderID).Refunds[0].Reference, false)
	h.deliver(double.Webhooks()...)
	if got := h.paid("anna", slow.OrderID).Refunds[0]; got.Status != "failed" {
		t.Errorf("refund = %+v", got)
	}
}

// TestMoneyWithoutAnOrderIsFound takes money that no webhook told of: the list of
// captures does.
func TestMoneyWithoutAnOrderIsFound(t *testing.T) {
	t.Parallel()
	h, double := withStripe(t)
	p := h.performance(nil)
	var waiting paidAnswer
	h.must(202, "POST", "/tickets/orders", "anna", stripeBody(h.hold("anna", p, seats("stalls", "A-1")).HoldID, "pm_card_authenticationRequired")).json(t, &waiting)
	double.Finish(double.Intents(waiting.OrderID)[0], true)
	ours := map[string]string{"source": "ticketmesh", "order_id": waiting.OrderID}
	twice := double.Pay(4200, "eur", ours)
	lost := double.Pay(1500, "eur", map[string]string{"source": "ticketmesh", "order_id": id.New().String()})
	other := double.Pay(9900, "eur", nil)
	h.eventually("the list of captures was begun", func() bool { // at the first start there is nothing before
		h.reopen()
		return h.paid("anna", waiting.OrderID).Status == "confirmed"
	})
	h.eventually("the money went back", func() bool { return double.Kept(twice) == 0 && double.Kept(lost) == 0 })
	if got := double.Kept(other); got != 9900 {
		t.Errorf("of another shop's payment %d is left", got)
	}
	if got := h.paid("anna", waiting.OrderID); len(got.Refunds) != 1 || got.Refunds[0].Reason != "paid_twice" {
		t.Errorf("refunds = %+v", got.Refunds)
	}
	if got := double.Kept(double.Intents(waiting.OrderID)[0]); got != 4200 {
		t.Errorf("of the order's payment %d is left", got)
	}
}
