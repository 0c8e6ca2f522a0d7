package order

import "ticketmesh.dev/services/tickets/internal/ticket"

// PlacedFact says that a hold became an order.
type PlacedFact struct{ Order Order }

// IssuedTicket is a ticket with its admission code.
type IssuedTicket struct {
	Ticket ticket.Ticket
	Code   string
}

// ConfirmedFact says that an order was paid and its tickets were issued.
type ConfirmedFact struct {
	Order   Order
	Tickets []IssuedTicket
}

// DeclinedFact says that the payment of an order was declined.
type DeclinedFact struct{ Order Order }

// CancelledFact says that an order was cancelled; Tickets became void by it.
type CancelledFact struct {
	Order   Order
	Reason  CancelReason
	Tickets []ticket.Ticket
}

// RefundedFact says that money of an order was given back.
type RefundedFact struct {
	Order   Order
	Refund  Refund
	Tickets []ticket.Ticket
}
