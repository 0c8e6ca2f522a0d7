// Package eventcodec translates between events on the bus and the domain: what others publish into what messages are
// made of, and the facts of messages into events. It decides nothing.
package eventcodec

import (
	"context"
	"errors"
	"fmt"

	"ticketmesh.dev/contracts/infoevents"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/notifications/internal/message"
)

// ErrMalformed says that an event's data isn't what its type promises. It won't get better by delivering it again.
var ErrMalformed = errors.New("malformed event")

type decodable interface {
	UnmarshalJSON(data []byte) error
	Validate() error
}

// decode reads an event's data; members that are not known yet are skipped, as later versions may add some.
func decode(e event.Event, into decodable) error {
	if err := into.UnmarshalJSON(e.Data); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrMalformed, e.Type, err)
	}
	if err := into.Validate(); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrMalformed, e.Type, err)
	}
	return nil
}

// Origin returns what messages remember of the event that causes them. Where they belong in its trace is where ctx is:
// below its handling, which is recorded as a part of it.
func Origin(ctx context.Context, e event.Event) message.Origin {
	trace := e.Follow()
	if handling := event.TraceFrom(ctx).TraceParent; handling != "" {
		trace.TraceParent = handling
	}
	return message.Origin{EventID: e.ID, CorrelationID: trace.CorrelationID, TraceParent: trace.TraceParent}
}

// Show reads show.published, show.updated and show.cancelled.
func Show(e event.Event) (message.Show, error) {
	var data showsevents.Show
	if err := decode(e, &data); err != nil {
		return message.Show{}, err
	}
	return message.Show{ID: data.ShowID, Version: data.Version, Title: data.Title, VenueID: data.VenueID.Or(id.Nil)}, nil
}

// Venue reads venue.updated.
func Venue(e event.Event) (message.Venue, error) {
	var data infoevents.VenueUpdated
	if err := decode(e, &data); err != nil {
		return message.Venue{}, err
	}
	return message.Venue{ID: data.VenueID, Version: data.Version, Name: data.Name, Address: data.Address.Or(""), City: data.City}, nil
}

// Performance reads performance.scheduled, performance.rescheduled and performance.cancelled.
func Performance(e event.Event) (message.Performance, error) {
	var data showsevents.Performance
	if err := decode(e, &data); err != nil {
		return message.Performance{}, err
	}
	p := message.Performance{
		ID: data.PerformanceID, Version: data.Version, ShowID: data.ShowID, Title: data.ShowTitle, VenueID: data.VenueID.Or(id.Nil),
		StartsAt: data.StartsAtUtc.UTC(), TimeZone: data.TimeZone, Cancelled: data.Status == showsevents.PerformanceStatusCancelled,
		Reason: data.Reason.Or(""), Areas: map[string]string{}, Categories: map[string]string{},
	}
	if previous, ok := data.PreviousStartsAtUtc.Get(); ok {
		p.PreviousStart = previous.UTC()
	}
	if until, ok := data.ReturnsUntil.Get(); ok {
		p.ReturnsUntil = until.UTC()
	}
	for _, c := range data.PriceCategories {
		p.Categories[c.ID] = c.Name
	}
	if seatMap, ok := data.SeatMap.Get(); ok {
		for _, a := range seatMap.Areas {
			if name, ok := a.Name.Get(); ok {
				p.Areas[a.ID] = name
			}
		}
	}
	return p, nil
}

// OrderConfirmed reads order.confirmed.
func OrderConfirmed(e event.Event) (Order, message.Content, error) {
	var data ticketsevents.OrderConfirmed
	if err := decode(e, &data); err != nil {
		return Order{}, message.Content{}, err
	}
	tickets := make([]message.Ticket, len(data.Tickets))
	for i, t := range data.Tickets {
		tickets[i] = message.Ticket{
			ID: t.TicketID, AreaID: t.AreaID, Seat: t.Seat.Or(""), PriceCategory: t.PriceCategory,
			Price: amount(t.Price), Code: t.Code, Version: 1, // tickets are issued with the order
		}
	}
	content := message.Content{OrderCode: data.Code, Amount: amount(data.Total), Tickets: tickets}
	for _, f := range data.Fees {
		content.Fees = append(content.Fees, message.Fee{Name: f.Name, Amount: amount(f.Amount)})
	}
	if t, ok := data.Tax.Get(); ok {
		content.Tax = message.Tax{Name: t.Name, Percent: t.Percent, Included: t.Included, Amount: amount(t.Amount)}
	}
	return Order{data.PerformanceID, data.OrderID, recipient(data.Recipient)}, content, nil
}

// Order names an order and whom an event about it concerns.
type Order struct {
	PerformanceID id.ID
	OrderID       id.ID // id.Nil: none
	Recipient     message.Recipient
}

// OrderDeclined reads order.declined.
func OrderDeclined(e event.Event) (Order, message.Content, error) {
	var data ticketsevents.OrderDeclined
	if err := decode(e, &data); err != nil {
		return Order{}, message.Content{}, err
	}
	return Order{data.PerformanceID, data.OrderID, recipient(data.Recipient)},
		message.Content{Amount: amount(data.Total), Reason: data.Reason}, nil
}

// OrderCancelled reads order.cancelled; withPerformance says that the whole performance was cancelled.
func OrderCancelled(e event.Event) (o Order, c message.Content, withPerformance bool, err error) {
	var data ticketsevents.OrderCancelled
	if err := decode(e, &data); err != nil {
		return Order{}, message.Content{}, false, err
	}
	return Order{data.PerformanceID, data.OrderID, recipient(data.Recipient)},
		message.Content{Reason: string(data.Reason), Tickets: references(data.Tickets)},
		data.Reason == ticketsevents.OrderCancelledReasonPerformanceCancelled, nil
}

// OrderRefunded reads order.refunded.
func OrderRefunded(e event.Event) (Order, message.Content, error) {
	var data ticketsevents.OrderRefunded
	if err := decode(e, &data); err != nil {
		return Order{}, message.Content{}, err
	}
	return Order{data.PerformanceID, data.OrderID, recipient(data.Recipient)}, message.Content{
		Amount: amount(data.Amount), Reason: data.Reason, Tickets: references(data.Tickets),
		Partial: data.Status == ticketsevents.OrderRefundedStatusPartiallyRefunded,
	}, nil
}

// TicketTransferred reads ticket.transferred; the order's recipient is the new holder.
func TicketTransferred(e event.Event) (o Order, from message.Recipient, ticket message.Ticket, err error) {
	var data ticketsevents.TicketTransferred
	if err := decode(e, &data); err != nil {
		return Order{}, message.Recipient{}, message.Ticket{}, err
	}
	return Order{data.PerformanceID, data.OrderID, recipient(data.To)}, recipient(data.From), message.Ticket{
		ID: data.TicketID, AreaID: data.AreaID, Seat: data.Seat.Or(""), Code: data.Code, Version: data.Version,
	}, nil
}

// WaitlistOffered reads waitlist.offered.
func WaitlistOffered(e event.Event) (Order, message.Content, error) {
	var data ticketsevents.WaitlistOffered
	if err := decode(e, &data); err != nil {
		return Order{}, message.Content{}, err
	}
	return Order{PerformanceID: data.PerformanceID, Recipient: recipient(data.Recipient)},
		message.Content{Quantity: data.Quantity, PriceCategory: data.PriceCategory, ExpiresAt: data.ExpiresAt.UTC()}, nil
}

func recipient(r ticketsevents.Recipient) message.Recipient {
	return message.Recipient{CustomerID: r.CustomerID, Email: r.Email, Language: r.Language}
}

func amount(m ticketsevents.Money) money.Money {
	return money.Money{Amount: m.Amount, Currency: m.Currency}
}

func references(refs []ticketsevents.TicketRef) []message.Ticket {
	tickets := make([]message.Ticket, len(refs))
	for i, r := range refs {
		tickets[i] = message.Ticket{ID: r.TicketID, AreaID: r.AreaID, Seat: r.Seat.Or("")}
	}
	return tickets
}
