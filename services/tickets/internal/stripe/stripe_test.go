package stripe_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/stripe"
	"ticketmesh.dev/services/tickets/internal/stripe/stripetest"
)

func request(method string, amount int64, currency string) payment.ChargeRequest {
	return payment.ChargeRequest{OrderID: id.New(), Amount: money.Money{Amount: amount, Currency: currency}, Token: method}
}

func TestRefusalsHaveStableReasons(t *testing.T) {
	t.Parallel()
	provider, _, _ := open(t)
	for method, want := range map[string]string{
		"pm_card_chargeDeclined":                  "card_declined",
		"pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
		"pm_card_chargeDeclinedStolenCard":        "card_declined", // which is not for whoever holds it
		"pm_card_chargeDeclinedExpiredCard":       "expired_card",
		"pm_nonsense":                             "refused_by_provider",
	} {
		got, err := provider.Charge(t.Context(), request(method, 4200, "EUR"))
		if err != nil || got.Status != payment.Declined || got.Reason != want {
			t.Errorf("%s = %+v, %v, want %s", method, got, err, want)
		}
	}
}

// TestWhatIsNoAnswerIsAnError holds what says nothing about the payment apart
// from refusals, and every secret out of what is logged.
func TestWhatIsNoAnswerIsAnError(t *testing.T) {
	t.Parallel()
	_, double, _ := open(t)
	var log bytes.Buffer
	open := func(key string) *stripe.Provider {
		return stripe.New(stripe.Config{SecretKey: key, APIBase: double.URL, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	}
	r := request("pm_card_visa", 4200, "EUR")
	other := r
	other.Amount.Amount++
	if _, err := open(stripetest.Key).Charge(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		key   string
		fault stripetest.Fault
		give  payment.ChargeRequest
	}{
		{"a key of nobody", "sk_of_nobody", 0, request("pm_card_visa", 1, "EUR")},
		{"too many requests", stripetest.Key, stripetest.RateLimit, request("pm_card_visa", 1, "EUR")},
		{"a failure", stripetest.Key, stripetest.ServerError, request("pm_card_visa", 1, "EUR")},
		{"no answer", stripetest.Key, stripetest.Refused, request("pm_card_visa", 1, "EUR")},
		{"another request for the same order", stripetest.Key, 0, other},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.fault != 0 {
				double.Fail("POST /v1/payment_intents", tt.fault)
			}
			got, err := open(tt.key).Charge(t.Context(), tt.give)
			if err == nil {
				t.Fatalf("Charge() = %+v, want an error", got)
			}
			if text := err.Error() + log.String(); strings.Contains(text, tt.key) {
				t.Errorf("the key is told: %s", text)
			}
		})
	}
	if got, err := open("sk_of_nobody").Refund(t.Context(), payment.RefundRequest{RefundID: id.New(), Attempt: 1, Charge: "pi_1", Amount: r.Amount}); err == nil {
		t.Errorf("Refund() with a key of nobody = %+v, want an error", got)
	}
}

func TestRefundsAddUpWhereStripeRounds(t *testing.T) {
	t.Parallel()
	provider, double, _ := open(t)
	kwd := func(amount int64) money.Money { return money.Money{Amount: amount, Currency: "KWD"} }
	r := request("pm_card_visa", 3*1005, "KWD")
	charge, err := provider.Charge(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if got := double.Kept(charge.Reference); got != 3020 {
		t.Errorf("captured %d, want 3020", got)
	}
	for part := range int64(3) {
		got, err := provider.Refund(t.Context(), payment.RefundRequest{
			RefundID: id.New(), Attempt: 1, OrderID: r.OrderID, Charge: charge.Reference, Amount: kwd(1005), Before: kwd(part * 1005),
		})
		if err != nil || got.Status != payment.RefundDone {
			t.Errorf("part %d = %+v, %v", part, got, err)
		}
	}
	if got := double.Kept(charge.Reference); got != 0 {
		t.Errorf("%d is left", got)
	}
	got, err := provider.Refund(t.Context(), payment.RefundRequest{RefundID: id.New(), Attempt: 1, Charge: charge.Reference, Amount: kwd(4)})
	if err != nil || got.Status != payment.RefundDone {
		t.Errorf("less than Stripe counts = %+v, %v, want it to be done", got, err)
	}
}

// TestARefundIsFoundWithoutItsKey: Stripe forgets idempotency keys after a day.
func TestARefundIsFoundWithoutItsKey(t *testing.T) {
	t.Parallel()
	provider, double, _ := open(t)
	r := request("pm_card_visa", 4200, "EUR")
	charge, err := provider.Charge(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	double.Fail("POST /v1/refunds", stripetest.Lost)
	refund := payment.RefundRequest{RefundID: id.New(), Attempt: 1, OrderID: r.OrderID, Charge: charge.Reference, Amount: money.Money{Amount: 1000, Currency: "EUR"}}
	if got, err := provider.Refund(t.Context(), refund); err == nil {
		t.Fatalf("Refund() = %+v, want an error", got)
	}
	double.ForgetKeys()
	if got, err := provider.Refund(t.Context(), refund); err != nil || got.Status != payment.RefundDone || double.Kept(charge.Reference) != 3200 {
		t.Errorf("Refund() = %+v, %v, and %d is left, want 3200", got, err, double.Kept(charge.Reference))
	}
	refund.RefundID, refund.Charge = id.New(), "pi_unheard_of"
	if got, err := provider.Refund(t.Context(), refund); err != nil || got.Status != payment.RefundFailed {
		t.Errorf("of no payment: %+v, %v, want failed", got, err)
	}
}

func TestAPaymentThatCannotBeStoppedIsPending(t *testing.T) {
	t.Parallel()
	provider, double, _ := open(t)
	r := request("pm_sepa", 4200, "EUR")
	charge, err := provider.Charge(t.Context(), r)
	if err != nil || charge.Status != payment.Pending || charge.ClientSecret != "" {
		t.Fatalf("Charge() = %+v, %v", charge, err)
	}
	query := payment.ChargeQuery{OrderID: r.OrderID, Reference: charge.Reference, Since: start}
	if got, err := provider.Cancel(t.Context(), query); err != nil || got.Status != payment.Pending {
		t.Errorf("Cancel() = %+v, %v, want pending", got, err)
	}
	double.Finish(charge.Reference, false)
	if got, err := provider.Cancel(t.Context(), query); err != nil || got.Status != payment.Declined {
		t.Errorf("Cancel() of a refused one = %+v, %v, want declined", got, err)
	}
	if sent := double.Webhooks(); sent[len(sent)-1].Type != "payment_intent.canceled" {
		t.Errorf("last event is %s: another card could still pay it", sent[len(sent)-1].Type)
	}
}

func TestWebhooksSayWhatHappened(t *testing.T) {
	t.Parallel()
	orderID, refundID := id.New(), id.New()
	metadata := map[string]any{"order_id": orderID.String(), "source": "ticketmesh"}
	intent := func(more map[string]any) map[string]any {
		of := map[string]any{"id": "pi_1", "object": "payment_intent", "amount_received": 4200, "currency": "eur", "metadata": metadata}
		for key, value := range more {
			of[key] = value
		}
		return of
	}
	refund := func(status string) map[string]any {
		return map[string]any{"id": "re_1", "object": "refund", "status": status, "metadata": map[string]any{
			"order_id": orderID.String(), "refund_id": refundID.String(), "attempt": "2", "source": "ticketmesh",
		}}
	}
	hooks := stripe.Webhooks{Secret: stripetest.Secret}
	read := func(body []byte) (payment.Report, error) {
		return hooks.Read(t.Context(), http.Header{"Stripe-Signature": {stripetest.Sign(body, stripetest.Secret, time.Now())}}, body)
	}
	tests := []struct {
		eventType string
		about     map[string]any
		want      string
	}{
		{"payment_intent.succeeded", intent(nil), "captured pi_1 4200 true"},
		{"payment_intent.payment_failed", intent(map[string]any{"last_payment_error": map[string]any{"type": "card_error", "code": "expired_card"}}), "declined pi_1 expired_card"},
		{"payment_intent.canceled", intent(nil), "declined pi_1 payment_cancelled"},
		{"refund.created", refund("pending"), "refund re_1 pending"},
		{"refund.updated", refund("succeeded"), "refund re_1 done"},
		{"refund.failed", refund("failed"), "refund re_1 failed"},
		{"refund.updated", map[string]any{"id": "re_2", "object": "refund", "status": "succeeded"}, "nothing"},
		{"payment_intent.created", intent(nil), "nothing"},
		{"charge.dispute.created", map[string]any{"id": "dp_1"}, "nothing"},
	}
	for _, tt := range tests {
		t.Run(tt.eventType+" "+tt.want, func(t *testing.T) {
			t.Parallel()
			report, err := read(stripetest.Event(tt.eventType, tt.about))
			got := "nothing"
			switch n, r := report.Notice, report.Refund; {
			case n != nil && n.OrderID != orderID || r != nil && (r.RefundID != refundID || r.Attempt != 2):
				t.Fatalf("report = %+v, %+v", n, r)
			case n != nil && n.Status == payment.Captured:
				got = strings.Join([]string{"captured", n.Reference, "4200", "true"}, " ")
				if n.Amount.Amount != 4200 || n.Amount.Currency != "EUR" || !n.Marked {
					t.Errorf("notice = %+v", n)
				}
			case n != nil:
				got = strings.Join([]string{string(n.Status), n.Reference, n.Reason}, " ")
			case r != nil:
				got = strings.Join([]string{"refund", r.Result.Reference, string(r.Result.Status)}, " ")
			}
			if err != nil || got != tt.want {
				t.Errorf("says %q, %v, want %q", got, err, tt.want)
			}
		})
	}
	body := stripetest.Event("payment_intent.succeeded", intent(nil))
	for name, signature := range map[string]string{
		"no signature": "", "nonsense": "x", "another secret": stripetest.Sign(body, "whsec_other", time.Now()),
		"another body": stripetest.Sign(append(body[:len(body):len(body)], ' '), stripetest.Secret, time.Now()),
		"too old":      stripetest.Sign(body, stripetest.Secret, time.Now().Add(-6*time.Minute)),
	} {
		if _, err := hooks.Read(t.Context(), http.Header{"Stripe-Signature": {signature}}, body); !errors.Is(err, payment.ErrUnsigned) {
			t.Errorf("%s: %v, want ErrUnsigned", name, err)
		}
	}
	var old map[string]any
	if err := json.Unmarshal(body, &old); err != nil {
		t.Fatal(err)
	}
	old["api_version"] = "2024-06-20"
	outdated, err := json.Marshal(old)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(outdated); err == nil || errors.Is(err, payment.ErrUnsigned) {
		t.Errorf("an event of an old version: %v, want an error about it", err)
	}
}

func FuzzWebhook(f *testing.F) {
	f.Add(stripetest.Event("payment_intent.succeeded", map[string]any{"id": "pi_1", "currency": "eur", "metadata": map[string]any{"order_id": "x"}}))
	f.Add(stripetest.Event("refund.updated", map[string]any{"id": "re_1", "metadata": map[string]any{"refund_id": id.New().String(), "attempt": "x"}}))
	f.Add([]byte(`{"object":"event","type":"refund.updated","api_version":"` + stripe.Version + `"}`))
	f.Add([]byte(`{}`))
	hooks := stripe.Webhooks{Secret: stripetest.Secret}
	f.Fuzz(func(t *testing.T, body []byte) {
		report, err := hooks.Read(t.Context(), http.Header{"Stripe-Signature": {stripetest.Sign(body, stripetest.Secret, time.Now())}}, body)
		if errors.Is(err, payment.ErrUnsigned) {
			t.Errorf("signed, and refused: %v", err)
		}
		if err == nil && report.Refund != nil && report.Refund.RefundID == id.Nil {
			t.Errorf("a refund of nobody: %+v", report.Refund)
		}
	})
}
