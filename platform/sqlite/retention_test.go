package sqlite_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
)

func TestRetentionForgetsWhatIsOldAndNothingElse(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "x.db"), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	process := func(eventID id.ID) (first bool) {
		t.Helper()
		err := db.Write(t.Context(), func(tx *sqlite.Tx) (err error) {
			first, err = tx.FirstTime("consumer", eventID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return first
	}
	old, recent := id.New(), id.New()
	process(old)
	c.Advance(40 * 24 * time.Hour)
	process(recent)
	c.Advance(21 * 24 * time.Hour) // the old one is 61 days old, the archive keeps 30

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- db.RunRetention(ctx, slog.New(slog.DiscardHandler)) }()
	for deadline := time.Now().Add(20 * time.Second); !process(old); {
		if time.Now().After(deadline) {
			t.Fatal("the old event is still remembered")
		}
	}
	if process(recent) {
		t.Error("the recent event is forgotten")
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
