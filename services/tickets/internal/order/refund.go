package order

import (
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
)

// Refund is money on its way back. It is stored before the provider is asked
// and asked for again, under the same id, until the provider has done it.
type Refund struct {
	ID        id.ID
	OrderID   id.ID
	Amount    money.Money
	TicketIDs []id.ID
	Reason    string
	Done      bool
	CreatedAt time.Time
}
