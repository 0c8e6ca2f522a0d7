package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/jsoncodec"
	"ticketmesh.dev/services/notifications/internal/message"
)

func addNotice(tx *sqlite.Tx, n message.Notice) error {
	var previous any
	if !n.PreviousStart.IsZero() {
		previous = millis(n.PreviousStart)
	}
	_, err := tx.Exec(`INSERT INTO notices (event_id, correlation_id, trace_parent, template, performance_id, previous_start, after_order)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		n.Origin.EventID[:], n.Origin.CorrelationID, n.Origin.TraceParent, string(n.Template), n.PerformanceID[:], previous, n.After[:])
	return err
}

// NextNotice implements app.Notices.
func (s *Store) NextNotice(ctx context.Context) (message.Notice, error) {
	var n message.Notice
	err := s.db.Read(ctx, func(tx *sqlite.Tx) error {
		var eventID, performanceID, afterOrder []byte
		var template string
		var previous sql.NullInt64
		// Ids of events rise with time.
		err := tx.QueryRow(`SELECT event_id, correlation_id, trace_parent, template, performance_id, previous_start, after_order
			FROM notices ORDER BY event_id LIMIT 1`).
			Scan(&eventID, &n.Origin.CorrelationID, &n.Origin.TraceParent, &template, &performanceID, &previous, &afterOrder)
		if err != nil {
			return err
		}
		n.Origin.EventID, n.PerformanceID, n.After, n.Template = toID(eventID), toID(performanceID), toID(afterOrder), message.Template(template)
		if previous.Valid {
			n.PreviousStart = fromMillis(previous.Int64)
		}
		return nil
	})
	if errors.Is(err, sql.ErrNoRows) {
		return message.Notice{}, app.ErrNotFound
	}
	return n, err
}

// Purchases implements app.Notices.
func (s *Store) Purchases(ctx context.Context, performanceID, afterOrder id.ID, limit int) ([]message.Purchase, error) {
	var found []message.Purchase
	err := s.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT order_id, state FROM purchases WHERE performance_id = ? AND order_id > ? ORDER BY order_id LIMIT ?`,
			performanceID[:], afterOrder[:], limit)
		if err != nil {
			return err
		}
		for rows.Next() {
			var orderID, state []byte
			if err := rows.Scan(&orderID, &state); err != nil {
				return err
			}
			p, err := jsoncodec.DecodePurchase(performanceID, toID(orderID), state)
			if err != nil {
				return err
			}
			found = append(found, p)
		}
		return rows.Err()
	})
	return found, err
}

// Advance implements app.Notices.
func (s *Store) Advance(ctx context.Context, n message.Notice, messages []message.Message, afterOrder id.ID, done bool) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		var err error
		if done {
			_, err = tx.Exec(`DELETE FROM notices WHERE event_id = ? AND after_order = ?`, n.Origin.EventID[:], n.After[:])
		} else {
			_, err = tx.Exec(`UPDATE notices SET after_order = ? WHERE event_id = ? AND after_order = ?`, afterOrder[:], n.Origin.EventID[:], n.After[:])
		}
		if err != nil {
			return err
		}
		return s.addMessages(tx, messages, true) // a notice is of a performance that is known
	})
}
