package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/outbox"
	"ticketmesh.dev/platform/postgres"
)

var quiet = slog.New(slog.DiscardHandler)

func newEvent(subject string) event.Event {
	return event.New(context.Background(), "/ticketmesh/info", "ticketmesh.info.venue.updated.v1", subject,
		"https://ticketmesh.dev/events/info/venue.updated.v1.schema.json", time.Now(), json.RawMessage(`{}`))
}

func publish(ctx context.Context, db *postgres.DB, subjects ...string) error {
	return db.Write(ctx, func(tx *postgres.Tx) error {
		events := make([]event.Event, len(subjects))
		for i, s := range subjects {
			events[i] = newEvent(s)
		}
		return tx.Publish(ctx, events...)
	})
}

func pending(t *testing.T, source outbox.Source) (subjects []string, records []outbox.Record) {
	t.Helper()
	records, err := source.Pending(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		subjects = append(subjects, r.Event.Subject)
	}
	return subjects, records
}

func TestTheOutboxHasWhatCommittedInItsOrder(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Config{Source: database(t)})
	refused := errors.New("refused")
	err := db.Write(t.Context(), func(tx *postgres.Tx) error {
		return errors.Join(tx.Publish(t.Context(), newEvent("undone")), refused)
	})
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	select {
	case <-db.Outbox().Wake():
		t.Error("the relay is woken for what did not commit")
	default:
	}
	if err := errors.Join(publish(t.Context(), db, "a", "b", "c"), publish(t.Context(), db, "d")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-db.Outbox().Wake():
	default:
		t.Error("the relay is not woken")
	}
	subjects, records := pending(t, db.Outbox())
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(subjects, want) {
		t.Fatalf("pending %v, want %v", subjects, want)
	}
	for range 2 { // it may be repeated
		if err := db.Outbox().Done(t.Context(), []outbox.Record{records[0], records[2]}); err != nil {
			t.Fatal(err)
		}
	}
	if subjects, _ := pending(t, db.Outbox()); !slices.Equal(subjects, []string{"b", "d"}) {
		t.Errorf("pending %v, want b and d", subjects)
	}
}

func TestAnEventContinuesTheTraceOfItsTransaction(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Config{Source: database(t)})
	ctx := event.WithTrace(t.Context(), event.Trace{CorrelationID: "request-1"})
	e := newEvent("a")
	e.CorrelationID = ""
	if err := db.Write(ctx, func(tx *postgres.Tx) error { return tx.Publish(ctx, e) }); err != nil {
		t.Fatal(err)
	}
	_, records := pending(t, db.Outbox())
	if len(records) != 1 || records[0].Event.CorrelationID != "request-1" {
		t.Errorf("pending %+v", records)
	}
}

func TestAnEventThatIsNotValidFailsTheTransaction(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Config{Source: database(t)})
	err := db.Write(t.Context(), func(tx *postgres.Tx) error {
		bad := newEvent("a")
		bad.Type = ""
		return tx.Publish(t.Context(), newEvent("good"), bad)
	})
	if !errors.Is(err, event.ErrInvalid) {
		t.Errorf("err = %v, want %v", err, event.ErrInvalid)
	}
	if subjects, _ := pending(t, db.Outbox()); len(subjects) != 0 {
		t.Errorf("pending %v", subjects)
	}
}

// bus is a publisher that keeps what it gets.
type bus struct {
	mu   sync.Mutex
	got  []string
	fail error
}

func (b *bus) Publish(_ string, messages ...*message.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range messages {
		e, err := event.FromMessage(m)
		if err != nil {
			return err
		}
		b.got = append(b.got, e.Subject)
	}
	return b.fail
}

func (b *bus) Close() error { return nil }

func TestRelaysOfSeveralProcessesKeepTheOrderAndRepeatNothing(t *testing.T) {
	t.Parallel()
	source := database(t)
	b := &bus{}
	const processes, each = 4, 10
	var group sync.WaitGroup
	for p := range processes {
		// One connection: what a relay does while it holds the lock is in the same transaction.
		db := open(t, postgres.Config{Source: source, MaxConns: 1})
		relay := outbox.NewRelay(db.Outbox(), b, quiet)
		group.Go(func() {
			for i := range each {
				if err := publish(t.Context(), db, fmt.Sprintf("%d/%02d/a", p, i), fmt.Sprintf("%d/%02d/b", p, i)); err != nil {
					t.Error(err)
				}
				if _, err := relay.Pass(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if len(b.got) != processes*each*2 {
		t.Errorf("%d events arrived, want %d", len(b.got), processes*each*2)
	}
	last := map[byte]string{}
	for _, subject := range b.got {
		if process := subject[0]; subject <= last[process] {
			t.Errorf("%s arrived after %s", subject, last[process])
		} else {
			last[process] = subject
		}
	}
}

func TestARelayWaitsForAnotherAndThenSeesWhatItLeft(t *testing.T) {
	t.Parallel()
	source := database(t)
	first, second := open(t, postgres.Config{Source: source}), open(t, postgres.Config{Source: source})
	if err := publish(t.Context(), first, "a"); err != nil {
		t.Fatal(err)
	}
	waited := make(chan []string)
	err := first.Outbox().Locked(t.Context(), func(s outbox.Source) error {
		go func() {
			defer close(waited)
			_ = second.Outbox().Locked(t.Context(), func(s outbox.Source) error {
				subjects, _ := pending(t, s)
				waited <- subjects
				return nil
			})
		}()
		until(t, "the wait", func() bool {
			return one[int](t, second, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 1
		})
		_, records := pending(t, s)
		// Committed while the lock is held and waited for.
		return errors.Join(publish(t.Context(), first, "b"), s.Done(t.Context(), records))
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := <-waited; !slices.Equal(got, []string{"b"}) {
		t.Errorf("the second finds %v, want b alone", got)
	}
	<-waited
}

func TestWhatCouldNotBePublishedStays(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Config{Source: database(t)})
	if err := publish(t.Context(), db, "a"); err != nil {
		t.Fatal(err)
	}
	b := &bus{fail: errors.New("down")}
	relay := outbox.NewRelay(db.Outbox(), b, quiet)
	if _, err := relay.Pass(t.Context()); !errors.Is(err, b.fail) {
		t.Errorf("err = %v, want %v", err, b.fail)
	}
	b.fail = nil
	if n, err := relay.Pass(t.Context()); n != 1 || err != nil {
		t.Errorf("published %d, %v, want 1", n, err)
	}
	if n, err := relay.Pass(t.Context()); n != 0 || err != nil {
		t.Errorf("published %d, %v, want 0", n, err)
	}
}
