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

// ErrUnknownProvider reports a provider that is not configured.
var ErrUnknownProvider = errors.New("unknown payment provider")

// Status is how far a payment has come.
type Status string

// The states of a payment.
const (
	Requested Status = "requested" // stored; perhaps sent, perhaps not
	Pending   Status = "pending"   // the provider will report later
	Captured  Status = "captured"
	Declined  Status = "declined"
)

// Payment is the payment of one order.
type Payment struct {
	Provider    string
	Token       string
	Status      Status
	Reference   string // the provider's id of it
	Reason      string // why it was declined, as a stable code
	RequestedAt time.Time
}

// ChargeRequest asks a provider to collect money. The provider must treat two
// requests with one OrderID as one.
type ChargeRequest struct {
	OrderID id.ID
	Amount  money.Money
	Token   string
}

// ChargeResult is what the provider says at once: Captured, Pending or Declined.
type ChargeResult struct {
	Status    Status
	Reference string
	Reason    string
}

// RefundRequest asks a provider to give money back. The provider must treat two
// requests with one RefundID as one.
type RefundRequest struct {
	RefundID  id.ID
	OrderID   id.ID
	Reference string
	Amount    money.Money
}

// Notice is what a provider reports on its own.
type Notice struct {
	ID        string
	OrderID   id.ID
	Status    Status // Captured or Declined
	Reference string
}
