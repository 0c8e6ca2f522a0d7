package postgres_test

import (
	"errors"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/platform/idempotency/idempotencytest"
	"ticketmesh.dev/platform/postgres"
)

var begin = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func TestIdempotencyConforms(t *testing.T) {
	t.Parallel()
	idempotencytest.Run(t, func(t *testing.T) (idempotency.Store, *clock.Manual) {
		c := clock.NewManual(begin)
		return open(t, postgres.Config{Source: database(t)}).Idempotency(c), c
	})
}

func TestAnEventIsProcessedOnceByEachConsumer(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Config{Source: database(t)})
	eventID, undone := id.New(), errors.New("undone")
	first := func(consumer string, result error) (first bool) {
		t.Helper()
		err := db.Write(t.Context(), func(tx *postgres.Tx) (err error) {
			if first, err = tx.FirstTime(t.Context(), consumer, eventID); err != nil {
				return err
			}
			return result
		})
		if !errors.Is(err, result) {
			t.Fatal(err)
		}
		return first
	}
	for _, tt := range []struct {
		consumer string
		give     error
		want     bool
	}{{"mail", undone, true}, {"mail", nil, true}, {"mail", nil, false}, {"search", nil, true}} {
		if got := first(tt.consumer, tt.give); got != tt.want {
			t.Errorf("first for %s = %v, want %v", tt.consumer, got, tt.want)
		}
	}
}

func TestPruneForgetsWhatIsOldAndNothingElse(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(begin)
	db := open(t, postgres.Config{Source: database(t), Clock: c})
	keys := db.Idempotency(c)
	remember := func(name string) {
		t.Helper()
		if _, err := keys.Claim(t.Context(), idempotency.Key{Key: name}, [32]byte{}, time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), func(tx *postgres.Tx) error {
			_, err := tx.FirstTime(t.Context(), name, id.New())
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	left := func() (keys, events int) {
		t.Helper()
		if err := db.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		return one[int](t, db, `SELECT count(*) FROM idempotency`), one[int](t, db, `SELECT count(*) FROM processed_events`)
	}
	remember("old")
	c.Advance(idempotency.TTL - time.Millisecond)
	remember("recent")
	if keys, events := left(); keys != 2 || events != 2 {
		t.Errorf("%d keys and %d events are left, want 2 and 2", keys, events)
	}
	c.Advance(time.Millisecond)
	if keys, events := left(); keys != 1 || events != 2 {
		t.Errorf("%d keys and %d events are left, want 1 and 2", keys, events)
	}
	c.Set(begin.Add(60*24*time.Hour + time.Millisecond))
	if _, events := left(); events != 1 {
		t.Errorf("%d events are left, want 1", events)
	}
}
