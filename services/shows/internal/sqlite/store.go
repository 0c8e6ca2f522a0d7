// Package sqlite keeps shows in one SQLite file. It must not decide anything:
// the rules are the domain's, and who may do what is the use cases'.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/platform/outbox"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/eventcodec"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is app.Store over one file.
type Store struct {
	db    *sqlite.DB
	codec *eventcodec.Codec
}

var _ app.Store = (*Store)(nil)

// Open opens the file at path, creating it if need be. Events that break the
// validator's contracts fail the writes that would tell them.
func Open(ctx context.Context, path string, c clock.Clock, v event.Validator) (*Store, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(ctx, sqlite.Config{Path: path, Migrations: files, Clock: c})
	if err != nil {
		return nil, err
	}
	return &Store{db: db, codec: eventcodec.New(v)}, nil
}

// Close releases the file. What was written is durable before.
func (s *Store) Close() error { return s.db.Close() }

// Outbox is where the events wait for their relay.
func (s *Store) Outbox() outbox.Source { return s.db.Outbox() }

// RunRetention forgets events that were processed long ago, until ctx ends.
func (s *Store) RunRetention(ctx context.Context, logger *slog.Logger) error {
	return s.db.RunRetention(ctx, logger)
}

// Idempotency is where Idempotency-Keys are remembered.
func (s *Store) Idempotency(c clock.Clock) idempotency.Store { return s.db.Idempotency(c) }

// Ready implements app.Store.
func (s *Store) Ready(ctx context.Context) error {
	return s.db.Read(ctx, func(tx *sqlite.Tx) error {
		var one int
		return tx.QueryRow(`SELECT 1`).Scan(&one)
	})
}

// write runs fn and appends the events of the facts in one transaction. The
// events are made first: encoding a large seat map is not the writer's work.
func (s *Store) write(ctx context.Context, facts []app.Fact, fn func(tx *sqlite.Tx) error) error {
	events, err := s.codec.Encode(ctx, facts...)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		if len(events) == 0 {
			return nil
		}
		return tx.Publish(ctx, events...)
	})
}

// notFound turns the absence of a row into app.ErrNotFound.
func notFound(err error, what string, args ...any) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", fmt.Sprintf(what, args...), app.ErrNotFound)
	}
	return err
}

func nullID(v id.ID) any {
	if v == id.Nil {
		return nil
	}
	return v[:]
}

func nullMillis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func millis(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMilli(n.Int64).UTC()
}

// scanner is a *sql.Row or a *sql.Rows.
type scanner interface{ Scan(dest ...any) error }
