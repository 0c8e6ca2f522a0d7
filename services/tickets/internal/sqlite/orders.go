package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

// Order implements app.Tx.
func (t *transaction) Order(orderID id.ID) (order.Order, error) {
	return scanOrder(t.QueryRow(`SELECT document FROM orders WHERE id = ?`, orderID[:]))
}

func scanOrder(row scanner) (order.Order, error) {
	var (
		o    order.Order
		text []byte
	)
	err := row.Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return o, order.ErrNotFound
	}
	if err != nil {
		return o, err
	}
	return o, json.Unmarshal(text, &o)
}

// PutOrder implements app.Tx.
func (t *transaction) PutOrder(o order.Order) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = t.Exec(`INSERT INTO orders (id, customer_id, performance_id, status, payment_status, created_at, version, document)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET status = excluded.status, payment_status = excluded.payment_status, version = excluded.version, document = excluded.document`,
		o.ID[:], o.CustomerID, o.PerformanceID[:], string(o.Status), string(o.Payment.Status), millis(o.CreatedAt), o.Version, text)
	return err
}

// Order implements app.Store.
func (s *Store) Order(ctx context.Context, orderID id.ID) (o order.Order, tickets []ticket.Ticket, err error) {
	err = s.read(ctx, func(t *transaction) error {
		if o, err = t.Order(orderID); err != nil {
			return err
		}
		tickets, err = t.ticketsOf(o)
		return err
	})
	return o, tickets, err
}

// newest stands before every id that a descending page can begin with.
var newest = bytes.Repeat([]byte{0xff}, 16)

func descendingFrom(page app.Page) []byte {
	if page.After == id.Nil {
		return newest
	}
	return page.After[:]
}

// OrdersByCustomer implements app.Store.
func (s *Store) OrdersByCustomer(ctx context.Context, customerID string, page app.Page) ([]order.Order, error) {
	return s.orders(ctx, `SELECT document FROM orders WHERE customer_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
		customerID, descendingFrom(page), page.Limit)
}

// OrdersByPerformance implements app.Store.
func (s *Store) OrdersByPerformance(ctx context.Context, performanceID id.ID, page app.Page) ([]order.Order, error) {
	return s.orders(ctx, `SELECT document FROM orders WHERE performance_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
		performanceID[:], descendingFrom(page), page.Limit)
}

func (s *Store) orders(ctx context.Context, query string, args ...any) ([]order.Order, error) {
	var found []order.Order
	err := s.read(ctx, func(t *transaction) error {
		rows, err := t.Query(query, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			o, err := scanOrder(rows)
			if err != nil {
				return err
			}
			found = append(found, o)
		}
		return rows.Err()
	})
	return found, err
}

// OpenOrders implements app.Store.
func (s *Store) OpenOrders(ctx context.Context, before time.Time, limit int) ([]id.ID, error) {
	return s.ids(ctx, `SELECT id FROM orders WHERE payment_status = 'requested' AND created_at <= ? ORDER BY created_at LIMIT ?`, millis(before), limit)
}

// Refund implements app.Tx.
func (t *transaction) Refund(refundID id.ID) (order.Refund, error) {
	r := order.Refund{ID: refundID}
	var (
		orderID, ticketIDs []byte
		createdAt          int64
	)
	err := t.QueryRow(`SELECT order_id, amount, currency, ticket_ids, reason, done, created_at FROM refunds WHERE id = ?`, refundID[:]).
		Scan(&orderID, &r.Amount.Amount, &r.Amount.Currency, &ticketIDs, &r.Reason, &r.Done, &createdAt)
	if errors.Is(err, sql.ErrNoRows) {
		return r, order.ErrNotFound
	}
	if err != nil {
		return r, err
	}
	r.OrderID, r.CreatedAt = id.ID(orderID), instant(createdAt)
	return r, json.Unmarshal(ticketIDs, &r.TicketIDs)
}

// PutRefund implements app.Tx.
func (t *transaction) PutRefund(r order.Refund) error {
	ticketIDs, err := json.Marshal(r.TicketIDs)
	if err != nil {
		return err
	}
	_, err = t.Exec(`INSERT INTO refunds (id, order_id, amount, currency, ticket_ids, reason, done, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET done = excluded.done`,
		r.ID[:], r.OrderID[:], r.Amount.Amount, r.Amount.Currency, ticketIDs, r.Reason, r.Done, millis(r.CreatedAt))
	return err
}

// OpenRefunds implements app.Store.
func (s *Store) OpenRefunds(ctx context.Context, before time.Time, limit int) ([]id.ID, error) {
	return s.ids(ctx, `SELECT id FROM refunds WHERE done = 0 AND created_at <= ? ORDER BY created_at LIMIT ?`, millis(before), limit)
}
