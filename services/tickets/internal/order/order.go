// Package order is a hold on its way to paid tickets and, sometimes, back. The
// table of its states and what moves it is in docs/orders.md.
package order

import (
	"errors"
	"slices"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/pricing"
)

var (
	// ErrNotFound reports an order that does not exist or is somebody else's.
	ErrNotFound = errors.New("order not found")
	// ErrNotCancellable reports an order that has nothing to cancel any more.
	ErrNotCancellable = errors.New("order cannot be cancelled")
	// ErrNotRefundable reports an order without money to give back.
	ErrNotRefundable = errors.New("order cannot be refunded")
	// ErrAlreadyRefunded reports a ticket that was refunded before.
	ErrAlreadyRefunded = errors.New("ticket was refunded before")
	// ErrUnknownTicket reports a ticket that is not of the order.
	ErrUnknownTicket = errors.New("ticket is not of the order")
)

// DeclinedError says that the payment of an order was declined.
type DeclinedError struct {
	OrderID id.ID
	Reason  string
}

// Error implements error.
func (e *DeclinedError) Error() string { return "payment was declined: " + e.Reason }

// Status is the state of an order.
type Status string

// The states of an order.
const (
	PendingPayment    Status = "pending_payment"
	Confirmed         Status = "confirmed"
	Declined          Status = "declined"
	Cancelled         Status = "cancelled"
	PartiallyRefunded Status = "partially_refunded"
	Refunded          Status = "refunded"
)

// CancelReason says why an order was cancelled.
type CancelReason string

// The reasons.
const (
	ByCustomer           CancelReason = "customer"
	ByOrganizer          CancelReason = "organizer"
	PerformanceCancelled CancelReason = "performance_cancelled"
	PaymentTooLate       CancelReason = "payment_too_late"
)

// Order is what a customer buys. Version counts its changes from 1.
type Order struct {
	ID            id.ID
	Code          string
	HoldID        id.ID
	PerformanceID id.ID
	ShowID        id.ID
	OrganizerID   string
	CustomerID    string
	Email         string
	Language      string
	Status        Status
	Items         []hold.Item
	Extras        pricing.Extras // what is charged beside the prices
	Total         money.Money
	Refunded      money.Money // given back, or about to be
	Payment       payment.Payment
	TicketIDs     []id.ID // once confirmed
	CreatedAt     time.Time
	Version       int
}

// Uses returns what a ticket of the order has of quotas: tickets are issued in
// the order of the items' places.
func (o *Order) Uses(ticketID id.ID) []hold.Use {
	n := slices.Index(o.TicketIDs, ticketID)
	for _, item := range o.Items {
		if n >= 0 && n < item.Quantity() {
			return item.UsesOf(n)
		}
		n -= item.Quantity()
	}
	return nil
}

// AwaitsPayment reports whether the provider's answer is still wanted.
func (o *Order) AwaitsPayment() bool { return o.Status == PendingPayment }

// Over reports whether there is nothing to cancel any more.
func (o *Order) Over() bool {
	return o.Status == Cancelled || o.Status == Declined || o.Status == Refunded
}

// Pend records that the provider will report later; when it has not until
// checkAt it is asked. An order that was cancelled meanwhile stays cancelled.
func (o *Order) Pend(reference, clientSecret string, checkAt time.Time) bool {
	if o.Status != PendingPayment && o.Status != Cancelled || o.Payment.Status != payment.Requested {
		return false
	}
	o.Payment.Status, o.Payment.Reference, o.Payment.CheckAt = payment.Pending, reference, checkAt
	if o.Status == PendingPayment {
		o.Payment.ClientSecret = clientSecret
	}
	o.Version++
	return true
}

// Recheck records that the provider was asked about a pending payment, knew
// nothing new, and is asked again at the time.
func (o *Order) Recheck(at time.Time) bool {
	if o.Payment.Status != payment.Pending {
		return false
	}
	o.Payment.CheckAt = at
	o.Version++
	return true
}

// Confirm records the captured payment and the tickets issued for it. It
// reports false, and changes nothing, when the payment was captured before or
// the order was cancelled.
func (o *Order) Confirm(reference string, ticketIDs []id.ID) bool {
	if !o.TakesCapture() || o.Status == Cancelled {
		return false
	}
	o.Status, o.TicketIDs = Confirmed, ticketIDs
	o.captured(reference)
	return true
}

// TakesCapture reports whether a captured payment would be news: the order
// waits for it, or had been declined or cancelled before.
func (o *Order) TakesCapture() bool {
	return o.Status == PendingPayment || o.Status == Declined || o.Status == Cancelled && o.Payment.Status != payment.Captured
}

// CaptureTooLate records a captured payment whose places are gone: the order is
// cancelled and all of the money goes back.
func (o *Order) CaptureTooLate(reference string) bool {
	if !o.TakesCapture() {
		return false
	}
	o.Status, o.Refunded = Cancelled, o.Total
	o.captured(reference)
	return true
}

func (o *Order) captured(reference string) {
	o.Payment.Status, o.Payment.Reference, o.Payment.Reason, o.Payment.ClientSecret = payment.Captured, reference, "", ""
	o.Version++
}

// IsSurplus reports whether captured money is of a payment too many: the order
// was paid before, by a payment with another reference.
func (o *Order) IsSurplus(reference string) bool {
	return o.Payment.Status == payment.Captured && reference != o.Payment.Reference
}

// Decline records that the provider refused. It reports false when that is no
// news: a refusal that arrives after the money did is stale. An order that was
// cancelled meanwhile stays cancelled, and its payment is settled.
func (o *Order) Decline(reason string) bool {
	unsettled := o.Payment.Status == payment.Requested || o.Payment.Status == payment.Pending
	switch {
	case o.Status == PendingPayment:
		o.Status = Declined
	case o.Status != Cancelled || !unsettled:
		return false
	}
	o.Payment.Status, o.Payment.Reason, o.Payment.ClientSecret = payment.Declined, reason, ""
	o.Version++
	return true
}

// Terms say how much of a paid order is given back.
type Terms int

// The terms.
const (
	FeesKept Terms = iota // all but the fees that are not refundable
	InFull                // all of it: the performance does not take place, or not then
)

// KeptOf returns so many tickets' share of what FeesKept does not give back,
// rounded down: what is left over comes with the last ticket.
func (o *Order) KeptOf(tickets int) (money.Money, error) {
	returnable, err := o.returnable(FeesKept)
	if err != nil {
		return money.Money{}, err
	}
	kept, err := o.Total.Sub(returnable)
	if err != nil {
		return money.Money{}, err
	}
	if kept, err = kept.Mul(int64(tickets)); err != nil {
		return money.Money{}, err
	}
	kept.Amount /= int64(len(o.TicketIDs))
	return kept, nil
}

// returnable is how much is given back of the order in all.
func (o *Order) returnable(terms Terms) (money.Money, error) {
	if terms == InFull {
		return o.Total, nil
	}
	sum := o.Extras.Returnable
	for _, item := range o.Items {
		part, err := item.Refund.Mul(int64(item.Quantity()))
		if err != nil {
			return money.Money{}, err
		}
		if sum, err = sum.Add(part); err != nil {
			return money.Money{}, err
		}
	}
	return sum, nil
}

// left is what of most was not given back yet. Nothing, when other terms gave more
// back before.
func (o *Order) left(most money.Money) (money.Money, error) {
	due, err := most.Sub(o.Refunded)
	due.Amount = max(0, due.Amount)
	return due, err
}

// Refund gives money back for tickets and returns how much: amount, which is
// what they are worth, or with the last of them what is left to give back. It is
// never more than the terms allow: that is ErrNotRefundable.
func (o *Order) Refund(amount money.Money, ticketsLeft int, terms Terms) (due money.Money, err error) {
	if o.Status != Confirmed && o.Status != PartiallyRefunded {
		return money.Money{}, ErrNotRefundable
	}
	most, err := o.returnable(terms)
	if err != nil {
		return money.Money{}, err
	}
	if due = amount; ticketsLeft == 0 {
		if due, err = o.left(most); err != nil {
			return money.Money{}, err
		}
	}
	refunded, err := o.Refunded.Add(due)
	if err != nil || refunded.Amount > most.Amount && !due.IsZero() {
		return money.Money{}, ErrNotRefundable
	}
	o.Refunded, o.Status = refunded, PartiallyRefunded
	if ticketsLeft == 0 {
		o.Status = Refunded
	}
	o.Version++
	return due, nil
}

// Cancel ends the order. due is what of the paid money the terms give back and
// was not given back yet. An order that is cancelled already reports changed
// false.
func (o *Order) Cancel(terms Terms) (due money.Money, changed bool, err error) {
	switch o.Status {
	case Cancelled:
		return money.Money{}, false, nil
	case Declined, Refunded:
		return money.Money{}, false, ErrNotCancellable
	case PendingPayment, Confirmed, PartiallyRefunded:
	}
	if o.Payment.Status == payment.Captured {
		most, err := o.returnable(terms)
		if err != nil {
			return money.Money{}, false, err
		}
		if due, err = o.left(most); err != nil {
			return money.Money{}, false, err
		}
		if o.Refunded, err = o.Refunded.Add(due); err != nil {
			return money.Money{}, false, err
		}
	}
	o.Status = Cancelled
	o.Payment.ClientSecret, o.Payment.CheckAt = "", o.Payment.RequestedAt // nobody is to pay it, which the provider has to hear
	o.Version++
	return due, true, nil
}
