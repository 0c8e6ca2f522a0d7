package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/sqlite"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/app/storetest"
	store "ticketmesh.dev/services/tickets/internal/sqlite"
)

func open(t *testing.T, path string, c clock.Clock) (*sqlite.DB, *store.Store) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Migrations: store.Migrations(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	opened, err := store.New(t.Context(), db, c)
	if err != nil {
		t.Fatal(err)
	}
	return db, opened
}

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, c clock.Clock) storetest.Opened {
		path := filepath.Join(t.TempDir(), "tickets.db")
		published := contracttest.Published(t, "tickets")
		db, opened := open(t, path, c)
		return storetest.Opened{
			Store: opened,
			Events: func(ctx context.Context) ([]event.Event, error) {
				records, err := db.Outbox().Pending(ctx, 10_000)
				events := make([]event.Event, len(records))
				for i, record := range records {
					published.Check(t, record.Encoded)
					events[i] = record.Event
				}
				return events, err
			},
			Reopen: func(t *testing.T) app.Store {
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				db, opened = open(t, path, c)
				return opened
			},
		}
	})
}
