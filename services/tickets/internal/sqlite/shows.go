package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/performance"
)

// Show implements app.Tx.
func (t *transaction) Show(showID id.ID) (performance.Show, error) {
	found := performance.Show{ID: showID}
	err := t.QueryRow(`SELECT version, title FROM shows WHERE id = ?`, showID[:]).Scan(&found.Version, &found.Title)
	if errors.Is(err, sql.ErrNoRows) {
		return performance.Show{}, performance.ErrShowNotFound
	}
	return found, err
}

// PutShow implements app.Tx.
func (t *transaction) PutShow(s performance.Show) error {
	_, err := t.Exec(`INSERT INTO shows (id, version, title) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version, title = excluded.title`, s.ID[:], s.Version, s.Title)
	return err
}

// Show implements app.Store.
func (s *Store) Show(ctx context.Context, showID id.ID) (found performance.Show, err error) {
	err = s.read(ctx, func(t *transaction) (err error) {
		found, err = t.Show(showID)
		return err
	})
	return found, err
}
