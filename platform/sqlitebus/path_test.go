package sqlitebus_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/outbox"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/platform/sqlitebus"
)

// TestEffectsAreExactlyOnceOverTheWholePath sends events from one service's
// outbox to another's state while two relays repeat each other, handlers fail
// before and after their commit, and the consumer is stopped and started.
func TestEffectsAreExactlyOnceOverTheWholePath(t *testing.T) {
	t.Parallel()
	const events = 400
	dir := t.TempDir()
	producer, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(dir, "producer.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(dir, "consumer.db"), Migrations: fstest.MapFS{
		"00001_effects.sql": {Data: []byte("-- +goose Up\nCREATE TABLE effects (event TEXT NOT NULL, trace TEXT NOT NULL);\n")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	bus, err := sqlitebus.Open(t.Context(), filepath.Join(dir, "bus.db"), sqlitebus.Options{Owner: true, PollInterval: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	quiet := slog.New(slog.DiscardHandler)
	var calls atomic.Int64
	failed := errors.New("failed")
	sub := consumer.Subscription{Name: "effects", Types: []string{"fact"}, Handle: func(ctx context.Context, e event.Event) error {
		n := calls.Add(1)
		if n%7 == 0 {
			panic("before")
		}
		err := store.Write(ctx, func(tx *sqlite.Tx) error {
			first, err := tx.FirstTime("effects", e.ID)
			if err != nil || !first {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO effects (event, trace) VALUES (?, ?)`, e.ID.String(), event.TraceFrom(ctx).CorrelationID); err != nil {
				return err
			}
			if n%11 == 0 {
				return failed // rolled back with the key
			}
			return nil
		})
		if err == nil && n%5 == 0 {
			return failed // committed, and delivered again
		}
		return err
	}}
	newSubscriber := func(s consumer.Subscription) (message.Subscriber, error) {
		return bus.Subscriber(sqlitebus.SubscriberConfig{
			Queue: s.Name, Types: s.Types, MaxReceives: 1000, MaxInFlight: 16,
			RetryDelay: func(int) time.Duration { return time.Millisecond },
		}), nil
	}
	if err := bus.Subscriber(sqlitebus.SubscriberConfig{Queue: sub.Name, Types: sub.Types}).SubscribeInitialize(event.Topic); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 3)
	for range 2 {
		go func() { stopped <- outbox.NewRelay(producer.Outbox(), bus.Publisher(), quiet).Run(ctx) }()
	}
	first, stopFirst := context.WithCancel(ctx)
	defer stopFirst()
	firstStopped := make(chan error, 1)
	go func() { firstStopped <- consumer.Run(first, []consumer.Subscription{sub}, newSubscriber, quiet) }()
	for i := range events {
		err := producer.Write(ctx, func(tx *sqlite.Tx) error {
			trace := event.WithTrace(ctx, event.Trace{CorrelationID: "request"})
			if err := tx.Publish(trace, event.New(trace, "/x", "fact", "s", "", time.Now(), json.RawMessage(`{}`))); err != nil {
				return err
			}
			if i%2 == 0 {
				return tx.Publish(trace, event.New(trace, "/x", "other", "s", "", time.Now(), json.RawMessage(`{}`)))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if i == events/2 {
			stopFirst()
			if err := <-firstStopped; err != nil {
				t.Fatal(err)
			}
			go func() { stopped <- consumer.Run(ctx, []consumer.Subscription{sub}, newSubscriber, quiet) }()
		}
	}
	effects := func() (rows, distinct int) {
		err := store.Read(context.Background(), func(tx *sqlite.Tx) error {
			return tx.QueryRow(`SELECT count(*), count(DISTINCT event) FROM effects WHERE trace = 'request'`).Scan(&rows, &distinct)
		})
		if err != nil {
			t.Fatal(err)
		}
		return rows, distinct
	}
	until(t, "every event has its effect and the queue is empty", func() bool {
		_, distinct := effects()
		return distinct == events && state(t, bus, "effects") == "0/0/0"
	})
	cancel()
	for range 3 {
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	}
	if rows, distinct := effects(); rows != events || distinct != events {
		t.Errorf("%d effects of %d events, want %d of each", rows, distinct, events)
	}
	if n := calls.Load(); n <= events {
		t.Errorf("the handler was called %d times: nothing was delivered twice", n)
	}
}
