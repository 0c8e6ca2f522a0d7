// Package subscribe is the way in for events: it names the queues, and calls the use case of each event type. An event
// that can't be read is refused for good, so that it ends with its reason in the queue's dead letters and holds up
// nothing; every other error has the event delivered again.
package subscribe

import (
	"context"
	"errors"
	"fmt"

	"ticketmesh.dev/contracts/infoevents"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/eventcodec"
)

// The queues. Their names never change: what waits in a queue is found by its name.
const (
	Catalog = "notifications-catalog" // what is played, where and when
	Orders  = "notifications-orders"  // who bought what
)

var errUnknownType = errors.New("no handler for the event type")

type handler func(ctx context.Context, e event.Event) error

// Subscriptions returns what intake wants to hear.
func Subscriptions(intake *app.Intake) []consumer.Subscription {
	h := handlers{intake}
	return []consumer.Subscription{
		subscription(Catalog, []route{
			{showsevents.TypePerformanceScheduled, h.performance(false)},
			{showsevents.TypePerformanceRescheduled, h.performance(true)},
			{showsevents.TypePerformanceCancelled, h.performance(false)},
			{showsevents.TypeShowPublished, h.show},
			{showsevents.TypeShowUpdated, h.show},
			{showsevents.TypeShowCancelled, h.show},
			{infoevents.TypeVenueUpdated, h.venue},
		}),
		subscription(Orders, []route{
			{ticketsevents.TypeOrderConfirmed, h.orderConfirmed},
			{ticketsevents.TypeOrderDeclined, h.orderDeclined},
			{ticketsevents.TypeOrderCancelled, h.orderCancelled},
			{ticketsevents.TypeOrderRefunded, h.orderRefunded},
			{ticketsevents.TypeTicketTransferred, h.ticketTransferred},
			{ticketsevents.TypeWaitlistOffered, h.waitlistOffered},
		}),
	}
}

type route struct {
	eventType string
	handle    handler
}

func subscription(name string, routes []route) consumer.Subscription {
	byType := make(map[string]handler, len(routes))
	types := make([]string, len(routes))
	for i, r := range routes {
		byType[r.eventType], types[i] = r.handle, r.eventType
	}
	return consumer.Subscription{Name: name, Types: types, Handle: func(ctx context.Context, e event.Event) error {
		handle, ok := byType[e.Type]
		if !ok {
			return consumer.Permanent(fmt.Errorf("%w: %s", errUnknownType, e.Type))
		}
		err := handle(ctx, e)
		if errors.Is(err, eventcodec.ErrMalformed) {
			return consumer.Permanent(err)
		}
		return err
	}}
}

type handlers struct{ intake *app.Intake }

func (h handlers) show(ctx context.Context, e event.Event) error {
	show, err := eventcodec.Show(e)
	if err != nil {
		return err
	}
	return h.intake.ShowChanged(ctx, eventcodec.Origin(ctx, e), show)
}

func (h handlers) venue(ctx context.Context, e event.Event) error {
	venue, err := eventcodec.Venue(e)
	if err != nil {
		return err
	}
	return h.intake.VenueChanged(ctx, eventcodec.Origin(ctx, e), venue)
}

func (h handlers) performance(rescheduled bool) handler {
	return func(ctx context.Context, e event.Event) error {
		performance, err := eventcodec.Performance(e)
		if err != nil {
			return err
		}
		return h.intake.PerformanceChanged(ctx, eventcodec.Origin(ctx, e), performance, rescheduled)
	}
}

func (h handlers) orderConfirmed(ctx context.Context, e event.Event) error {
	o, content, err := eventcodec.OrderConfirmed(e)
	if err != nil {
		return err
	}
	return h.intake.OrderConfirmed(ctx, order(ctx, e, o), content)
}

func (h handlers) orderDeclined(ctx context.Context, e event.Event) error {
	o, content, err := eventcodec.OrderDeclined(e)
	if err != nil {
		return err
	}
	return h.intake.OrderDeclined(ctx, order(ctx, e, o), content)
}

func (h handlers) orderCancelled(ctx context.Context, e event.Event) error {
	o, content, withPerformance, err := eventcodec.OrderCancelled(e)
	if err != nil {
		return err
	}
	return h.intake.OrderCancelled(ctx, order(ctx, e, o), content, withPerformance)
}

func (h handlers) orderRefunded(ctx context.Context, e event.Event) error {
	o, content, err := eventcodec.OrderRefunded(e)
	if err != nil {
		return err
	}
	return h.intake.OrderRefunded(ctx, order(ctx, e, o), content)
}

func (h handlers) ticketTransferred(ctx context.Context, e event.Event) error {
	o, from, ticket, err := eventcodec.TicketTransferred(e)
	if err != nil {
		return err
	}
	return h.intake.TicketTransferred(ctx, order(ctx, e, o), from, ticket)
}

func (h handlers) waitlistOffered(ctx context.Context, e event.Event) error {
	o, content, err := eventcodec.WaitlistOffered(e)
	if err != nil {
		return err
	}
	return h.intake.WaitlistOffered(ctx, order(ctx, e, o), content)
}

func order(ctx context.Context, e event.Event, o eventcodec.Order) app.Order {
	return app.Order{Origin: eventcodec.Origin(ctx, e), PerformanceID: o.PerformanceID, OrderID: o.OrderID, Recipient: o.Recipient}
}
