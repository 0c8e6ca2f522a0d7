package order_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
)

func TestARefundIsTriedAgainAndGivenUp(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	done := payment.RefundResult{Status: payment.RefundDone, Reference: "re_1"}
	pending := payment.RefundResult{Status: payment.RefundPending, Reference: "re_1"}
	failed := payment.RefundResult{Status: payment.RefundFailed, Reference: "re_1", Reason: "lost_card"}
	type answer struct {
		attempt int
		result  payment.RefundResult
		news    bool
	}
	tests := []struct {
		name    string
		give    []answer
		want    payment.RefundStatus
		attempt int
		due     time.Duration
	}{
		{"done", []answer{{1, done, true}}, payment.RefundDone, 1, 0},
		{"done twice", []answer{{1, done, true}, {1, done, false}}, payment.RefundDone, 1, 0},
		{"accepted", []answer{{1, pending, true}}, payment.RefundPending, 1, 10 * time.Minute},
		{"accepted and done", []answer{{1, pending, true}, {1, done, true}, {1, pending, false}}, payment.RefundDone, 1, 10 * time.Minute},
		{"failed once", []answer{{1, failed, true}}, payment.RefundPending, 2, time.Hour},
		{"what is said of an earlier attempt is stale", []answer{{1, failed, true}, {1, done, false}, {1, failed, false}}, payment.RefundPending, 2, time.Hour},
		{"failed and done", []answer{{1, failed, true}, {2, done, true}}, payment.RefundDone, 2, time.Hour},
		{"given up", []answer{{1, failed, true}, {2, failed, true}, {3, failed, true}, {4, failed, true}, {5, failed, true}, {5, done, false}}, payment.RefundFailed, 5, 4 * time.Hour},
		{"sent back by the bank", []answer{{1, done, true}, {1, failed, true}, {1, failed, false}}, payment.RefundFailed, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOrder()
			o.Confirm("pi_1", nil)
			r := order.NewRefund(id.New(), o, eur(0), eur(price), "ill", now)
			for i, said := range tt.give {
				if got := r.Answer(said.attempt, said.result, now); got != said.news {
					t.Errorf("answer %d is news: %t, want %t", i, got, said.news)
				}
			}
			if r.Status != tt.want || r.Attempt != tt.attempt || !r.DueAt.Equal(now.Add(tt.due)) {
				t.Errorf("refund = %+v, want %s at attempt %d, due in %s", r, tt.want, tt.attempt, tt.due)
			}
			if r.Charge != "pi_1" || r.Provider != "test" || r.OrderID != o.ID {
				t.Errorf("refund is of %s at %s, order %s", r.Charge, r.Provider, r.OrderID)
			}
		})
	}
}

func TestOnlyMoneyUnderAnotherReferenceIsASurplus(t *testing.T) {
	t.Parallel()
	o := newOrder()
	if o.IsSurplus("pi_1") {
		t.Error("the first payment is a surplus")
	}
	o.Confirm("pi_1", nil)
	if o.IsSurplus("pi_1") || !o.IsSurplus("pi_2") {
		t.Error("the payment is a surplus, or the second is none")
	}
}

func TestTheClientSecretEndsWithThePayment(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*order.Order){
		"captured":  func(o *order.Order) { o.Confirm("pi_1", nil) },
		"declined":  func(o *order.Order) { o.Decline("card_declined") },
		"cancelled": func(o *order.Order) { _, _, _ = o.Cancel(order.FeesKept) },
	} {
		o := newOrder()
		o.Pend("pi_1", "secret", o.CreatedAt)
		if o.Payment.ClientSecret != "secret" {
			t.Errorf("pending: %+v", o.Payment)
		}
		if end(&o); o.Payment.ClientSecret != "" {
			t.Errorf("%s: %+v", name, o.Payment)
		}
	}
	o := newOrder()
	if o.Recheck(o.CreatedAt.Add(time.Hour)) {
		t.Error("a payment that was never asked for is asked about later")
	}
	_, _, _ = o.Cancel(order.FeesKept)
	if o.Pend("pi_1", "secret", o.CreatedAt); o.Payment.ClientSecret != "" {
		t.Error("a cancelled order can be paid")
	}
}

// TestReturnsGiveBackWhatWasPaid refunds the tickets of an order one after the
// other, in full or with fees kept, and then what is left.
func TestReturnsGiveBackWhatWasPaid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cheap := rapid.Bool().Draw(t, "the last costs nothing")
		o := newOrder()
		worth := []int64{price, price, price}
		if cheap {
			o.Items[1].Refund, worth[2], o.Total = eur(0), 0, eur(total-price)
		}
		if !o.Confirm("ref", []id.ID{id.New(), id.New(), id.New()}) {
			t.Fatal("it is not confirmed")
		}
		given, full := int64(0), true
		for left := 2; left >= 0; left-- {
			terms := rapid.SampledFrom([]order.Terms{order.FeesKept, order.InFull}).Draw(t, "terms")
			amount := eur(worth[2-left])
			if terms == order.InFull {
				kept, err := o.KeptOf(1)
				if err != nil || kept != eur(fees/3) {
					t.Fatalf("KeptOf() = %v, %v", kept, err)
				}
				amount.Amount += kept.Amount
			}
			full = terms == order.InFull
			if left == 0 && rapid.Bool().Draw(t, "cancelled") {
				due, _, err := o.Cancel(terms)
				if err != nil || due.Amount < 0 {
					t.Fatalf("Cancel() = %v, %v", due, err)
				}
				given += due.Amount
				break
			}
			due, err := o.Refund(amount, left, terms)
			if err != nil || due.Amount < 0 {
				t.Fatalf("Refund() = %v, %v", due, err)
			}
			given += due.Amount
		}
		if o.Refunded.Amount != given || given > o.Total.Amount || full && given != o.Total.Amount || given < o.Total.Amount-fees {
			t.Fatalf("given back %d of %d, the order says %d", given, o.Total.Amount, o.Refunded.Amount)
		}
	})
}
