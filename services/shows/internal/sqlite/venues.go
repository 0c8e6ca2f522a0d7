package sqlite

import (
	"context"

	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/shows/internal/show"
	"ticketmesh.dev/services/shows/internal/venue"
)

// ApplyVenue implements app.Store.
func (s *Store) ApplyVenue(ctx context.Context, v venue.Venue) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO venues (venue_id, version, city) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET version = excluded.version, city = excluded.city WHERE excluded.version > venues.version`,
			v.ID[:], v.Version, show.Fold(v.City))
		return err
	})
}
