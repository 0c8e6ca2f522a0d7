package app

import (
	"context"
	"errors"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/artist"
)

// CreateArtist adds an artist. When the id exists the artist is
// returned as it is: the request came again. Bad details are a *violation.Error.
func (i *Info) CreateArtist(ctx context.Context, artistID id.ID, d artist.Details) (artist.Artist, error) {
	created, err := artist.New(artistID, d)
	if err != nil {
		return artist.Artist{}, err
	}
	result := created
	err = i.store.Write(ctx, func(tx Tx) error {
		existing, err := tx.Artist(ctx, artistID)
		if err == nil {
			result = existing
			return nil
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		result = created
		return tx.SaveArtist(ctx, created)
	})
	return result, err
}

// Artist returns an artist, or ErrNotFound.
func (i *Info) Artist(ctx context.Context, artistID id.ID) (artist.Artist, error) {
	v, err := i.store.Artist(ctx, artistID)
	if err == nil && v.Deleted() {
		return artist.Artist{}, ErrNotFound
	}
	return v, err
}

// Artists returns a page of the artists by name, and where it ended unless it was
// the last.
func (i *Info) Artists(ctx context.Context, after *Place, limit int) ([]artist.Artist, *Place, error) {
	artists, err := i.store.Artists(ctx, after, limit+1)
	if err != nil || len(artists) <= limit {
		return artists, nil, err
	}
	last := artists[limit-1]
	return artists[:limit], &Place{Name: last.Details().Name, ID: last.ID()}, nil
}

// ReplaceArtist changes an artist. It is ErrNotFound,
// ErrVersionConflict, or a *violation.Error for bad details.
func (i *Info) ReplaceArtist(ctx context.Context, artistID id.ID, expected Version, d artist.Details) (artist.Artist, error) {
	var result artist.Artist
	err := i.store.Write(ctx, func(tx Tx) error {
		existing, err := tx.Artist(ctx, artistID)
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
		return tx.SaveArtist(ctx, result)
	})
	return result, err
}

// DeleteArtist removes an artist. Removing it again does
// nothing; what never was is ErrNotFound. It may be ErrVersionConflict.
func (i *Info) DeleteArtist(ctx context.Context, artistID id.ID, expected Version) error {
	return i.store.Write(ctx, func(tx Tx) error {
		existing, err := tx.Artist(ctx, artistID)
		if err != nil {
			return err
		}
		if existing.Deleted() {
			return nil
		}
		if err := expected.check(existing.Version()); err != nil {
			return err
		}
		return tx.SaveArtist(ctx, existing.Delete())
	})
}
