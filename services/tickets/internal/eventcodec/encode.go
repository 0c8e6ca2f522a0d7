// Package eventcodec turns the facts of selling into the events of the contract
// and the events that selling consumes into what it knows. It decides nothing.
package eventcodec

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/jx"

	events "ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/ticket"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

// ErrBreaksContract reports an event that does not fit its schema. It is refused
// where it would be published, and what it tells does not happen either.
var ErrBreaksContract = errors.New("event breaks its contract")

// payload is the data of an event, as generated from its schema. Validate holds
// it to the same rules as the schema does: contracts tests that neither takes
// what the other refuses. It is generated code for one type, which is why an
// event costs a microsecond to check and not twenty.
type payload interface {
	Encode(e *jx.Encoder)
	Validate() error
}

// Encode returns the event that tells the fact. An error means that the fact
// does not fit its schema, or that it is no fact of selling: a defect either way.
func Encode(ctx context.Context, fact any, now time.Time) (event.Event, error) {
	switch f := fact.(type) {
	case hold.PlacedFact:
		return made(ctx, events.TypeHoldPlaced, events.SchemaHoldPlaced, f.Hold.ID.String(), now, &events.HoldPlaced{
			HoldID: f.Hold.ID, PerformanceID: f.Hold.PerformanceID, Version: f.Hold.Version, CustomerID: f.Hold.CustomerID,
			ExpiresAt: f.Hold.ExpiresAt, Items: items(f.Hold.Items), Total: amount(f.Hold.Total),
			Fees: fees(f.Hold.Extras.Fees), Tax: tax(f.Hold.Extras.Tax),
			Channel: optional(f.Hold.Sale.Channel), PresaleID: optional(f.Hold.Sale.PresaleID),
		})
	case hold.ReleasedFact:
		return made(ctx, events.TypeHoldReleased, events.SchemaHoldReleased, f.Hold.ID.String(), now, &events.HoldReleased{
			HoldID: f.Hold.ID, PerformanceID: f.Hold.PerformanceID, Version: f.Hold.Version, CustomerID: f.Hold.CustomerID,
			Reason: events.HoldReleasedReason(f.Reason), Items: items(f.Hold.Items),
		})
	case order.PlacedFact:
		return made(ctx, events.TypeOrderPlaced, events.SchemaOrderPlaced, f.Order.ID.String(), now, &events.OrderPlaced{
			OrderID: f.Order.ID, PerformanceID: f.Order.PerformanceID, Version: f.Order.Version, ShowID: f.Order.ShowID,
			CustomerID: f.Order.CustomerID, HoldID: f.Order.HoldID, Items: items(f.Order.Items), Total: amount(f.Order.Total),
			Fees: fees(f.Order.Extras.Fees), Tax: tax(f.Order.Extras.Tax), PlacedAt: f.Order.CreatedAt,
		})
	case order.ConfirmedFact:
		return made(ctx, events.TypeOrderConfirmed, events.SchemaOrderConfirmed, f.Order.ID.String(), now, confirmed(f, now))
	case order.DeclinedFact:
		return made(ctx, events.TypeOrderDeclined, events.SchemaOrderDeclined, f.Order.ID.String(), now, &events.OrderDeclined{
			OrderID: f.Order.ID, PerformanceID: f.Order.PerformanceID, Version: f.Order.Version, Recipient: buyer(f.Order),
			Total: amount(f.Order.Total), Reason: f.Order.Payment.Reason,
		})
	case order.CancelledFact:
		return made(ctx, events.TypeOrderCancelled, events.SchemaOrderCancelled, f.Order.ID.String(), now, &events.OrderCancelled{
			OrderID: f.Order.ID, PerformanceID: f.Order.PerformanceID, Version: f.Order.Version, Recipient: buyer(f.Order),
			Reason: events.OrderCancelledReason(f.Reason), Tickets: ticketRefs(f.Tickets),
		})
	case order.RefundedFact:
		return made(ctx, events.TypeOrderRefunded, events.SchemaOrderRefunded, f.Order.ID.String(), now, &events.OrderRefunded{
			OrderID: f.Order.ID, PerformanceID: f.Order.PerformanceID, Version: f.Order.Version, RefundID: f.Refund.ID,
			Recipient: buyer(f.Order), Amount: amount(f.Refund.Amount), Status: events.OrderRefundedStatus(f.Order.Status),
			Reason: f.Refund.Reason, Tickets: ticketRefs(f.Tickets),
		})
	case ticket.TransferredFact:
		return made(ctx, events.TypeTicketTransferred, events.SchemaTicketTransferred, f.Ticket.ID.String(), now, &events.TicketTransferred{
			TicketID: f.Ticket.ID, OrderID: f.Ticket.OrderID, PerformanceID: f.Ticket.PerformanceID, Version: f.Ticket.Version,
			AreaID: f.Ticket.AreaID, Seat: optional(f.Ticket.Seat), From: recipient(f.From), To: recipient(f.Ticket.Holder), Code: f.Code,
		})
	case ticket.VoidedFact:
		return made(ctx, events.TypeTicketVoided, events.SchemaTicketVoided, f.Ticket.ID.String(), now, &events.TicketVoided{
			TicketID: f.Ticket.ID, OrderID: f.Ticket.OrderID, PerformanceID: f.Ticket.PerformanceID, Version: f.Ticket.Version,
			AreaID: f.Ticket.AreaID, Seat: optional(f.Ticket.Seat), Reason: events.TicketVoidedReason(f.Reason),
		})
	case ticket.AdmittedFact:
		return made(ctx, events.TypeTicketAdmitted, events.SchemaTicketAdmitted, f.Ticket.ID.String(), now, &events.TicketAdmitted{
			TicketID: f.Ticket.ID, OrderID: f.Ticket.OrderID, PerformanceID: f.Ticket.PerformanceID, Version: f.Ticket.Version,
			AreaID: f.Ticket.AreaID, Seat: optional(f.Ticket.Seat), Gate: f.Ticket.Admission.Gate, AdmittedAt: f.Ticket.Admission.At,
		})
	case waitlist.OfferedFact:
		return made(ctx, events.TypeWaitlistOffered, events.SchemaWaitlistOffered, f.Entry.ID.String(), now, &events.WaitlistOffered{
			EntryID: f.Entry.ID, PerformanceID: f.Entry.PerformanceID, Version: f.Entry.Version, PriceCategory: f.Entry.PriceCategory,
			Quantity: f.Entry.Quantity, HoldID: f.Entry.HoldID, ExpiresAt: f.Entry.ExpiresAt,
			Recipient: events.Recipient{CustomerID: f.Entry.CustomerID, Email: f.Entry.Email, Language: f.Entry.Language},
		})
	case inventory.ChangedFact:
		return availability(ctx, f, now)
	}
	return event.Event{}, fmt.Errorf("%T is no fact of selling", fact)
}

func availability(ctx context.Context, f inventory.ChangedFact, now time.Time) (event.Event, error) {
	p := f.Partition
	subject := p.PerformanceID.String() + "/" + p.AreaID + "/" + strconv.Itoa(p.Number)
	return made(ctx, events.TypeAvailabilityChanged, events.SchemaAvailabilityChanged, subject, now, &events.AvailabilityChanged{
		PerformanceID: p.PerformanceID, AreaID: p.AreaID, Partition: p.Number, Version: p.Version,
		Capacity:  p.Capacity - p.Closed.Count(),
		Available: p.Available(now).Count(), Held: (p.Held(now) | p.Kept&^p.Sold&^p.Closed).Count(), Sold: p.Sold.Count(),
	})
}

// made checks the data against its contract, encodes it and puts it in its envelope.
func made(ctx context.Context, eventType, schema, subject string, now time.Time, data payload) (event.Event, error) {
	if err := data.Validate(); err != nil {
		return event.Event{}, fmt.Errorf("%w: %s: %w", ErrBreaksContract, eventType, err)
	}
	var encoder jx.Encoder
	data.Encode(&encoder)
	return event.New(ctx, events.Source, eventType, subject, schema, now, encoder.Bytes()), nil
}

func confirmed(f order.ConfirmedFact, now time.Time) *events.OrderConfirmed {
	data := &events.OrderConfirmed{
		OrderID: f.Order.ID, PerformanceID: f.Order.PerformanceID, Version: f.Order.Version, Code: f.Order.Code,
		ShowID: f.Order.ShowID, OrganizerID: f.Order.OrganizerID, Recipient: buyer(f.Order), Total: amount(f.Order.Total),
		Fees: fees(f.Order.Extras.Fees), Tax: tax(f.Order.Extras.Tax), ConfirmedAt: now, Tickets: make([]events.OrderConfirmedTicketsItem, len(f.Tickets)),
	}
	for i, issued := range f.Tickets {
		data.Tickets[i] = events.OrderConfirmedTicketsItem{
			TicketID: issued.Ticket.ID, AreaID: issued.Ticket.AreaID, Seat: optional(issued.Ticket.Seat),
			PriceCategory: issued.Ticket.PriceCategory, Price: amount(issued.Ticket.Price), Code: issued.Code,
			Tier: optional(issued.Ticket.Tier), Concession: optional(issued.Ticket.Concession),
		}
	}
	return data
}

func items(held []hold.Item) []events.HoldItem {
	encoded := make([]events.HoldItem, len(held))
	for i, item := range held {
		encoded[i] = events.HoldItem{
			AreaID: item.AreaID, Seats: item.Seats, Quantity: item.Quantity(), UnitPrice: amount(item.UnitPrice),
			Tier: optional(item.Tier), Concession: optional(item.Concession),
		}
	}
	return encoded
}

func ticketRefs(tickets []ticket.Ticket) []events.TicketRef {
	refs := make([]events.TicketRef, len(tickets))
	for i, t := range tickets {
		refs[i] = events.TicketRef{TicketID: t.ID, AreaID: t.AreaID, Seat: optional(t.Seat)}
	}
	return refs
}

func amount(m money.Money) events.Money {
	return events.Money{Amount: m.Amount, Currency: m.Currency}
}

// optional is a text that is absent when it is empty.
func optional(text string) events.OptString {
	return events.OptString{Value: text, Set: text != ""}
}

func buyer(o order.Order) events.Recipient {
	return events.Recipient{CustomerID: o.CustomerID, Email: o.Email, Language: o.Language}
}

// recipient names a holder who is known by an e-mail address alone by a digest
// of it: the id is not sensitive, the address is.
func recipient(h ticket.Holder) events.Recipient {
	customerID := h.CustomerID
	if customerID == "" {
		digest := sha256.Sum256([]byte(strings.ToLower(h.Email)))
		customerID = "email-" + hex.EncodeToString(digest[:16])
	}
	return events.Recipient{CustomerID: customerID, Email: h.Email, Language: h.Language}
}
