package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

// The races are not parallel to each other: the emulator does one thing at a time.

// TestOneOfManyGetsTheLast has 500 buyers want the same, 32 of them at any time.
func TestOneOfManyGetsTheLast(t *testing.T) {
	for _, tt := range []struct {
		name string
		give app.HoldRequestItem
	}{
		{"the last seat", app.HoldRequestItem{AreaID: "stalls", Seats: []string{"1-1"}}},
		{"the last place", app.HoldRequestItem{AreaID: "standing", Quantity: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			show := s.schedule(stalls("stalls", 1, 2), floor(65))
			for _, other := range []app.HoldRequestItem{{AreaID: "stalls", Seats: []string{"1-2"}}, {AreaID: "standing", Quantity: 64}} {
				who := customer()
				held, err := s.hold(who, show, other)
				s.ok(err)
				s.order(who, held)
			}
			var won, lost atomic.Int32
			var buyers errgroup.Group
			buyers.SetLimit(32)
			for range 500 {
				buyers.Go(func() error {
					_, err := s.hold(customer(), show, tt.give)
					if s.lost(err) {
						lost.Add(1)
					} else {
						won.Add(1)
					}
					return nil
				})
			}
			s.ok(buyers.Wait())
			if won.Load() != 1 || lost.Load() != 499 {
				t.Errorf("%d got it and %d did not, want 1 and 499", won.Load(), lost.Load())
			}
			if sold, held := s.sold(show); sold != 65 || held != 1 {
				t.Errorf("%d sold and %d held, want 65 and 1", sold, held)
			}
		})
	}
}

// TestAnAreaSellsOutExactly sells a floor for 500 by quantities of 1 to 4 to many at
// once, of whom every fifth goes away with a hold.
func TestAnAreaSellsOutExactly(t *testing.T) {
	s := open(t)
	show := s.schedule(floor(500))
	s.sellAll(show, func() bool { return rand.IntN(5) == 0 })
	before, stuck := s.sold(show)
	if before+stuck != 500 || stuck == 0 {
		t.Errorf("%d sold and %d held, want 500 in all and some held", before, stuck)
	}
	s.clock.Advance(hold.Period)
	s.sellAll(show, func() bool { return false })
	if sold, held := s.sold(show); sold != 500 || held != 0 {
		t.Errorf("%d sold and %d held, want 500 and none", sold, held)
	}
}

// sellAll has buyers come until there is not a single place left. What they hold is
// sold without orders, but for every tenth: the emulator copies the whole table with
// each item of a transaction.
func (s *shop) sellAll(show *performance.Performance, goesAway func() bool) {
	s.Helper()
	var buyers sync.WaitGroup
	for range 4 {
		buyers.Go(func() {
			who := customer()
			for quantity := 1 + rand.IntN(4); quantity > 0; {
				held, err := s.hold(who, show, app.HoldRequestItem{AreaID: "standing", Quantity: quantity})
				if s.lost(err) {
					quantity-- // fewer may do
					continue
				}
				switch {
				case goesAway():
				case rand.IntN(10) == 0:
					s.order(who, held)
				default:
					s.sell(show, held)
				}
				quantity = 1 + rand.IntN(4)
			}
		})
	}
	buyers.Wait()
}

// sell makes what is held sold in the inventory alone.
func (s *shop) sell(show *performance.Performance, held hold.Hold) {
	s.Helper()
	err := s.store.Update(s.patient(), func(tx app.Tx) error {
		for number, slots := range held.Items[0].Claims() {
			p, err := tx.Partition(inventory.Key{PerformanceID: show.ID, AreaID: "standing", Number: number})
			if err != nil {
				return err
			}
			if err := errors.Join(p.Sell(held.ID, slots, s.clock.Now()), tx.PutPartition(show.Layout.Area("standing"), p)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.Error(err)
	}
}

// TestAHoldIsAsScatteredAsATransactionTakes sells, and takes back, seats in as many
// partitions as a hold may have.
func TestAHoldIsAsScatteredAsATransactionTakes(t *testing.T) {
	t.Parallel()
	s := open(t)
	show := s.schedule(stalls("stalls", hold.MaxPartitions+1, 40))
	var seats []string
	for row := range hold.MaxPartitions + 1 {
		seats = append(seats, fmt.Sprintf("%d-7", row+1))
	}
	who := customer()
	if _, err := s.hold(who, show, app.HoldRequestItem{AreaID: "stalls", Seats: seats}); !errors.Is(err, buyer.ErrLimitExceeded) {
		t.Errorf("a hold in %d partitions: %v, want ErrLimitExceeded", len(seats), err)
	}
	held, err := s.hold(who, show, app.HoldRequestItem{AreaID: "stalls", Seats: seats[1:]})
	s.ok(err)
	placed, _ := s.order(who, held)
	if sold, _ := s.sold(show); sold != hold.MaxPartitions {
		t.Errorf("%d sold", sold)
	}
	cancelled, _, err := s.selling.CancelOrder(s.patient(), who, placed.ID)
	s.ok(err)
	if sold, _ := s.sold(show); sold != 0 || cancelled.Status != order.Cancelled {
		t.Errorf("%d are sold of an order that is %s", sold, cancelled.Status)
	}
}

func TestAnUpdateThatOthersAreAlwaysFasterThanIsBusy(t *testing.T) {
	t.Parallel()
	s := open(t)
	performanceID := id.New()
	change := func(ctx context.Context, meanwhile func()) error {
		return s.store.Update(ctx, func(tx app.Tx) error {
			b, err := tx.Buyer(performanceID, "anna")
			if err != nil {
				return err
			}
			meanwhile()
			b.Version++
			return tx.PutBuyer(b)
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := change(ctx, func() { s.ok(change(s.patient(), func() {})) })
	if !errors.Is(err, app.ErrBusy) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want ErrBusy", err)
	}
}

// TestGatesAdmitAnOrderAtOnce has the tickets of an order, which are one item, come
// to as many gates at the same time, and each twice.
func TestGatesAdmitAnOrderAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	show := s.schedule(stalls("stalls", 1, 20))
	who := customer()
	held, err := s.hold(who, show, app.HoldRequestItem{AreaID: "stalls", BestAvailable: 8})
	s.ok(err)
	_, tickets := s.order(who, held)
	var admitted, twice atomic.Int32
	var gates errgroup.Group
	for _, k := range append(tickets, tickets...) {
		gates.Go(func() error {
			_, err := s.selling.CheckIn(s.patient(), app.Caller{Groups: []string{"gate"}}, app.Scan{Code: s.codeOf(k), Gate: "north"})
			if before := (*ticket.AlreadyAdmittedError)(nil); errors.As(err, &before) {
				twice.Add(1)
				return nil
			}
			admitted.Add(1)
			return err
		})
	}
	s.ok(gates.Wait())
	if admitted.Load() != 8 || twice.Load() != 8 {
		t.Errorf("%d admitted and %d refused, want 8 and 8", admitted.Load(), twice.Load())
	}
}

// TestACancellationLooksAgain has a performance whose orders are cancelled come back
// once, when an order that the index did not list yet must be listed.
func TestACancellationLooksAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	show := s.schedule(floor(10))
	cancelled := *show
	cancelled.Version, cancelled.Cancelled = 2, true
	s.ok(s.store.Update(t.Context(), func(tx app.Tx) error { return tx.PutPerformance(&cancelled) }))
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {0, 0}, {59 * time.Second, 0}, {time.Second, 1}, {0, 0}, {time.Hour, 0}} {
		s.clock.Advance(step.after)
		pending, err := s.store.CancelledPerformances(t.Context())
		s.ok(err)
		if len(pending) != step.want {
			t.Errorf("at %v %d are pending, want %d", s.clock.Now().Sub(start), len(pending), step.want)
		}
		s.ok(s.selling.CancelOrders(t.Context()))
	}
}
