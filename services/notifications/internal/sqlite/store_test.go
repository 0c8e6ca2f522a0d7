package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	platform "ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/notifications/internal/app/apptest"
	"ticketmesh.dev/services/notifications/internal/eventcodec"
	"ticketmesh.dev/services/notifications/internal/message"
	"ticketmesh.dev/services/notifications/internal/sqlite"
)

func open(t *testing.T, path string, validator event.Validator) (*platform.DB, *sqlite.Store) {
	t.Helper()
	db, err := platform.Open(context.Background(), platform.Config{Path: path, Migrations: sqlite.Migrations()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, sqlite.New(db, eventcodec.New(validator))
}

func validator(t *testing.T) event.Validator {
	t.Helper()
	v, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	apptest.Stores(t, func(t *testing.T) apptest.Opened {
		v := validator(t)
		db, store := open(t, filepath.Join(t.TempDir(), "notifications.db"), v)
		return apptest.Opened{Store: store, Published: func() []event.Event {
			records, err := db.Outbox().Pending(context.Background(), 1000)
			if err != nil {
				t.Fatal(err)
			}
			var events []event.Event
			for _, r := range records {
				if err := v.Validate(r.Event.Type, r.Event.Data); err != nil {
					t.Error(err)
				}
				events = append(events, r.Event)
			}
			return events
		}}
	})
}

var now = time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)

// queue adds a message that is due.
func queue(t *testing.T, s *sqlite.Store) message.Message {
	t.Helper()
	ctx := context.Background()
	performanceID := id.New()
	if err := s.PutPerformance(ctx, message.Origin{EventID: id.New()}, performanceID, func(*message.Performance) (message.Performance, *message.Notice, bool) {
		return message.Performance{ID: performanceID, Version: 1}, nil, true
	}); err != nil {
		t.Fatal(err)
	}
	m := message.New(message.Origin{EventID: id.New()}, message.OrderConfirmed, message.Recipient{CustomerID: "anna", Email: "a@example.com"}, performanceID, id.New(), message.Content{}, now)
	if err := s.Record(ctx, m.Origin, performanceID, m.OrderID, func(*message.Purchase) []message.Message { return []message.Message{m} }); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAClaimOfAProcessThatEndedIsReleased(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	_, s := open(t, filepath.Join(t.TempDir(), "notifications.db"), validator(t))
	claimed := queue(t, s)
	if got, err := s.Claim(ctx, now, time.Hour, 10); err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	postponed := queue(t, s).Refused(errors.New("busy"), now)
	if err := s.Settle(ctx, []message.Message{postponed}); err != nil {
		t.Fatal(err)
	}
	if err := s.ReleaseClaims(ctx); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Claim(ctx, now, time.Hour, 10); err != nil || len(got) != 1 || got[0].ID != claimed.ID {
		t.Errorf("claimed %+v, %v; want the one that was claimed and not the postponed one", got, err)
	}
}

type refusing struct{}

func (refusing) Validate(string, []byte) error { return errors.New("refused") }

func TestAnEventThatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, s := open(t, filepath.Join(t.TempDir(), "notifications.db"), refusing{})
	m := queue(t, s)
	if err := s.Settle(ctx, []message.Message{m.Delivered(now)}); err == nil {
		t.Fatal("settled with an event that was refused")
	}
	if records, err := db.Outbox().Pending(ctx, 10); err != nil || len(records) != 0 {
		t.Errorf("published %v, %v", records, err)
	}
	if got, err := s.Claim(ctx, now, time.Hour, 10); err != nil || len(got) != 1 {
		t.Errorf("claimed %v, %v", got, err)
	}
}
