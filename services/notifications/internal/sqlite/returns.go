package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Return implements app.Returns.
func (s *Store) Return(ctx context.Context, messageID id.ID, change func(m message.Message) (message.Message, bool)) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		m, err := scanMessage(tx.QueryRow(`SELECT `+messageColumns+` FROM messages WHERE id = ?`, messageID[:]))
		if errors.Is(err, sql.ErrNoRows) {
			return app.ErrNotFound
		}
		if err != nil {
			return err
		}
		m, changed := change(m)
		if !changed {
			return nil
		}
		if _, err := tx.Exec(`UPDATE messages SET status = ?, reason = ?, content = NULL, ended_at = ?, version = ?, claimed = 0 WHERE id = ?`,
			string(m.Status), string(m.Reason), millis(m.EndedAt), m.Version, m.ID[:]); err != nil {
			return err
		}
		fact, ok := m.Fact()
		if !ok {
			return nil
		}
		e, err := s.codec.Event(fact)
		if err != nil {
			return err
		}
		return tx.Publish(ctx, e)
	})
}

// Block implements app.Returns.
func (s *Store) Block(ctx context.Context, address string, till time.Time) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO blocks (address, till) VALUES (?, ?) ON CONFLICT (address) DO UPDATE SET till = excluded.till`,
			strings.ToLower(address), millis(till))
		return err
	})
}

// blockedTill is the zero time for an address that never was blocked.
func blockedTill(tx *sqlite.Tx, address string) (time.Time, error) {
	var till int64
	err := tx.QueryRow(`SELECT till FROM blocks WHERE address = ?`, strings.ToLower(address)).Scan(&till)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return fromMillis(till), err
}
