package app

import (
	"context"
	"errors"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/performance"
)

// UpdatePerformance takes over a performance as an event tells it, unless a
// newer version is known. Handling the same event again changes nothing.
// ErrSeatMapChanging passes; no repetition cures seatmap.ErrKindChanged and
// seatmap.ErrMalformed.
func (s *Selling) UpdatePerformance(ctx context.Context, consumer string, eventID id.ID, told *performance.Performance) error {
	known, err := s.store.Performance(ctx, told.ID)
	switch {
	case errors.Is(err, performance.ErrNotFound):
		known = nil
	case err != nil:
		return err
	case known.Version < told.Version:
		if err := s.follow(ctx, known, told); err != nil {
			return err
		}
	}
	var before *performance.Performance // which told replaces
	err = s.store.Update(ctx, func(tx Tx) error {
		before = nil
		first, err := tx.FirstTime(consumer, eventID)
		if err != nil || !first {
			return err
		}
		current, err := tx.Performance(told.ID)
		if errors.Is(err, performance.ErrNotFound) {
			return tx.PutPerformance(told)
		}
		if err != nil || current.Version >= told.Version {
			return err
		}
		if known == nil || known.Version != current.Version {
			return ErrSeatMapChanging // another version came in between: it is looked at again
		}
		before = current
		return tx.PutPerformance(told)
	})
	if err != nil || before == nil {
		return err
	}
	return s.keep(ctx, before, told)
}

// UpdateShow takes over what an event tells of a show, unless a newer version is
// known. Handling the same event again changes nothing.
func (s *Selling) UpdateShow(ctx context.Context, consumer string, eventID id.ID, told performance.Show) error {
	return s.store.Update(ctx, func(tx Tx) error {
		first, err := tx.FirstTime(consumer, eventID)
		if err != nil || !first {
			return err
		}
		known, err := tx.Show(told.ID)
		if err != nil && !errors.Is(err, performance.ErrShowNotFound) || known.Version >= told.Version {
			return err
		}
		return tx.PutShow(told)
	})
}

// titleOf returns how the performance's show is called now.
func (s *Selling) titleOf(ctx context.Context, show *performance.Performance) (string, error) {
	known, err := s.store.Show(ctx, show.ShowID)
	if errors.Is(err, performance.ErrShowNotFound) {
		return show.Title, nil // as it was when the performance was told
	}
	return known.Title, err
}
