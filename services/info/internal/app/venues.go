package app

import (
	"context"
	"errors"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/venue"
)

// CreateVenue adds a venue and announces it. When the id exists the venue is
// returned as it is: the request came again. Bad details are a *violation.Error.
func (i *Info) CreateVenue(ctx context.Context, venueID id.ID, d venue.Details) (venue.Venue, error) {
	created, err := venue.New(venueID, d)
	if err != nil {
		return venue.Venue{}, err
	}
	result := created
	err = i.store.Write(ctx, func(tx Tx) error {
		existing, err := tx.Venue(ctx, venueID)
		if err == nil {
			result = existing
			return nil
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		result = created
		return tx.SaveVenue(ctx, created, i.clock.Now())
	})
	return result, err
}

// Venue returns a venue, or ErrNotFound.
func (i *Info) Venue(ctx context.Context, venueID id.ID) (venue.Venue, error) {
	v, err := i.store.Venue(ctx, venueID)
	if err == nil && v.Deleted() {
		return venue.Venue{}, ErrNotFound
	}
	return v, err
}

// Venues returns a page of the venues by name, and where it ended unless it was
// the last.
func (i *Info) Venues(ctx context.Context, after *Place, limit int) ([]venue.Venue, *Place, error) {
	venues, err := i.store.Venues(ctx, after, limit+1)
	if err != nil || len(venues) <= limit {
		return venues, nil, err
	}
	last := venues[limit-1]
	return venues[:limit], &Place{Name: last.Details().Name, ID: last.ID()}, nil
}

// ReplaceVenue changes a venue and announces it. It is ErrNotFound,
// ErrVersionConflict, or a *violation.Error for bad details.
func (i *Info) ReplaceVenue(ctx context.Context, venueID id.ID, expected Version, d venue.Details) (venue.Venue, error) {
	var result venue.Venue
	err := i.store.Write(ctx, func(tx Tx) error {
		existing, err := tx.Venue(ctx, venueID)
		if err != nil {
			return err
		}
		if existing.Deleted() {
			return ErrNotFound
		}
		if err := expected.check(existing.Version()); err != nil {
			return err
		}
		if result, err = existing.Replace(d); err != nil {
			return err
		}
		return tx.SaveVenue(ctx, result, i.clock.Now())
	})
	return result, err
}

// DeleteVenue removes a venue and announces that. Removing it again does
// nothing; what never was is ErrNotFound. It may be ErrVersionConflict.
func (i *Info) DeleteVenue(ctx context.Context, venueID id.ID, expected Version) error {
	return i.store.Write(ctx, func(tx Tx) error {
		existing, err := tx.Venue(ctx, venueID)
		if err != nil {
			return err
		}
		if existing.Deleted() {
			return nil
		}
		if err := expected.check(existing.Version()); err != nil {
			return err
		}
		return tx.SaveVenue(ctx, existing.Delete(), i.clock.Now())
	})
}
