package sqlite_test

import (
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"ticketmesh.dev/platform/id"
	platform "ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/notifications/internal/message"
	"ticketmesh.dev/services/notifications/internal/sqlite"
)

// TestWhatAnEarlierReleaseSentCanComeBack opens a store of the release whose messages told one fact and had no version.
func TestWhatAnEarlierReleaseSentCanComeBack(t *testing.T) {
	t.Parallel()
	const name = "00001_notifications.sql"
	first, err := fs.ReadFile(sqlite.Migrations(), name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "notifications.db")
	old, err := platform.Open(t.Context(), platform.Config{Path: path, Migrations: fstest.MapFS{name: {Data: first}}})
	if err != nil {
		t.Fatal(err)
	}
	messageID := id.New()
	if err := old.Write(t.Context(), func(tx *platform.Tx) error {
		_, err := tx.Exec(`INSERT INTO messages (id, event_id, correlation_id, trace_parent, template, customer_id, email, language, performance_id,
			subject, status, created_at, due_at, ended_at) VALUES (?, ?, '', '', 'order-refunded', 'anna', 'a@example.com', 'en', ?, '', 'sent', 0, 0, 1)`,
			messageID[:], messageID[:], messageID[:])
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	_, s := open(t, path, validator(t))
	if err := s.Return(t.Context(), messageID, func(m message.Message) (message.Message, bool) {
		m, isNew := m.Returned(message.Bounced, now)
		if !isNew || m.Version != 2 {
			t.Errorf("new: %v, version %d; want the second fact", isNew, m.Version)
		}
		return m, isNew
	}); err != nil {
		t.Fatal(err)
	}
}
