package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

const orderColumns = `id, code, hold_id, performance_id, show_id, organizer_id, customer_id, email, language, status, items, total, refunded,
	currency, provider, token, payment_status, reference, client_secret, reason, requested_at, check_at, ticket_ids, created_at, version, extras`

// Order implements app.Tx.
func (t *transaction) Order(orderID id.ID) (order.Order, error) {
	return scanOrder(t.QueryRow(`SELECT `+orderColumns+` FROM orders WHERE id = ?`, orderID[:]))
}

func scanOrder(row scanner) (order.Order, error) {
	var (
		o                                      order.Order
		orderID, holdID, performanceID, showID []byte
		items, ticketIDs, extras               []byte
		requestedAt, checkAt, createdAt        int64
	)
	err := row.Scan(&orderID, &o.Code, &holdID, &performanceID, &showID, &o.OrganizerID, &o.CustomerID, &o.Email, &o.Language, &o.Status,
		&items, &o.Total.Amount, &o.Refunded.Amount, &o.Total.Currency, &o.Payment.Provider, &o.Payment.Token, &o.Payment.Status,
		&o.Payment.Reference, &o.Payment.ClientSecret, &o.Payment.Reason, &requestedAt, &checkAt, &ticketIDs, &createdAt, &o.Version, &extras)
	if errors.Is(err, sql.ErrNoRows) {
		return o, order.ErrNotFound
	}
	if err != nil {
		return o, err
	}
	o.ID, o.HoldID, o.PerformanceID, o.ShowID = id.ID(orderID), id.ID(holdID), id.ID(performanceID), id.ID(showID)
	o.Refunded.Currency, o.CreatedAt = o.Total.Currency, itemcodec.Instant(createdAt)
	o.Payment.RequestedAt, o.Payment.CheckAt = itemcodec.Instant(requestedAt), itemcodec.Instant(checkAt)
	if o.TicketIDs, err = itemcodec.DecodeIDs(ticketIDs); err != nil {
		return o, err
	}
	if o.Extras, err = itemcodec.DecodeExtras(extras, o.Total.Currency); err != nil {
		return o, err
	}
	o.Items, err = itemcodec.DecodeItems(items)
	return o, err
}

// PutOrder implements app.Tx.
func (t *transaction) PutOrder(o order.Order) error {
	if o.Version > 1 {
		// What was ordered, by whom and for how much does not change.
		changed, err := t.Exec(`UPDATE orders SET status = ?, refunded = ?, payment_status = ?, reference = ?, client_secret = ?, reason = ?, check_at = ?, ticket_ids = ?,
			version = ? WHERE id = ?`, string(o.Status), o.Refunded.Amount, string(o.Payment.Status), o.Payment.Reference, o.Payment.ClientSecret,
			o.Payment.Reason, itemcodec.Millis(o.Payment.CheckAt), itemcodec.EncodeIDs(o.TicketIDs), o.Version, o.ID[:])
		if err != nil || changed == 1 {
			return err
		}
	}
	extras, err := itemcodec.EncodeExtras(o.Extras)
	if err != nil {
		return err
	}
	_, err = t.Exec(`INSERT OR REPLACE INTO orders (`+orderColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		o.ID[:], o.Code, o.HoldID[:], o.PerformanceID[:], o.ShowID[:], o.OrganizerID, o.CustomerID, o.Email, o.Language, string(o.Status),
		itemcodec.EncodeItems(o.Items), o.Total.Amount, o.Refunded.Amount, o.Total.Currency, o.Payment.Provider, o.Payment.Token,
		string(o.Payment.Status), o.Payment.Reference, o.Payment.ClientSecret, o.Payment.Reason, itemcodec.Millis(o.Payment.RequestedAt),
		itemcodec.Millis(o.Payment.CheckAt), itemcodec.EncodeIDs(o.TicketIDs), itemcodec.Millis(o.CreatedAt), o.Version, extras)
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
	return s.orders(ctx, `SELECT `+orderColumns+` FROM orders WHERE customer_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
		customerID, descendingFrom(page), page.Limit)
}

// OrdersByPerformance implements app.Store.
func (s *Store) OrdersByPerformance(ctx context.Context, performanceID id.ID, page app.Page) ([]order.Order, error) {
	return s.orders(ctx, `SELECT `+orderColumns+` FROM orders WHERE performance_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
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
func (s *Store) OpenOrders(ctx context.Context, due time.Time, page app.Page) ([]id.ID, error) {
	return s.ids(ctx, `SELECT id FROM orders WHERE payment_status IN ('requested', 'pending') AND check_at <= ? AND id > ? ORDER BY id LIMIT ?`,
		itemcodec.Millis(due), page.After[:], page.Limit)
}
