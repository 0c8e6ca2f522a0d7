// Package sqlite keeps info's state in one SQLite file, with the full text
// search of FTS5. It implements app.Store and decides nothing.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/artist"
	"ticketmesh.dev/services/info/internal/eventcodec"
	"ticketmesh.dev/services/info/internal/page"
	"ticketmesh.dev/services/info/internal/venue"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables that the store needs, for sqlite.Config.
func Migrations() fs.FS {
	// Sub fails for malformed names only.
	sub, _ := fs.Sub(migrations, "migrations")
	return sub
}

// Store implements app.Store.
type Store struct {
	db    *sqlite.DB
	codec *eventcodec.Codec
}

var _ app.Store = (*Store)(nil)

// New returns the store in db, which stays the caller's to close. Events go
// through codec into db's outbox.
func New(db *sqlite.DB, codec *eventcodec.Codec) *Store {
	return &Store{db: db, codec: codec}
}

// Write implements app.Store.
func (s *Store) Write(ctx context.Context, fn func(app.Tx) error) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		return fn(transaction{reader{tx}, s.codec})
	})
}

// Ready implements app.Store.
func (s *Store) Ready(ctx context.Context) error {
	return s.db.Read(ctx, func(tx *sqlite.Tx) error {
		var one int
		return tx.QueryRow("SELECT 1").Scan(&one)
	})
}

// Venue implements app.Reader.
func (s *Store) Venue(ctx context.Context, venueID id.ID) (v venue.Venue, err error) {
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		v, err = reader{tx}.Venue(ctx, venueID)
		return err
	})
	return v, err
}

// Artist implements app.Reader.
func (s *Store) Artist(ctx context.Context, artistID id.ID) (a artist.Artist, err error) {
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		a, err = reader{tx}.Artist(ctx, artistID)
		return err
	})
	return a, err
}

// Page implements app.Reader.
func (s *Store) Page(ctx context.Context, key page.Key) (p page.Page, err error) {
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		p, err = reader{tx}.Page(ctx, key)
		return err
	})
	return p, err
}

// Pages implements app.Reader.
func (s *Store) Pages(ctx context.Context, slug string) (pages []page.Page, err error) {
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		pages, err = reader{tx}.Pages(ctx, slug)
		return err
	})
	return pages, err
}

// reader implements app.Reader within a transaction.
type reader struct {
	tx *sqlite.Tx
}

// transaction implements app.Tx.
type transaction struct {
	reader
	codec *eventcodec.Codec
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return app.ErrNotFound
	}
	return err
}

type scanner interface {
	Scan(destination ...any) error
}

// collect reads all rows of a query with scan.
func collect[T any](tx *sqlite.Tx, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
