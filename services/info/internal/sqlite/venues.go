package sqlite

import (
	"context"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/search"
	"ticketmesh.dev/services/info/internal/venue"
)

const venueColumns = `id, name, address, city, country, time_zone, capacity, version, deleted`

func scanVenue(row scanner) (venue.Venue, error) {
	var s venue.State
	err := row.Scan(&s.ID, &s.Name, &s.Address, &s.City, &s.Country, &s.TimeZone, &s.Capacity, &s.Version, &s.Deleted)
	return venue.Restore(s), err
}

// Venue implements app.Reader.
func (r reader) Venue(_ context.Context, venueID id.ID) (venue.Venue, error) {
	v, err := scanVenue(r.tx.QueryRow(`SELECT `+venueColumns+` FROM venue WHERE id = ?`, venueID[:]))
	return v, notFound(err)
}

// SaveVenue implements app.Tx.
func (t transaction) SaveVenue(ctx context.Context, v venue.Venue, at time.Time) error {
	s := v.State()
	if _, err := t.tx.Exec(`INSERT OR REPLACE INTO venue (`+venueColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.ID[:], s.Name, s.Address, s.City, s.Country, s.TimeZone, s.Capacity, s.Version, s.Deleted); err != nil {
		return err
	}
	if err := t.index(s.Deleted, search.Document{
		Kind:  search.Venue,
		Ref:   s.ID.String(),
		Title: s.Name,
		Body:  strings.TrimSpace(s.Address + "\n" + s.City + " " + s.Country),
	}); err != nil {
		return err
	}
	e, err := t.codec.VenueUpdated(ctx, v, at)
	if err != nil {
		return err
	}
	return t.tx.Publish(ctx, e)
}

// Venues implements app.Store.
func (s *Store) Venues(ctx context.Context, after *app.Place, limit int) (venues []venue.Venue, err error) {
	name, afterID := place(after)
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		venues, err = collect(tx, scanVenue, `SELECT `+venueColumns+` FROM venue
			WHERE deleted = 0 AND (name, id) > (?, ?) ORDER BY name, id LIMIT ?`, name, afterID, limit)
		return err
	})
	return venues, err
}

// place is where a list by name begins; no name is empty.
func place(after *app.Place) (name string, afterID []byte) {
	if after == nil {
		return "", []byte{}
	}
	return after.Name, after.ID[:]
}
