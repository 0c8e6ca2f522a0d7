package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/order"
)

const refundColumns = `id, order_id, provider, charge, amount, given_before, currency, ticket_ids, reason, surplus, status, reference, failure, attempt,
	due_at, created_at`

// Refund implements app.Tx.
func (t *transaction) Refund(refundID id.ID) (order.Refund, error) {
	return scanRefund(t.QueryRow(`SELECT `+refundColumns+` FROM refunds WHERE id = ?`, refundID[:]))
}

func scanRefund(row scanner) (order.Refund, error) {
	var (
		r                            order.Refund
		refundID, orderID, ticketIDs []byte
		dueAt, createdAt             int64
	)
	err := row.Scan(&refundID, &orderID, &r.Provider, &r.Charge, &r.Amount.Amount, &r.Before.Amount, &r.Amount.Currency, &ticketIDs, &r.Reason,
		&r.Surplus, &r.Status, &r.Reference, &r.Failure, &r.Attempt, &dueAt, &createdAt)
	if errors.Is(err, sql.ErrNoRows) {
		return r, order.ErrNotFound
	}
	if err != nil {
		return r, err
	}
	r.ID, r.OrderID, r.Before.Currency = id.ID(refundID), id.ID(orderID), r.Amount.Currency
	r.DueAt, r.CreatedAt = itemcodec.Instant(dueAt), itemcodec.Instant(createdAt)
	r.TicketIDs, err = itemcodec.DecodeIDs(ticketIDs)
	return r, err
}

// PutRefund implements app.Tx.
func (t *transaction) PutRefund(r order.Refund) error {
	_, err := t.Exec(`INSERT INTO refunds (`+refundColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET status = excluded.status, reference = excluded.reference, failure = excluded.failure,
		attempt = excluded.attempt, due_at = excluded.due_at`,
		r.ID[:], r.OrderID[:], r.Provider, r.Charge, r.Amount.Amount, r.Before.Amount, r.Amount.Currency, itemcodec.EncodeIDs(r.TicketIDs), r.Reason,
		r.Surplus, string(r.Status), r.Reference, r.Failure, r.Attempt, itemcodec.Millis(r.DueAt), itemcodec.Millis(r.CreatedAt))
	return err
}

// OpenRefunds implements app.Store.
func (s *Store) OpenRefunds(ctx context.Context, due time.Time, page app.Page) ([]id.ID, error) {
	return s.ids(ctx, `SELECT id FROM refunds WHERE status = 'pending' AND due_at <= ? AND id > ? ORDER BY id LIMIT ?`, itemcodec.Millis(due), page.After[:], page.Limit)
}

// RefundsByOrder implements app.Store.
func (s *Store) RefundsByOrder(ctx context.Context, orderID id.ID) ([]order.Refund, error) {
	var found []order.Refund
	err := s.read(ctx, func(t *transaction) error {
		rows, err := t.Query(`SELECT `+refundColumns+` FROM refunds WHERE order_id = ? ORDER BY id`, orderID[:])
		if err != nil {
			return err
		}
		for rows.Next() {
			r, err := scanRefund(rows)
			if err != nil {
				return err
			}
			found = append(found, r)
		}
		return rows.Err()
	})
	return found, err
}

// CapturesSeen implements app.Store.
func (s *Store) CapturesSeen(ctx context.Context, provider string) (time.Time, error) {
	var until int64
	err := s.read(ctx, func(t *transaction) error {
		err := t.QueryRow(`SELECT seen_until FROM captures WHERE provider = ?`, provider).Scan(&until)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return itemcodec.Instant(until), err
}

// SetCapturesSeen implements app.Store.
func (s *Store) SetCapturesSeen(ctx context.Context, provider string, until time.Time) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO captures (provider, seen_until) VALUES (?, ?)
			ON CONFLICT (provider) DO UPDATE SET seen_until = excluded.seen_until`, provider, itemcodec.Millis(until))
		return err
	})
}
