package message

import (
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
)

// Content is what a message says beyond its performance. Each template uses its part of it.
type Content struct {
	OrderCode     string
	Amount        money.Money // the order's total, or what was refunded
	Fees          []Fee       // in the order's total
	Tax           Tax         // likewise; without a name there is none
	Tickets       []Ticket
	Reason        string
	Quantity      int
	PriceCategory string
	ExpiresAt     time.Time // of an offer
	PreviousStart time.Time // of a rescheduled performance; zero: not known
	OtherEmail    string    // the other side of a transfer
	Partial       bool      // of a refund: the order goes on
}

// Fee is what was charged beside prices.
type Fee struct {
	Name   string
	Amount money.Money
}

// Tax is the tax on prices and fees.
type Tax struct {
	Name     string
	Percent  string
	Included bool // else it is on top of them
	Amount   money.Money
}

// Ticket is a ticket as a message shows it. Without a code it is only named.
type Ticket struct {
	ID            id.ID
	AreaID        string
	Seat          string // <row>-<number>; empty in a general area
	PriceCategory string
	Price         money.Money
	Code          string
	Version       int // of the ticket, whose code this is
}
