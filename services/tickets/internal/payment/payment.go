// Package payment is the collecting and returning of money by a provider. A
// request is stored before it is sent and sent again as it is, so that no crash
// charges twice or forgets a charge.
package payment

import (
	"errors"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
)

var (
	// ErrUnknownProvider reports a provider that is not configured.
	ErrUnknownProvider = errors.New("unknown payment provider")
	// ErrNoCharge reports an order that the provider was never asked to charge.
	ErrNoCharge = errors.New("provider knows no charge of the order")
	// ErrUnsigned reports a webhook that the provider did not sign, or too long ago.
	ErrUnsigned = errors.New("webhook is not signed by the provider")
	// ErrUnavailable reports that the provider's keys cannot be had at the moment.
	ErrUnavailable = errors.New("payment provider's keys are not available")
)

// Status is how far a payment has come.
type Status string

// The states of a payment.
const (
	Requested Status = "requested" // stored; perhaps sent, perhaps not
	Pending   Status = "pending"   // the provider will report later
	Captured  Status = "captured"
	Declined  Status = "declined"
)

// Reasons of a refusal that are not the provider's.
const (
	// ReasonExpired is of a payment that nothing was heard of for too long.
	ReasonExpired = "payment_expired"
	// ReasonCancelled is of a payment that was ended before money moved.
	ReasonCancelled = "payment_cancelled"
)

// Payment is the payment of one order.
type Payment struct {
	Provider     string
	Token        string
	Status       Status
	Reference    string // the provider's id of it
	ClientSecret string // while the buyer has to do something: what their client needs for it
	Reason       string // why it was declined, as a stable code
	RequestedAt  time.Time
	CheckAt      time.Time // while it is open: when the provider is asked about it
}

// ChargeRequest asks a provider to collect money. The provider must treat two
// requests with one OrderID as one.
type ChargeRequest struct {
	OrderID id.ID
	Amount  money.Money
	Token   string
}

// ChargeResult is how far a charge has come: Captured, Pending or Declined.
type ChargeResult struct {
	Status       Status
	Reference    string
	ClientSecret string // of a pending one that waits for the buyer
	Reason       string // of a declined one, as a stable code
}

// ChargeQuery names the charge of an order.
type ChargeQuery struct {
	OrderID   id.ID
	Reference string    // empty when the answer to the request was not heard
	Since     time.Time // it was not asked for before
}

// RefundStatus is how far a refund has come.
type RefundStatus string

// The states of a refund.
const (
	RefundPending RefundStatus = "pending"
	RefundDone    RefundStatus = "done"
	RefundFailed  RefundStatus = "failed"
)

// RefundRequest asks a provider to give money back. The provider must treat two
// requests with one RefundID and Attempt as one.
type RefundRequest struct {
	RefundID  id.ID
	Attempt   int // counts from 1; another one is made once the last has failed
	OrderID   id.ID
	Charge    string // the provider's id of the payment that the money is of
	Reference string // the provider's id of the refund, once it is known
	Amount    money.Money
	// Before is what refunds of the charge that were stored earlier give back. A
	// provider with coarser units rounds the sum, so that roundings do not add up.
	Before money.Money
}

// RefundResult is how far a refund has come.
type RefundResult struct {
	Status    RefundStatus
	Reference string
	Reason    string // of a failed one, as a stable code
}

// Notice is what a provider reports of a payment on its own.
type Notice struct {
	ID        string
	OrderID   id.ID
	Status    Status // Captured or Declined
	Reference string
	Reason    string      // of a declined one, as a stable code
	Amount    money.Money // that was captured; zero when the provider does not say
	At        time.Time   // when it was captured, by the provider's clock
	// Marked says that the payment was made by a request of this service, whether
	// or not the order is known.
	Marked bool
}

// RefundNotice is what a provider reports of a refund on its own.
type RefundNotice struct {
	RefundID id.ID
	Attempt  int
	Result   RefundResult
}

// Report is what a webhook says: of a payment, of a refund, or nothing that matters.
type Report struct {
	Notice *Notice
	Refund *RefundNotice
}
