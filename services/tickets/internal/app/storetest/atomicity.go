package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/ticket"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

func updateFails(f *fixture) {
	p := f.put()
	h, o, e := newHold(p.ID), newOrder(p.ID, "anna"), newEntry(p.ID, "I")
	k := newTicket(o)
	refund := order.Refund{ID: id.New(), OrderID: o.ID, Amount: eur(1), CreatedAt: start}
	eventID, defect := id.New(), errors.New("defect")
	later := newPerformance(f)
	err := f.store().Update(f.Context(), func(tx app.Tx) error {
		area := p.Layout.Area("floor")
		partition := inventory.New(inventory.Key{PerformanceID: p.ID, AreaID: "floor"}, area.PartitionCapacity(0))
		taken := partition.Take(h.ID, 1, start, h.ExpiresAt)
		_, firstTime := tx.FirstTime("consumer", eventID)
		return errors.Join(taken, firstTime, tx.PutPerformance(later), tx.PutPartition(area, partition), tx.PutHold(h), tx.PutOrder(o),
			tx.PutTicket(k), tx.PutRefund(refund), tx.PutEntry(e), tx.PutBuyer(buyer.Buyer{PerformanceID: p.ID, CustomerID: "anna", Owned: 1, Version: 1}),
			tx.Record(hold.PlacedFact{Hold: h}), defect)
	})
	if !errors.Is(err, defect) {
		f.Fatalf("Update() = %v, want the function's own error", err)
	}
	f.update(func(tx app.Tx) error {
		_, noPerformance := tx.Performance(later.ID)
		_, noHold := tx.Hold(h.ID)
		_, noOrder := tx.Order(o.ID)
		_, noTicket := tx.Ticket(k.ID)
		_, noRefund := tx.Refund(refund.ID)
		_, noEntry := tx.Entry(e.ID)
		for _, check := range []struct{ got, want error }{
			{noPerformance, performance.ErrNotFound},
			{noHold, hold.ErrNotFound},
			{noOrder, order.ErrNotFound},
			{noTicket, ticket.ErrNotFound},
			{noRefund, order.ErrNotFound},
			{noEntry, waitlist.ErrNotFound},
		} {
			if !errors.Is(check.got, check.want) {
				f.Errorf("after a failed update: %v, want %v", check.got, check.want)
			}
		}
		partition, err := tx.Partition(inventory.Key{PerformanceID: p.ID, AreaID: "floor"})
		if err != nil || len(partition.Claims) > 0 {
			f.Errorf("partition = %+v, %v", partition, err)
		}
		customer, err := tx.Buyer(p.ID, "anna")
		if err != nil || customer.Owned != 0 {
			f.Errorf("buyer = %+v, %v", customer, err)
		}
		if first, err := tx.FirstTime("consumer", eventID); err != nil || !first {
			f.Errorf("the failed update remembered the event: %t, %v", first, err)
		}
		return nil
	})
	if recorded := f.events(); len(recorded) != 0 {
		f.Errorf("a failed update recorded %d facts", len(recorded))
	}
	if _, err := f.store().Performance(f.Context(), later.ID); !errors.Is(err, performance.ErrNotFound) {
		f.Errorf("Performance() = %v, want ErrNotFound", err)
	}
}

func updateSeesItself(f *fixture) {
	p := f.put()
	h, o, e := newHold(p.ID), newOrder(p.ID, "anna"), newEntry(p.ID, "I")
	k := newTicket(o)
	newer := *p
	newer.Version, newer.Title = 2, "Later"
	f.update(func(tx app.Tx) error {
		area := p.Layout.Area("floor")
		partition, err := tx.Partition(inventory.Key{PerformanceID: p.ID, AreaID: "floor", Number: 1})
		f.ok(err)
		if partition.Version == 0 {
			partition = inventory.New(partition.Key, area.PartitionCapacity(1))
		}
		f.ok(partition.Take(h.ID, 0b11, start, h.ExpiresAt))
		f.ok(errors.Join(tx.PutPartition(area, partition), tx.PutHold(h), tx.PutOrder(o), tx.PutTicket(k), tx.PutEntry(e), tx.PutPerformance(&newer),
			tx.PutBuyer(buyer.Buyer{PerformanceID: p.ID, CustomerID: "anna", Owned: 3, Version: 1})))
		// Twice: puts of one item in one update replace each other.
		e.Offer(h.ID, h.ExpiresAt)
		f.ok(tx.PutEntry(e))
		gotPartition, errPartition := tx.Partition(partition.Key)
		gotHold, errHold := tx.Hold(h.ID)
		gotOrder, errOrder := tx.Order(o.ID)
		gotTicket, errTicket := tx.Ticket(k.ID)
		gotEntry, errEntry := tx.Entry(e.ID)
		gotBuyer, errBuyer := tx.Buyer(p.ID, "anna")
		gotPerformance, errPerformance := tx.Performance(p.ID)
		f.ok(errors.Join(errPartition, errHold, errOrder, errTicket, errEntry, errBuyer, errPerformance))
		f.same("partition", gotPartition, partition)
		f.same("hold", gotHold, h)
		f.same("order", gotOrder, o)
		f.same("ticket", gotTicket, k)
		f.same("entry", gotEntry, e)
		f.same("owned", gotBuyer.Owned, 3)
		f.same("title", gotPerformance.Title, "Later")
		return nil
	})
	got, err := f.store().Entry(f.Context(), e.ID)
	f.ok(err)
	f.same("entry afterwards", got, e)
}

func updatesRace(f *fixture) {
	p := f.put()
	const workers, each = 8, 25
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for range each {
				err := f.store().Update(f.Context(), func(tx app.Tx) error {
					customer, err := tx.Buyer(p.ID, "anna")
					if err != nil {
						return err
					}
					customer.Owned++
					customer.Version++
					return tx.PutBuyer(customer)
				})
				if err != nil {
					f.Error(err)
				}
			}
		})
	}
	running.Wait()
	f.update(func(tx app.Tx) error {
		customer, err := tx.Buyer(p.ID, "anna")
		f.ok(err)
		f.same("owned and version", [2]int{customer.Owned, customer.Version}, [2]int{workers * each, workers * each})
		return nil
	})
}

func lastPlace(f *fixture) {
	p := f.put()
	area := p.Layout.Area("stalls")
	var won, lost atomic.Int32
	var running sync.WaitGroup
	for range 32 {
		running.Go(func() {
			holdID := id.New()
			err := f.store().Update(f.Context(), func(tx app.Tx) error {
				partition, err := tx.Partition(inventory.Key{PerformanceID: p.ID, AreaID: "stalls"})
				if err != nil {
					return err
				}
				if partition.Version == 0 {
					partition = inventory.New(partition.Key, area.PartitionCapacity(0))
				}
				if err := partition.Take(holdID, 1, start, start.Add(hold.Period)); err != nil {
					return err
				}
				return tx.PutPartition(area, partition)
			})
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, inventory.ErrTaken):
				lost.Add(1)
			default:
				f.Error(err)
			}
		})
	}
	running.Wait()
	f.same("won and lost", [2]int32{won.Load(), lost.Load()}, [2]int32{1, 31})
}

func updateCancelled(f *fixture) {
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	h := newHold(id.New())
	if err := f.store().Update(ctx, func(tx app.Tx) error { return tx.PutHold(h) }); !errors.Is(err, context.Canceled) {
		f.Errorf("Update() = %v, want context.Canceled", err)
	}
	if _, err := f.store().Hold(f.Context(), h.ID); !errors.Is(err, hold.ErrNotFound) {
		f.Errorf("Hold() = %v, want ErrNotFound", err)
	}
}

func facts(f *fixture) {
	p := f.put()
	f.drop()
	h := newHold(p.ID)
	trace := event.Trace{CorrelationID: id.New().String(), CausationID: id.New().String()}
	err := f.store().Update(event.WithTrace(f.Context(), trace), func(tx app.Tx) error {
		return errors.Join(tx.PutHold(h), tx.Record(hold.PlacedFact{Hold: h}, hold.ReleasedFact{Hold: h, Reason: hold.ReasonExpired}),
			tx.Record(hold.ReleasedFact{Hold: h, Reason: hold.ReasonReleased}))
	})
	f.ok(err)
	var told []string
	for _, e := range f.events() {
		told = append(told, e.Type+" "+e.Subject)
		if e.CorrelationID != trace.CorrelationID || e.CausationID != trace.CausationID || !e.Time.Equal(f.clock.Now()) {
			f.Errorf("envelope = %+v, want the trace and the time of the update", e)
		}
	}
	placed, released := "ticketmesh.tickets.hold.placed.v1 "+h.ID.String(), "ticketmesh.tickets.hold.released.v1 "+h.ID.String()
	f.same("facts", told, []string{placed, released, released})
	if err := f.store().Update(f.Context(), func(tx app.Tx) error { return tx.Record(struct{}{}) }); err == nil {
		f.Error("what is no fact was recorded")
	}
}

// drop checks that storing a performance records no fact of its own. What tells
// availability is not a fact of an update.
func (f *fixture) drop() {
	f.Helper()
	if recorded := f.events(); len(recorded) != 0 {
		f.Fatalf("%d facts that nobody recorded", len(recorded))
	}
}

func firstTime(f *fixture) {
	eventID, other := id.New(), id.New()
	tests := []struct {
		consumer string
		eventID  id.ID
		want     bool
	}{{"a", eventID, true}, {"a", eventID, false}, {"b", eventID, true}, {"a", other, true}, {"b", eventID, false}}
	for _, tt := range tests {
		f.update(func(tx app.Tx) error {
			first, err := tx.FirstTime(tt.consumer, tt.eventID)
			f.ok(err)
			if first != tt.want {
				f.Errorf("FirstTime(%s, %s) = %t, want %t", tt.consumer, tt.eventID, first, tt.want)
			}
			return nil
		})
	}
}
