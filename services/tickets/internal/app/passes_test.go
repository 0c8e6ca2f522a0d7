package app_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
)

var errBroken = errors.New("broken")

// broken is a store of which the second of three is broken.
type broken struct {
	app.Store
	ids    []id.ID
	claims []inventory.Claim // of each performance
	seen   int
	done   []id.ID
}

func newBroken() *broken { return &broken{ids: []id.ID{id.New(), id.New(), id.New()}} }

func (b *broken) next() error {
	if b.seen++; b.seen == 2 {
		return errBroken
	}
	return nil
}

// Update implements app.Store.
func (b *broken) Update(context.Context, func(app.Tx) error) error { return b.next() }

// DueHolds implements app.Store.
func (b *broken) DueHolds(context.Context, time.Time, int) ([]id.ID, error) { return b.ids, nil }

// CancelledPerformances implements app.Store.
func (b *broken) CancelledPerformances(context.Context) ([]id.ID, error) { return b.ids, nil }

// Partitions implements app.Store.
func (b *broken) Partitions(context.Context, id.ID) ([]inventory.Partition, error) {
	return []inventory.Partition{{Claims: b.claims}}, nil
}

// OrdersByPerformance implements app.Store. What is over already is not cancelled
// again: only the second performance has an order that is.
func (b *broken) OrdersByPerformance(_ context.Context, performanceID id.ID, _ app.Page) ([]order.Order, error) {
	status := order.Cancelled
	if len(b.ids) > 1 && performanceID == b.ids[1] {
		b.seen, status = 1, order.Confirmed
	}
	return []order.Order{{ID: id.New(), Status: status}}, nil
}

// CancellationDone implements app.Store.
func (b *broken) CancellationDone(_ context.Context, performanceID id.ID) error {
	b.done = append(b.done, performanceID)
	return nil
}

func selling(store app.Store) *app.Selling {
	return app.New(store, nil, app.Payments{}, clock.System{}, slog.New(slog.DiscardHandler))
}

func TestAHoldThatCannotBeEndedStopsNoOther(t *testing.T) {
	t.Parallel()
	store := newBroken()
	if ended, err := selling(store).ExpireHolds(t.Context(), 10); ended != 2 || !errors.Is(err, errBroken) || store.seen != 3 {
		t.Errorf("ExpireHolds() = %d, %v, after %d holds", ended, err, store.seen)
	}
}

func TestAnOrderThatCannotBeCancelledStopsNoOther(t *testing.T) {
	t.Parallel()
	store := newBroken()
	err := selling(store).CancelOrders(t.Context())
	if want := []id.ID{store.ids[0], store.ids[2]}; !errors.Is(err, errBroken) || !slices.Equal(store.done, want) || store.seen != 2 {
		t.Errorf("CancelOrders() = %v, done are %v, want %v; %d updates", err, store.done, want, store.seen-1)
	}
}

func TestAHoldThatCannotBeReleasedStopsNoOther(t *testing.T) {
	t.Parallel()
	store := newBroken()
	for _, holdID := range store.ids {
		store.claims = append(store.claims, inventory.Claim{HoldID: holdID}, inventory.Claim{HoldID: holdID})
	}
	store.ids = store.ids[:1] // performances
	if err := selling(store).CancelOrders(t.Context()); !errors.Is(err, errBroken) || store.seen != 3 || len(store.done) != 0 {
		t.Errorf("CancelOrders() = %v after %d holds, done are %v", err, store.seen, store.done)
	}
}

func TestPassesEndWithTheirTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	store := newBroken()
	store.claims = []inventory.Claim{{HoldID: id.New()}}
	if ended, err := selling(store).ExpireHolds(ctx, 10); ended != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("ExpireHolds() = %d, %v", ended, err)
	}
	if err := selling(store).CancelOrders(ctx); !errors.Is(err, context.Canceled) || len(store.done) != 0 || store.seen > 1 {
		t.Errorf("CancelOrders() = %v after %d updates, done are %v", err, store.seen, store.done)
	}
}
