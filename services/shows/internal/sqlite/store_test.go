package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/services/shows/internal/app/storetest"
	"ticketmesh.dev/services/shows/internal/sqlite"
)

var start = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

func open(t testing.TB) *sqlite.Store {
	t.Helper()
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "shows.db"), clock.NewManual(start), validator)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func told(t testing.TB, store *sqlite.Store) []event.Event {
	t.Helper()
	records, err := store.Outbox().Pending(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	published := contracttest.Published(t, "shows")
	events := make([]event.Event, len(records))
	for i, record := range records {
		published.Check(t, record.Encoded)
		events[i] = record.Event
	}
	return events
}

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		store := open(t)
		return storetest.Harness{Store: store, Told: func(t *testing.T) []event.Event { return told(t, store) }}
	})
}
