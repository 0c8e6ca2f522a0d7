package postgres

import (
	"context"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"
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
func (r reader) Venue(ctx context.Context, venueID id.ID) (venue.Venue, error) {
	v, err := scanVenue(r.tx.QueryRow(ctx, `SELECT `+venueColumns+` FROM venue WHERE id = $1::uuid`, venueID.String()))
	return v, notFound(err)
}

// SaveVenue implements app.Tx.
func (t transaction) SaveVenue(ctx context.Context, v venue.Venue, at time.Time) error {
	s := v.State()
	if _, err := t.tx.Exec(ctx, `INSERT INTO venue (`+venueColumns+`) VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, address = excluded.address, city = excluded.city, country = excluded.country,
			time_zone = excluded.time_zone, capacity = excluded.capacity, version = excluded.version, deleted = excluded.deleted`,
		s.ID.String(), s.Name, s.Address, s.City, s.Country, s.TimeZone, s.Capacity, s.Version, s.Deleted); err != nil {
		return err
	}
	if err := t.index(ctx, s.Deleted, search.Document{
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
func (s *Store) Venues(ctx context.Context, after *app.Place, limit int) ([]venue.Venue, error) {
	from := place(after)
	return list(ctx, s.db, scanVenue, `SELECT `+venueColumns+` FROM venue
		WHERE NOT deleted AND (name, id) > ($1, $2::uuid) ORDER BY name, id LIMIT $3`, from.Name, from.ID.String(), limit)
}
