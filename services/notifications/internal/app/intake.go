package app

import (
	"context"
	"errors"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Intake takes in what happened. Its methods handle each event once and events in any order of arrival; an error means
// that nothing was recorded and that the event is to be delivered again.
type Intake struct {
	chronicle Chronicle
	composer  Composer
	clock     clock.Clock
}

// NewIntake returns an Intake.
func NewIntake(chronicle Chronicle, composer Composer, clock clock.Clock) *Intake {
	return &Intake{chronicle: chronicle, composer: composer, clock: clock}
}

// Order names the order that a fact is about, and whom the fact concerns.
type Order struct {
	Origin        message.Origin
	PerformanceID id.ID
	OrderID       id.ID
	Recipient     message.Recipient
}

// ShowChanged takes in a show's state.
func (i *Intake) ShowChanged(ctx context.Context, origin message.Origin, show message.Show) error {
	return i.chronicle.PutShow(ctx, origin, show)
}

// VenueChanged takes in a venue's state.
func (i *Intake) VenueChanged(ctx context.Context, origin message.Origin, venue message.Venue) error {
	return i.chronicle.PutVenue(ctx, origin, venue)
}

// PerformanceChanged takes in a performance's state; rescheduled says that the event is about its time.
func (i *Intake) PerformanceChanged(ctx context.Context, origin message.Origin, state message.Performance, rescheduled bool) error {
	return i.chronicle.PutPerformance(ctx, origin, state.ID, func(known *message.Performance) (message.Performance, *message.Notice, bool) {
		return state.Succeed(known, origin, rescheduled)
	})
}

// OrderConfirmed sends the buyer the tickets.
func (i *Intake) OrderConfirmed(ctx context.Context, o Order, content message.Content) error {
	err := i.record(ctx, o, func(p *message.Purchase) []message.Message {
		p.Confirm(o.Recipient, content.Tickets)
		return []message.Message{i.about(o, message.OrderConfirmed, o.Recipient, content)}
	})
	if err != nil {
		return err
	}
	return i.tellLate(ctx, o)
}

// OrderDeclined tells the buyer that the payment failed.
func (i *Intake) OrderDeclined(ctx context.Context, o Order, content message.Content) error {
	return i.record(ctx, o, func(*message.Purchase) []message.Message {
		return []message.Message{i.about(o, message.OrderDeclined, o.Recipient, content)}
	})
}

// OrderCancelled tells the buyer, unless the performance's cancellation, which ticket holders are told by itself, is
// the reason.
func (i *Intake) OrderCancelled(ctx context.Context, o Order, content message.Content, withPerformance bool) error {
	return i.record(ctx, o, func(p *message.Purchase) []message.Message {
		if withPerformance && len(content.Tickets) > 0 {
			return nil
		}
		p.Cancel(content.Tickets)
		return []message.Message{i.about(o, message.OrderCancelled, o.Recipient, content)}
	})
}

// OrderRefunded tells the buyer how much comes back.
func (i *Intake) OrderRefunded(ctx context.Context, o Order, content message.Content) error {
	return i.record(ctx, o, func(p *message.Purchase) []message.Message {
		p.Annul(content.Tickets)
		return []message.Message{i.about(o, message.OrderRefunded, o.Recipient, content)}
	})
}

// TicketTransferred sends the new holder, who is o's recipient, the ticket, and tells the one before. A transfer that
// is known to be undone by a later one sends no ticket: its code is dead.
func (i *Intake) TicketTransferred(ctx context.Context, o Order, from message.Recipient, ticket message.Ticket) error {
	superseded := false
	err := i.record(ctx, o, func(p *message.Purchase) []message.Message {
		named := ticket
		named.Code = ""
		given := i.about(o, message.TicketTransferred, from, message.Content{Tickets: []message.Ticket{named}, OtherEmail: o.Recipient.Email})
		if superseded = !p.Move(ticket, o.Recipient); superseded {
			return []message.Message{given}
		}
		received := i.about(o, message.TicketReceived, o.Recipient, message.Content{Tickets: []message.Ticket{ticket}, OtherEmail: from.Email})
		return []message.Message{given, received}
	})
	if err != nil || superseded {
		return err
	}
	return i.tellLate(ctx, o)
}

// WaitlistOffered tells who is next in the waiting list; o has no order.
func (i *Intake) WaitlistOffered(ctx context.Context, o Order, content message.Content) error {
	return i.record(ctx, o, func(*message.Purchase) []message.Message {
		return []message.Message{i.about(o, message.WaitlistOffered, o.Recipient, content)}
	})
}

func (i *Intake) record(ctx context.Context, o Order, change func(*message.Purchase) []message.Message) error {
	return i.chronicle.Record(ctx, o.Origin, o.PerformanceID, o.OrderID, change)
}

func (i *Intake) about(o Order, template message.Template, to message.Recipient, content message.Content) message.Message {
	m := message.New(o.Origin, template, to, o.PerformanceID, o.OrderID, content, i.clock.Now())
	m.Subject = i.composer.Draft(template, to.Language)
	return m
}

// tellLate adds the notice of a cancellation for somebody whom it may have missed, because it was spread before his
// purchase was recorded. It looks when the purchase is there for all to see: what is cancelled after that is spread to
// him. If the notice did reach him, it is the same message.
func (i *Intake) tellLate(ctx context.Context, o Order) error {
	known, err := i.chronicle.Performance(ctx, o.PerformanceID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil || !known.Cancelled {
		return err
	}
	notice := message.Notice{Origin: known.CancelledBy, Template: message.PerformanceCancelled, PerformanceID: known.ID}
	return i.chronicle.Add(ctx, []message.Message{notify(notice, o.Recipient, i.composer, i.clock.Now())})
}
