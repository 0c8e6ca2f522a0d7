package sqlite_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"ticketmesh.dev/contracts/contracttest"
	events "ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/platform/sqlite"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	store "ticketmesh.dev/services/tickets/internal/sqlite"
)

var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// announcing is a store with one performance of three partitions.
type announcing struct {
	*testing.T
	path  string
	clock *clock.Manual
	db    *sqlite.DB
	store *store.Store
	show  *performance.Performance
}

func newAnnouncing(t *testing.T) *announcing {
	t.Helper()
	a := &announcing{T: t, path: filepath.Join(t.TempDir(), "tickets.db"), clock: clock.NewManual(start)}
	a.db, a.store = open(t, a.path, a.clock)
	a.show = &performance.Performance{
		ID: id.New(), Version: 1, ShowID: id.New(), Title: "x", StartsAt: start.Add(time.Hour), Currency: "EUR",
		Categories: []performance.PriceCategory{{ID: "I", Price: money.Money{Amount: 1, Currency: "EUR"}}},
	}
	if err := a.show.LayOut([]seatmap.Area{{ID: "floor", Kind: seatmap.General, PriceCategory: "I", Capacity: 150}}); err != nil {
		t.Fatal(err)
	}
	a.update(func(tx app.Tx) error { return tx.PutPerformance(a.show) })
	return a
}

func (a *announcing) update(fn func(app.Tx) error) {
	a.Helper()
	if err := a.store.Update(a.Context(), fn); err != nil {
		a.Fatal(err)
	}
}

// take holds the lowest free place of the partition.
func (a *announcing) take(number int) error {
	return a.store.Update(a.Context(), func(tx app.Tx) error {
		partition, err := tx.Partition(inventory.Key{PerformanceID: a.show.ID, AreaID: "floor", Number: number})
		if err != nil {
			return err
		}
		if err := partition.Take(id.New(), inventory.Lowest(partition.Free(start), 1), start, start.Add(time.Minute)); err != nil {
			return err
		}
		return tx.PutPartition(a.show.Layout.Area("floor"), partition)
	})
}

// announce announces everything and returns what was told, by partition.
func (a *announcing) announce() map[int]events.AvailabilityChanged {
	a.Helper()
	for {
		n, err := a.store.Announce(a.Context(), 2)
		if err != nil {
			a.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	records, err := a.db.Outbox().Pending(a.Context(), 1000)
	if err != nil {
		a.Fatal(err)
	}
	if err := a.db.Outbox().Done(a.Context(), records); err != nil {
		a.Fatal(err)
	}
	told := map[int]events.AvailabilityChanged{}
	published := contracttest.Published(a, "tickets")
	for _, record := range records {
		published.Check(a, record.Encoded)
		var changed events.AvailabilityChanged
		if err := changed.UnmarshalJSON(record.Event.Data); err != nil || record.Event.Type != events.TypeAvailabilityChanged {
			a.Fatalf("told %s: %v", record.Encoded, err)
		}
		if _, twice := told[changed.Partition]; twice {
			a.Errorf("partition %d is announced twice", changed.Partition)
		}
		told[changed.Partition] = changed
	}
	return told
}

func (a *announcing) wants(told map[int]events.AvailabilityChanged, want map[int][3]int) {
	a.Helper()
	got := map[int][3]int{}
	for number, changed := range told {
		got[number] = [3]int{changed.Version, changed.Available, changed.Held}
	}
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if string(g) != string(w) {
		a.Errorf("announced version, available, held %s, want %s", g, w)
	}
}

func TestEveryPartitionIsAnnouncedOnceWithItsNewestState(t *testing.T) {
	t.Parallel()
	a := newAnnouncing(t)
	a.wants(a.announce(), map[int][3]int{0: {1, 64, 0}, 1: {1, 64, 0}, 2: {1, 22, 0}})
	a.wants(a.announce(), map[int][3]int{})
	for range 3 {
		if err := a.take(1); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.take(2); err != nil {
		t.Fatal(err)
	}
	a.wants(a.announce(), map[int][3]int{1: {4, 61, 3}, 2: {2, 21, 1}})
	a.wants(a.announce(), map[int][3]int{})
}

func TestWhatWasNotAnnouncedIsAfterARestart(t *testing.T) {
	t.Parallel()
	a := newAnnouncing(t)
	a.announce()
	if err := a.take(0); err != nil {
		t.Fatal(err)
	}
	if err := a.db.Close(); err != nil {
		t.Fatal(err)
	}
	a.db, a.store = open(t, a.path, a.clock)
	a.wants(a.announce(), map[int][3]int{0: {2, 63, 1}})
}

func TestAChangeThatFailedIsNotAnnounced(t *testing.T) {
	t.Parallel()
	a := newAnnouncing(t)
	a.announce()
	defect := errors.New("defect")
	err := a.store.Update(t.Context(), func(tx app.Tx) error {
		partition, err := tx.Partition(inventory.Key{PerformanceID: a.show.ID, AreaID: "floor"})
		return errors.Join(err, partition.Take(id.New(), 1, start, start.Add(time.Minute)), tx.PutPartition(a.show.Layout.Area("floor"), partition), defect)
	})
	if !errors.Is(err, defect) {
		t.Fatal(err)
	}
	a.wants(a.announce(), map[int][3]int{})
}

func TestAChangeWakesTheAnnouncer(t *testing.T) {
	t.Parallel()
	a := newAnnouncing(t)
	<-a.store.Changed()
	a.announce()
	if err := a.take(0); err != nil {
		t.Fatal(err)
	}
	<-a.store.Changed()
	a.wants(a.announce(), map[int][3]int{0: {2, 63, 1}})
}

func TestWhatCouldNotBeAnnouncedIsLater(t *testing.T) {
	t.Parallel()
	a := newAnnouncing(t)
	a.announce()
	if err := a.take(0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.store.Announce(ctx, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("Announce() = %v, want context.Canceled", err)
	}
	a.wants(a.announce(), map[int][3]int{0: {2, 63, 1}})
}
