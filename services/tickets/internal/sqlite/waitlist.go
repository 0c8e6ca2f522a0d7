package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

const entryColumns = `id, performance_id, price_category, quantity, customer_id, email, language, status, hold_id, expires_at, created_at, version`

func scanEntry(row scanner) (waitlist.Entry, error) {
	var (
		e                              waitlist.Entry
		entryID, performanceID, holdID []byte
		expiresAt, createdAt           int64
	)
	err := row.Scan(&entryID, &performanceID, &e.PriceCategory, &e.Quantity, &e.CustomerID, &e.Email, &e.Language, &e.Status, &holdID,
		&expiresAt, &createdAt, &e.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return e, waitlist.ErrNotFound
	}
	if err != nil {
		return e, err
	}
	e.ID, e.PerformanceID, e.HoldID = id.ID(entryID), id.ID(performanceID), id.ID(holdID)
	e.ExpiresAt, e.CreatedAt = itemcodec.Instant(expiresAt), itemcodec.Instant(createdAt)
	return e, nil
}

// Entry implements app.Tx.
func (t *transaction) Entry(entryID id.ID) (waitlist.Entry, error) {
	return scanEntry(t.QueryRow(`SELECT `+entryColumns+` FROM waitlist WHERE id = ?`, entryID[:]))
}

// FirstWaiting implements app.Tx. Ids are in the order of joining.
func (t *transaction) FirstWaiting(performanceID id.ID, priceCategory string, after id.ID) (waitlist.Entry, error) {
	return scanEntry(t.QueryRow(`SELECT `+entryColumns+` FROM waitlist
		WHERE performance_id = ? AND price_category = ? AND status = 'waiting' AND id > ? ORDER BY id LIMIT 1`,
		performanceID[:], priceCategory, after[:]))
}

// PutEntry implements app.Tx.
func (t *transaction) PutEntry(e waitlist.Entry) error {
	_, err := t.Exec(`INSERT INTO waitlist (`+entryColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET status = excluded.status, hold_id = excluded.hold_id, expires_at = excluded.expires_at, version = excluded.version`,
		e.ID[:], e.PerformanceID[:], e.PriceCategory, e.Quantity, e.CustomerID, e.Email, e.Language, string(e.Status), e.HoldID[:],
		itemcodec.Millis(e.ExpiresAt), itemcodec.Millis(e.CreatedAt), e.Version)
	return err
}

// Entry implements app.Store.
func (s *Store) Entry(ctx context.Context, entryID id.ID) (found waitlist.Entry, err error) {
	err = s.read(ctx, func(t *transaction) error {
		found, err = t.Entry(entryID)
		return err
	})
	return found, err
}

// Waiting implements app.Store.
func (s *Store) Waiting(ctx context.Context) ([]app.WaitingFor, error) {
	var waiting []app.WaitingFor
	err := s.read(ctx, func(t *transaction) error {
		rows, err := t.Query(`SELECT DISTINCT performance_id, price_category FROM waitlist WHERE status = 'waiting'`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var (
				performanceID []byte
				wanted        app.WaitingFor
			)
			if err := rows.Scan(&performanceID, &wanted.PriceCategory); err != nil {
				return err
			}
			wanted.PerformanceID = id.ID(performanceID)
			waiting = append(waiting, wanted)
		}
		return rows.Err()
	})
	return waiting, err
}
