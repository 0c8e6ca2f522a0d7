package message

import (
	"slices"

	"ticketmesh.dev/platform/id"
)

// Purchase is who holds which tickets of one order. Its facts may arrive in any order: each method may be called
// before the purchase is confirmed, and the result is the same.
type Purchase struct {
	PerformanceID id.ID
	OrderID       id.ID
	Buyer         Recipient // zero until confirmed
	Tickets       []id.ID   // as confirmed
	Void          []id.ID
	Moves         []Move
	Closed        bool // cancelled for another reason than the performance's cancellation
}

// Move is a ticket's latest transfer.
type Move struct {
	TicketID id.ID
	Version  int // of the ticket
	To       Recipient
}

// Confirm records the buyer and the tickets.
func (p *Purchase) Confirm(buyer Recipient, tickets []Ticket) {
	p.Buyer = buyer
	p.Tickets = p.Tickets[:0]
	for _, t := range tickets {
		p.Tickets = append(p.Tickets, t.ID)
	}
}

// Cancel records that the order is over.
func (p *Purchase) Cancel(tickets []Ticket) {
	p.Closed = true
	p.Annul(tickets)
}

// Annul records that tickets admit nobody any more.
func (p *Purchase) Annul(tickets []Ticket) {
	for _, t := range tickets {
		if !slices.Contains(p.Void, t.ID) {
			p.Void = append(p.Void, t.ID)
		}
	}
}

// Move records a transfer. It is false when a later one of the same ticket is known.
func (p *Purchase) Move(ticket Ticket, to Recipient) bool {
	move := Move{TicketID: ticket.ID, Version: ticket.Version, To: to}
	for i, known := range p.Moves {
		if known.TicketID == ticket.ID {
			if known.Version >= ticket.Version {
				return false
			}
			p.Moves[i] = move
			return true
		}
	}
	p.Moves = append(p.Moves, move)
	return true
}

// Current says whether a ticket as it was once issued, with its version then, still admits its holder.
func (p Purchase) Current(t Ticket) bool {
	if slices.Contains(p.Void, t.ID) {
		return false
	}
	for _, m := range p.Moves {
		if m.TicketID == t.ID {
			return m.Version <= t.Version
		}
	}
	return true
}

// Holders returns who holds tickets that are not void, each once.
func (p Purchase) Holders() []Recipient {
	return p.holders(func(ticket id.ID) bool { return !slices.Contains(p.Void, ticket) })
}

// Contacts returns who is to hear of a cancelled performance. Refunds because of the cancellation may be known before
// the cancellation is told: holders of void tickets count too, as long as the order wasn't cancelled for itself.
// Telling somebody twice is better than letting him travel.
func (p Purchase) Contacts() []Recipient {
	if p.Closed {
		return nil
	}
	return p.holders(func(id.ID) bool { return true })
}

func (p Purchase) holders(counts func(ticket id.ID) bool) []Recipient {
	var found []Recipient
	add := func(r Recipient) {
		if r.Email != "" && !slices.ContainsFunc(found, r.Same) {
			found = append(found, r)
		}
	}
	moved := make(map[id.ID]bool, len(p.Moves))
	for _, m := range p.Moves {
		moved[m.TicketID] = true
	}
	for _, ticket := range p.Tickets {
		if !moved[ticket] && counts(ticket) {
			add(p.Buyer)
		}
	}
	for _, m := range p.Moves {
		if counts(m.TicketID) {
			add(m.To)
		}
	}
	return found
}
