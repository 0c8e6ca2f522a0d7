package app

import (
	"context"
	"errors"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
)

// Counter is told how selling goes, of changes that are committed.
type Counter interface {
	// Held tells of a hold's places.
	Held(places int)
	// Sold tells of a confirmed order's tickets.
	Sold(tickets int)
	// Refused tells that somebody was not given what is held by or sold to another.
	Refused()
}

// Counted returns the store, whose changes the counter is told of.
func Counted(store Store, counter Counter) Store { return counted{store, counter} }

type counted struct {
	Store
	counter Counter
}

// Update implements Store.
func (c counted) Update(ctx context.Context, fn func(Tx) error) error {
	var facts []any
	err := c.Store.Update(ctx, func(tx Tx) error {
		facts = nil // of a run before this one
		return fn(noted{tx, &facts})
	})
	unavailable := (*SeatsUnavailableError)(nil)
	switch {
	case errors.As(err, &unavailable), errors.Is(err, ErrSoldOut), errors.Is(err, inventory.ErrTaken):
		c.counter.Refused()
	case err == nil:
		c.count(facts)
	}
	return err
}

func (c counted) count(facts []any) {
	for _, fact := range facts {
		switch f := fact.(type) {
		case hold.PlacedFact:
			c.counter.Held(f.Hold.Quantity())
		case order.ConfirmedFact:
			c.counter.Sold(len(f.Tickets))
		case order.CancelledFact:
			if f.Reason == order.PaymentTooLate {
				c.counter.Refused()
			}
		}
	}
}

// noted is a Tx of which is noted what it records.
type noted struct {
	Tx
	facts *[]any
}

// Record implements Tx.
func (n noted) Record(facts ...any) error {
	*n.facts = append(*n.facts, facts...)
	return n.Tx.Record(facts...)
}
