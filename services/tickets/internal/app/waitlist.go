package app

import (
	"context"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

// WaitRequest asks to be told of free places. EntryID is the id of the entry to
// be: repeating the request with it returns the entry that it made.
type WaitRequest struct {
	EntryID       id.ID
	PerformanceID id.ID
	PriceCategory string
	Quantity      int
}

// Join puts the caller at the end of the queue. Errors: performance.ErrNotFound,
// performance.ErrSalesClosed, waitlist.ErrUnknownCategory, waitlist.ErrNotSoldOut.
func (s *Selling) Join(ctx context.Context, caller Caller, request WaitRequest) (waitlist.Entry, error) {
	var joined waitlist.Entry
	err := s.store.Update(ctx, func(tx Tx) error {
		existing, err := tx.Entry(request.EntryID)
		if err == nil {
			if existing.CustomerID != caller.CustomerID {
				return waitlist.ErrNotFound
			}
			joined = existing
			return nil
		}
		if !errors.Is(err, waitlist.ErrNotFound) {
			return err
		}
		show, err := tx.Performance(request.PerformanceID)
		if err != nil {
			return err
		}
		now := s.clock.Now()
		if err := show.CheckSales(now); err != nil {
			return err
		}
		if _, known := show.Category(request.PriceCategory); !known {
			return waitlist.ErrUnknownCategory
		}
		if err := show.CheckSalesOf(request.PriceCategory, now); err != nil {
			return err
		}
		if _, err := tx.FirstWaiting(show.ID, request.PriceCategory, id.Nil); errors.Is(err, waitlist.ErrNotFound) {
			// Nobody waits before: whoever can buy now has no reason to queue.
			_, found, err := findPlaces(tx, show, request.PriceCategory, request.Quantity, now)
			if err != nil {
				return err
			}
			if found {
				return waitlist.ErrNotSoldOut
			}
		} else if err != nil {
			return err
		}
		joined = waitlist.Entry{
			ID: request.EntryID, PerformanceID: show.ID, PriceCategory: request.PriceCategory, Quantity: request.Quantity,
			CustomerID: caller.CustomerID, Email: caller.Email, Language: "en", Status: waitlist.Waiting, CreatedAt: now, Version: 1,
		}
		return tx.PutEntry(joined)
	})
	if err == nil {
		s.placesFreed() // perhaps some are free that the one before could not use
	}
	return joined, err
}

// Entry returns an entry of the caller.
func (s *Selling) Entry(ctx context.Context, caller Caller, entryID id.ID) (waitlist.Entry, error) {
	found, err := s.store.Entry(ctx, entryID)
	if err != nil {
		return waitlist.Entry{}, err
	}
	if found.CustomerID != caller.CustomerID {
		return waitlist.Entry{}, waitlist.ErrNotFound
	}
	found.Status = found.Current(s.clock.Now())
	return found, nil
}

// Leave ends the caller's waiting, also when repeated, and releases an offer.
func (s *Selling) Leave(ctx context.Context, caller Caller, entryID id.ID) error {
	err := s.store.Update(ctx, func(tx Tx) error {
		entry, err := tx.Entry(entryID)
		if err != nil {
			return err
		}
		if entry.CustomerID != caller.CustomerID {
			return waitlist.ErrNotFound
		}
		offered := entry.Status == waitlist.Offered
		if !entry.Leave() {
			return nil
		}
		if err := tx.PutEntry(entry); err != nil {
			return err
		}
		if !offered {
			return nil
		}
		held, err := tx.Hold(entry.HoldID)
		if err != nil {
			return err
		}
		if err := release(tx, held, hold.ReasonReleased, s.clock.Now()); !errors.Is(err, hold.ErrUsed) {
			return err
		}
		return nil
	})
	if err == nil {
		s.placesFreed()
	}
	return err
}

// offerPage is how many entries one transaction looks through.
const offerPage = 50

// OfferFreed offers free places to those who wait, the longest waiting first,
// until nobody can be served, and returns how many offers it made. Someone who
// wants more than is free does not block those behind.
func (s *Selling) OfferFreed(ctx context.Context) (int, error) {
	waiting, err := s.store.Waiting(ctx)
	if err != nil {
		return 0, err
	}
	offers := 0
	for _, wanted := range waiting {
		for after := id.Nil; ; {
			last, made, err := s.offer(ctx, wanted, after)
			if err != nil {
				return offers, err
			}
			if made {
				offers++
				after = id.Nil // who was passed over looks first again
				continue
			}
			if last == id.Nil {
				break
			}
			after = last
		}
	}
	return offers, nil
}

// offer makes an offer to the first entry of a page that can be served. The
// whole page is one transaction: places that come free meanwhile must not go to
// somebody further behind than the first whom they would have served. last is
// the page's last entry, or Nil at the end of the queue.
func (s *Selling) offer(ctx context.Context, wanted WaitingFor, after id.ID) (last id.ID, made bool, err error) {
	holdID := id.New()
	err = s.store.Update(ctx, func(tx Tx) error {
		last, made = after, false
		now := s.clock.Now()
		show, err := tx.Performance(wanted.PerformanceID)
		if err != nil {
			return err
		}
		if show.CheckSalesOf(wanted.PriceCategory, now) != nil {
			last = id.Nil
			return nil
		}
		for range offerPage {
			entry, err := tx.FirstWaiting(wanted.PerformanceID, wanted.PriceCategory, last)
			if errors.Is(err, waitlist.ErrNotFound) {
				last = id.Nil
				return nil
			}
			if err != nil {
				return err
			}
			last = entry.ID
			if made, err = serve(tx, show, entry, holdID, now); err != nil || made {
				return err
			}
		}
		return nil
	})
	return last, made, err
}

// serve offers the entry a hold, when there are places for it and its customer
// may have them.
func serve(tx Tx, show *performance.Performance, entry waitlist.Entry, holdID id.ID, now time.Time) (bool, error) {
	items, found, err := findPlaces(tx, show, entry.PriceCategory, entry.Quantity, now)
	if err != nil || !found {
		return false, err
	}
	until := now.Add(hold.OfferPeriod)
	if closesAt := show.SalesCloseAtOf(entry.PriceCategory); until.After(closesAt) {
		until = closesAt
	}
	held, err := take(tx, Caller{CustomerID: entry.CustomerID}, HoldRequest{HoldID: holdID, PerformanceID: show.ID, Items: items}, now, until)
	if errors.Is(err, buyer.ErrLimitExceeded) {
		return false, nil // take stores nothing before it knows
	}
	if err != nil {
		return false, err
	}
	held.EntryID = entry.ID
	entry.Offer(held.ID, until)
	return true, errors.Join(tx.PutHold(held), tx.PutEntry(entry), tx.Record(waitlist.OfferedFact{Entry: entry}))
}

// findPlaces looks for places of a price category: side by side in one seated
// area, or in one general area.
func findPlaces(tx Tx, show *performance.Performance, category string, quantity int, now time.Time) ([]HoldRequestItem, bool, error) {
	for _, area := range show.Layout.Areas() {
		if area.PriceCategory != category {
			continue
		}
		t := taker{tx: tx, performance: show, now: now, partitions: noPartitions()}
		item := HoldRequestItem{AreaID: area.ID, Quantity: quantity}
		if area.Kind == seatmap.Seated {
			item = HoldRequestItem{AreaID: area.ID, BestAvailable: quantity}
		}
		_, err := t.take(0, item)
		if errors.Is(err, ErrSoldOut) {
			continue
		}
		return []HoldRequestItem{item}, err == nil, err
	}
	return nil, false, nil
}
