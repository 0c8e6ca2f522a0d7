package app

import (
	"context"
	"slices"
	"strings"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

// Order returns an order of the caller, or of a show that the caller organizes.
func (s *Selling) Order(ctx context.Context, caller Caller, orderID id.ID) (order.Order, []ticket.Ticket, error) {
	found, tickets, err := s.store.Order(ctx, orderID)
	if err != nil {
		return order.Order{}, nil, err
	}
	if found.CustomerID != caller.CustomerID && !caller.organizes(found.OrganizerID) {
		return order.Order{}, nil, order.ErrNotFound
	}
	return found, tickets, nil
}

// Refunds returns what of an order was given back or is about to be, oldest
// first, to whom Order returns the order.
func (s *Selling) Refunds(ctx context.Context, orderID id.ID) ([]order.Refund, error) {
	refunds, err := s.store.RefundsByOrder(ctx, orderID)
	slices.SortStableFunc(refunds, func(a, b order.Refund) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return refunds, err
}

// OrderWithTickets is an order and the tickets issued for it.
type OrderWithTickets struct {
	Order   order.Order
	Tickets []ticket.Ticket
}

// Orders lists the caller's orders, newest first.
func (s *Selling) Orders(ctx context.Context, caller Caller, page Page) ([]OrderWithTickets, error) {
	orders, err := s.store.OrdersByCustomer(ctx, caller.CustomerID, page)
	if err != nil {
		return nil, err
	}
	return s.withTickets(ctx, orders)
}

// OrdersOf lists the orders of a performance, newest first, for its organizer;
// ErrForbidden for others.
func (s *Selling) OrdersOf(ctx context.Context, caller Caller, performanceID id.ID, page Page) ([]OrderWithTickets, error) {
	show, err := s.store.Performance(ctx, performanceID)
	if err != nil {
		return nil, err
	}
	if !caller.organizes(show.OrganizerID) {
		return nil, ErrForbidden
	}
	orders, err := s.store.OrdersByPerformance(ctx, performanceID, page)
	if err != nil {
		return nil, err
	}
	return s.withTickets(ctx, orders)
}

func (s *Selling) withTickets(ctx context.Context, orders []order.Order) ([]OrderWithTickets, error) {
	listed := make([]OrderWithTickets, len(orders))
	for i, found := range orders {
		tickets, err := s.store.TicketsByOrder(ctx, found.ID)
		if err != nil {
			return nil, err
		}
		listed[i] = OrderWithTickets{Order: found, Tickets: tickets}
	}
	return listed, nil
}

// Ticket returns a ticket with its code, for its holder. The buyer who gave it
// away, the organizer and the gate get it without the code.
func (s *Selling) Ticket(ctx context.Context, caller Caller, ticketID id.ID) (ticket.Ticket, string, error) {
	found, err := s.store.Ticket(ctx, ticketID)
	if err != nil {
		return ticket.Ticket{}, "", err
	}
	if holds(caller, found) {
		code, err := s.codes.Sign(ctx, ticket.CodeOf(&found))
		return found, code, err
	}
	bought, _, err := s.store.Order(ctx, found.OrderID)
	if err != nil {
		return ticket.Ticket{}, "", err
	}
	if bought.CustomerID != caller.CustomerID && !caller.admits(bought.OrganizerID) {
		return ticket.Ticket{}, "", ticket.ErrNotFound
	}
	return found, "", nil
}

// holds reports whether the caller is the ticket's holder: the buyer until it
// was given away, from then on who has the e-mail address.
func holds(caller Caller, t ticket.Ticket) bool {
	if t.Transferred {
		return caller.Email != "" && strings.EqualFold(caller.Email, t.Holder.Email)
	}
	return caller.CustomerID == t.Holder.CustomerID
}

// PrintedTicket is what a ticket shows on paper.
type PrintedTicket struct {
	Ticket      ticket.Ticket
	Code        string
	Title       string // of the show, as it is called now
	Performance *performance.Performance
}

// PrintTicket returns what the holder may print. A void ticket is ticket.ErrVoid.
func (s *Selling) PrintTicket(ctx context.Context, caller Caller, ticketID id.ID) (PrintedTicket, error) {
	found, code, err := s.Ticket(ctx, caller, ticketID)
	if err != nil {
		return PrintedTicket{}, err
	}
	if code == "" {
		return PrintedTicket{}, ticket.ErrNotFound
	}
	if found.Status == ticket.Void {
		return PrintedTicket{}, ticket.ErrVoid
	}
	show, err := s.store.Performance(ctx, found.PerformanceID)
	if err != nil {
		return PrintedTicket{}, err
	}
	title, err := s.titleOf(ctx, show)
	return PrintedTicket{Ticket: found, Code: code, Title: title, Performance: show}, err
}

// Transfer gives the caller's ticket to whoever has the e-mail address. Errors:
// ticket.ErrNotFound, ticket.ErrVoid, ticket.ErrAdmitted.
func (s *Selling) Transfer(ctx context.Context, caller Caller, ticketID id.ID, email string) (ticket.Ticket, string, error) {
	var transferred ticket.Ticket
	err := s.store.Update(ctx, func(tx Tx) error {
		found, err := tx.Ticket(ticketID)
		if err != nil {
			return err
		}
		if !holds(caller, found) {
			return ticket.ErrNotFound
		}
		from := found.Holder
		if from.CustomerID == "" {
			from.CustomerID = caller.CustomerID
		}
		if err := found.Transfer(ticket.Holder{Email: email, Language: from.Language}); err != nil {
			return err
		}
		code, err := s.codes.Sign(ctx, ticket.CodeOf(&found))
		if err != nil {
			return err
		}
		transferred = found
		if err := tx.PutTicket(found); err != nil {
			return err
		}
		return tx.Record(ticket.TransferredFact{Ticket: found, From: from, Code: code})
	})
	if err != nil {
		return ticket.Ticket{}, "", err
	}
	if !holds(caller, transferred) {
		return transferred, "", nil
	}
	code, err := s.codes.Sign(ctx, ticket.CodeOf(&transferred))
	return transferred, code, err
}
