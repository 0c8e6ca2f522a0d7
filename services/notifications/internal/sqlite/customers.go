package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Messages implements app.Customers.
func (s *Store) Messages(ctx context.Context, customerID string, before id.ID, limit int) ([]message.Message, error) {
	if before == id.Nil {
		for i := range before {
			before[i] = 0xFF
		}
	}
	var found []message.Message
	err := s.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT `+messageColumns+` FROM messages WHERE customer_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
			customerID, before[:], limit)
		if err != nil {
			return err
		}
		for rows.Next() {
			m, err := scanMessage(rows)
			if err != nil {
				return err
			}
			found = append(found, m)
		}
		return rows.Err()
	})
	return found, err
}

func preferences(tx *sqlite.Tx, customerID string) (message.Preferences, error) {
	var p message.Preferences
	err := tx.QueryRow(`SELECT tickets, payments, changes, waitlist FROM preferences WHERE customer_id = ?`, customerID).
		Scan(&p.Tickets, &p.Payments, &p.Changes, &p.Waitlist)
	if errors.Is(err, sql.ErrNoRows) {
		return message.AllWanted(), nil
	}
	return p, err
}

func putPreferences(tx *sqlite.Tx, customerID string, p message.Preferences) error {
	_, err := tx.Exec(`INSERT INTO preferences (customer_id, tickets, payments, changes, waitlist) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (customer_id) DO UPDATE SET tickets = excluded.tickets, payments = excluded.payments,
			changes = excluded.changes, waitlist = excluded.waitlist`,
		customerID, p.Tickets, p.Payments, p.Changes, p.Waitlist)
	return err
}

// Preferences implements app.Customers.
func (s *Store) Preferences(ctx context.Context, customerID string) (p message.Preferences, err error) {
	err = s.db.Read(ctx, func(tx *sqlite.Tx) (err error) {
		p, err = preferences(tx, customerID)
		return err
	})
	return p, err
}

// PutPreferences implements app.Customers.
func (s *Store) PutPreferences(ctx context.Context, customerID string, p message.Preferences) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error { return putPreferences(tx, customerID, p) })
}

// Subscription implements app.Customers.
func (s *Store) Subscription(ctx context.Context, token string) (message.Subscription, error) {
	var found message.Subscription
	err := s.db.Read(ctx, func(tx *sqlite.Tx) error {
		var category string
		err := tx.QueryRow(`SELECT customer_id, category, language FROM subscriptions WHERE token = ?`, token).
			Scan(&found.CustomerID, &category, &found.Language)
		found.Category = message.Category(category)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return message.Subscription{}, app.ErrNotFound
	}
	return found, err
}

// Unsubscribe implements app.Customers.
func (s *Store) Unsubscribe(ctx context.Context, customerID string, category message.Category) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		p, err := preferences(tx, customerID)
		if err != nil {
			return err
		}
		return putPreferences(tx, customerID, p.Without(category))
	})
}
