package order

import (
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/payment"
)

const (
	// RefundAttempts is how often a refund that fails at the provider is tried.
	RefundAttempts = 5
	// refundRetry is how long after a failure, and again as long after each more.
	refundRetry = time.Hour
	// refundPoll is how often a provider is asked about a refund that it accepted.
	refundPoll = 10 * time.Minute
)

// Refund is money on its way back. It is stored before the provider is asked
// and asked for again, under the same id and attempt, until there is an answer.
type Refund struct {
	ID       id.ID
	OrderID  id.ID
	Provider string
	Charge   string // the provider's id of the payment that the money is of
	Amount   money.Money
	// Before is what was stored to be given back of the order before this one.
	Before    money.Money
	TicketIDs []id.ID
	Reason    string
	// Surplus says that the money is of a payment too many, not of what the order
	// was paid with.
	Surplus   bool
	Status    payment.RefundStatus
	Reference string // the provider's id of it
	Failure   string // why the provider failed last, as a stable code
	Attempt   int    // counts from 1
	DueAt     time.Time
	CreatedAt time.Time
}

// NewRefund returns a refund of amount from what the order was paid with.
func NewRefund(refundID id.ID, of Order, before, amount money.Money, reason string, now time.Time) Refund {
	return Refund{
		ID: refundID, OrderID: of.ID, Provider: of.Payment.Provider, Charge: of.Payment.Reference, Amount: amount, Before: before, Reason: reason,
		Status: payment.RefundPending, Attempt: 1, DueAt: now, CreatedAt: now,
	}
}

// Answer records what the provider said about an attempt and reports whether
// that is news. A failed attempt is followed by another until there were
// RefundAttempts. One that was done and fails afterwards, as when a bank sends
// the money back, stays failed: whom it belongs to has to be asked.
func (r *Refund) Answer(attempt int, result payment.RefundResult, now time.Time) bool {
	if attempt != r.Attempt || r.Status == payment.RefundFailed || r.Status == payment.RefundDone && result.Status != payment.RefundFailed {
		return false
	}
	switch result.Status {
	case payment.RefundDone:
		r.Status, r.Reference, r.Failure = payment.RefundDone, result.Reference, ""
	case payment.RefundPending:
		r.Reference, r.DueAt = result.Reference, now.Add(refundPoll)
	case payment.RefundFailed:
		r.Failure = result.Reason
		if r.Status == payment.RefundDone || r.Attempt == RefundAttempts {
			r.Status, r.Reference = payment.RefundFailed, result.Reference
			break
		}
		r.DueAt = now.Add(time.Duration(r.Attempt) * refundRetry)
		r.Reference = ""
		r.Attempt++
	}
	return true
}
