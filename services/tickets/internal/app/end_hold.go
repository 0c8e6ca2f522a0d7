package app

import (
	"context"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

// Hold returns a live hold of the caller, else hold.ErrExpired or hold.ErrUsed;
// one that was given up is hold.ErrNotFound.
func (s *Selling) Hold(ctx context.Context, caller Caller, holdID id.ID) (hold.Hold, error) {
	found, err := s.store.Hold(ctx, holdID)
	if err != nil {
		return hold.Hold{}, err
	}
	if found.CustomerID != caller.CustomerID || found.Status == hold.Released {
		return hold.Hold{}, hold.ErrNotFound
	}
	if err := found.Live(s.clock.Now()); err != nil {
		return hold.Hold{}, err
	}
	return found, nil
}

// ExtendHold starts the period of a hold anew, up to the cap.
func (s *Selling) ExtendHold(ctx context.Context, caller Caller, holdID id.ID) (hold.Hold, error) {
	var extended hold.Hold
	err := s.store.Update(ctx, func(tx Tx) error {
		held, err := ownHold(tx, caller, holdID)
		if err != nil {
			return err
		}
		now := s.clock.Now()
		if err := held.Live(now); err != nil {
			return err
		}
		show, err := tx.Performance(held.PerformanceID)
		if err != nil {
			return err
		}
		if err := checkSales(show, held, now); err != nil {
			return err
		}
		before := held.ExpiresAt
		if err := held.Extend(now); err != nil {
			return err
		}
		extended = held
		if held.ExpiresAt.Equal(before) {
			return nil
		}
		err = eachPartition(tx, show, held.Items, func(partition *inventory.Partition, _ inventory.Slots) error {
			return partition.Extend(held.ID, now, held.ExpiresAt)
		})
		if errors.Is(err, inventory.ErrTaken) {
			return hold.ErrExpired
		}
		if err != nil {
			return err
		}
		customer, err := tx.Buyer(held.PerformanceID, held.CustomerID)
		if err != nil {
			return err
		}
		customer.Extend(held.ID, held.ExpiresAt)
		return errors.Join(tx.PutBuyer(customer), tx.PutHold(held))
	})
	return extended, err
}

// checkSales returns performance.ErrSalesClosed unless all of the hold's items sell
// at now, as it was made.
func checkSales(show *performance.Performance, held hold.Hold, now time.Time) error {
	for _, item := range held.Items {
		if err := show.CheckSalesBy(held.Sale, item.PriceCategory, now); err != nil {
			return err
		}
	}
	return nil
}

// ReleaseHold gives a hold up, also when repeated. hold.ErrExpired when its time
// had passed, hold.ErrUsed once it became an order.
func (s *Selling) ReleaseHold(ctx context.Context, caller Caller, holdID id.ID) error {
	err := s.store.Update(ctx, func(tx Tx) error {
		held, err := ownHold(tx, caller, holdID)
		if err != nil {
			return err
		}
		now := s.clock.Now()
		if held.Status == hold.Expired || held.Status == hold.Active && !held.ExpiresAt.After(now) {
			return hold.ErrExpired // the sweeper announces it
		}
		return release(tx, held, hold.ReasonReleased, now)
	})
	if err == nil {
		s.placesFreed()
	}
	return err
}

// release gives the places of a hold back and closes the offer it was made for. The
// reason is why, unless its time had passed.
func release(tx Tx, held hold.Hold, reason hold.ReleaseReason, now time.Time) error {
	if held.Expire(now) {
		return end(tx, held, hold.ReasonExpired, now)
	}
	changed, err := held.Release()
	if err != nil || !changed {
		return err
	}
	return end(tx, held, reason, now)
}

// releaseHoldsOf releases all holds of a performance that is cancelled, but for those
// that orders have. It finds them by their claims: nobody can place new ones. One
// that cannot be released stops no other.
func (s *Selling) releaseHoldsOf(ctx context.Context, performanceID id.ID) error {
	partitions, err := s.store.Partitions(ctx, performanceID)
	if err != nil {
		return err
	}
	var failures []error
	seen := map[id.ID]bool{}
	for _, partition := range partitions {
		for _, claim := range partition.Claims {
			if seen[claim.HoldID] {
				continue
			}
			if err := ctx.Err(); err != nil {
				return errors.Join(append(failures, err)...)
			}
			seen[claim.HoldID] = true
			err := s.store.Update(ctx, func(tx Tx) error {
				held, err := tx.Hold(claim.HoldID)
				if err != nil {
					return err
				}
				return release(tx, held, hold.ReasonPerformanceCancelled, s.clock.Now())
			})
			// A claim may be a change of the seat map's.
			if err != nil && !errors.Is(err, hold.ErrUsed) && !errors.Is(err, hold.ErrNotFound) {
				failures = append(failures, err)
			}
		}
	}
	return errors.Join(failures...)
}

// ExpireHolds ends holds whose time has passed: it tells the world and clears
// up. Nothing depends on when it runs, since whoever reads or writes compares
// the clock. It returns how many holds it ended, at most limit; one that cannot be
// ended stops no other.
func (s *Selling) ExpireHolds(ctx context.Context, limit int) (int, error) {
	due, err := s.store.DueHolds(ctx, s.clock.Now(), limit)
	if err != nil {
		return 0, err
	}
	ended := 0
	var failures []error
	for _, holdID := range due {
		if err := ctx.Err(); err != nil {
			failures = append(failures, err)
			break
		}
		err := s.store.Update(ctx, func(tx Tx) error {
			held, err := tx.Hold(holdID)
			if err != nil {
				return err
			}
			now := s.clock.Now()
			if !held.Expire(now) {
				return nil // it was extended, used or released meanwhile
			}
			return end(tx, held, hold.ReasonExpired, now)
		})
		if err != nil {
			failures = append(failures, err)
			continue
		}
		ended++
	}
	if ended > 0 {
		s.placesFreed()
	}
	return ended, errors.Join(failures...)
}

// end stores a hold that is over and frees what it held.
func end(tx Tx, held hold.Hold, reason hold.ReleaseReason, now time.Time) error {
	show, err := tx.Performance(held.PerformanceID)
	if err != nil {
		return err
	}
	err = eachPartition(tx, show, held.Items, func(partition *inventory.Partition, _ inventory.Slots) error {
		partition.Release(held.ID, now)
		partition.Sweep(now)
		return nil
	})
	if err != nil {
		return err
	}
	customer, err := tx.Buyer(held.PerformanceID, held.CustomerID)
	if err != nil {
		return err
	}
	customer.Release(held.ID, now)
	if held.EntryID != id.Nil {
		if err := closeOffer(tx, held.EntryID, waitlist.Expired); err != nil {
			return err
		}
	}
	return errors.Join(tx.PutBuyer(customer), tx.PutHold(held), tx.Record(hold.ReleasedFact{Hold: held, Reason: reason}))
}

func closeOffer(tx Tx, entryID id.ID, status waitlist.Status) error {
	entry, err := tx.Entry(entryID)
	if errors.Is(err, waitlist.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	entry.Close(status)
	return tx.PutEntry(entry)
}

func ownHold(tx Tx, caller Caller, holdID id.ID) (hold.Hold, error) {
	held, err := tx.Hold(holdID)
	if err != nil {
		return hold.Hold{}, err
	}
	if held.CustomerID != caller.CustomerID {
		return hold.Hold{}, hold.ErrNotFound
	}
	return held, nil
}

// part is what some items have of one partition, of an area or of a quota.
type part struct {
	area  *seatmap.AreaLayout
	state inventory.Partition
	slots inventory.Slots
}

// partitionsOf reads every partition that the items lie in, each once.
func partitionsOf(tx Tx, show *performance.Performance, items []hold.Item) ([]part, error) {
	var parts []part
	index := map[inventory.Key]int{}
	add := func(area *seatmap.AreaLayout, claims map[int]inventory.Slots) error {
		if area == nil {
			return nil // a quota that there was once
		}
		for number, slots := range claims {
			key := inventory.Key{PerformanceID: show.ID, AreaID: area.ID, Number: number}
			if known, read := index[key]; read {
				parts[known].slots |= slots
				continue
			}
			state, err := tx.Partition(key)
			if err != nil {
				return err
			}
			if state.Version == 0 {
				state = inventory.New(key, area.PartitionCapacity(number))
			}
			state.Kept = area.Kept(number)
			index[key] = len(parts)
			parts = append(parts, part{area, state, slots})
		}
		return nil
	}
	for _, item := range items {
		if err := add(show.Layout.Laid(item.AreaID), item.Claims()); err != nil {
			return nil, err
		}
		for _, use := range item.Uses {
			if err := add(show.Layout.Quota(use.QuotaID), use.Claims()); err != nil {
				return nil, err
			}
		}
	}
	return parts, nil
}

// eachPartition changes every partition that the items lie in.
func eachPartition(tx Tx, show *performance.Performance, items []hold.Item, change func(*inventory.Partition, inventory.Slots) error) error {
	parts, err := partitionsOf(tx, show, items)
	if err != nil {
		return err
	}
	for _, p := range parts {
		before := p.state.Version
		if err := change(&p.state, p.slots); err != nil {
			return err
		}
		if p.state.Version == before {
			continue
		}
		if err := tx.PutPartition(p.area, p.state); err != nil {
			return err
		}
	}
	return nil
}
