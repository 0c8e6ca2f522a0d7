// Package postgres keeps info's state in PostgreSQL, with its full text search. It
// implements app.Store and decides nothing.
package postgres

import (
	"context"
	"embed"
	"errors"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"ticketmesh.dev/platform/id"
	database "ticketmesh.dev/platform/postgres"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/artist"
	"ticketmesh.dev/services/info/internal/eventcodec"
	"ticketmesh.dev/services/info/internal/page"
	"ticketmesh.dev/services/info/internal/venue"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables that the store needs, for migrate.Up.
func Migrations() fs.FS {
	// Sub fails for malformed names only.
	sub, _ := fs.Sub(migrations, "migrations")
	return sub
}

// Store implements app.Store.
type Store struct {
	db    *database.DB
	codec *eventcodec.Codec
}

var _ app.Store = (*Store)(nil)

// New returns the store in db, which stays the caller's to close. Events go through
// codec into db's outbox.
func New(db *database.DB, codec *eventcodec.Codec) *Store {
	return &Store{db: db, codec: codec}
}

// Write implements app.Store.
func (s *Store) Write(ctx context.Context, fn func(app.Tx) error) error {
	return s.db.Write(ctx, func(tx *database.Tx) error {
		return fn(transaction{reader{tx}, s.codec})
	})
}

// Ready implements app.Store.
func (s *Store) Ready(ctx context.Context) error { return s.db.Ready(ctx) }

// Venue implements app.Reader.
func (s *Store) Venue(ctx context.Context, venueID id.ID) (v venue.Venue, err error) {
	err = s.db.Read(ctx, func(tx *database.Tx) error {
		v, err = reader{tx}.Venue(ctx, venueID)
		return err
	})
	return v, err
}

// Artist implements app.Reader.
func (s *Store) Artist(ctx context.Context, artistID id.ID) (a artist.Artist, err error) {
	err = s.db.Read(ctx, func(tx *database.Tx) error {
		a, err = reader{tx}.Artist(ctx, artistID)
		return err
	})
	return a, err
}

// Page implements app.Reader.
func (s *Store) Page(ctx context.Context, key page.Key) (p page.Page, err error) {
	err = s.db.Read(ctx, func(tx *database.Tx) error {
		p, err = reader{tx}.Page(ctx, key)
		return err
	})
	return p, err
}

// Pages implements app.Reader.
func (s *Store) Pages(ctx context.Context, slug string) (pages []page.Page, err error) {
	err = s.db.Read(ctx, func(tx *database.Tx) error {
		pages, err = reader{tx}.Pages(ctx, slug)
		return err
	})
	return pages, err
}

// reader implements app.Reader within a transaction.
type reader struct {
	tx *database.Tx
}

// transaction implements app.Tx.
type transaction struct {
	reader
	codec *eventcodec.Codec
}

func notFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return app.ErrNotFound
	}
	return err
}

type scanner interface {
	Scan(destination ...any) error
}

// collect reads all rows of a query with scan.
func collect[T any](ctx context.Context, tx *database.Tx, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) { return scan(row) })
}

// list is collect in a transaction of its own.
func list[T any](ctx context.Context, db *database.DB, scan func(scanner) (T, error), query string, args ...any) (all []T, err error) {
	err = db.Read(ctx, func(tx *database.Tx) error {
		all, err = collect(ctx, tx, scan, query, args...)
		return err
	})
	return all, err
}

// place is where a list by name begins; no name is empty.
func place(after *app.Place) app.Place {
	if after == nil {
		return app.Place{}
	}
	return *after
}
