package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

const ticketColumns = `id, order_id, performance_id, area_id, seat, partition, slot, price_category, price, currency, status,
	holder_customer, holder_email, holder_language, transferred, issue, admitted_at, gate, scan_id, version, refund, tier, concession`

func scanTicket(row scanner) (ticket.Ticket, error) {
	var (
		t                                ticket.Ticket
		ticketID, orderID, performanceID []byte
		admittedAt                       int64
		refund                           sql.NullInt64
	)
	err := row.Scan(&ticketID, &orderID, &performanceID, &t.AreaID, &t.Seat, &t.Place.Partition, &t.Place.Slot, &t.PriceCategory,
		&t.Price.Amount, &t.Price.Currency, &t.Status, &t.Holder.CustomerID, &t.Holder.Email, &t.Holder.Language, &t.Transferred,
		&t.Issue, &admittedAt, &t.Admission.Gate, &t.Admission.ScanID, &t.Version, &refund, &t.Tier, &t.Concession)
	if errors.Is(err, sql.ErrNoRows) {
		return t, ticket.ErrNotFound
	}
	if err != nil {
		return t, err
	}
	t.Refund = t.Price
	if refund.Valid {
		t.Refund.Amount = refund.Int64
	}
	t.ID, t.OrderID, t.PerformanceID, t.Admission.At = id.ID(ticketID), id.ID(orderID), id.ID(performanceID), itemcodec.Instant(admittedAt)
	return t, nil
}

// Ticket implements app.Tx.
func (t *transaction) Ticket(ticketID id.ID) (ticket.Ticket, error) {
	return scanTicket(t.QueryRow(`SELECT `+ticketColumns+` FROM tickets WHERE id = ?`, ticketID[:]))
}

// PutTicket implements app.Tx.
func (t *transaction) PutTicket(k ticket.Ticket) error {
	_, err := t.Exec(`INSERT INTO tickets (`+ticketColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET status = excluded.status, holder_customer = excluded.holder_customer, holder_email = excluded.holder_email,
			holder_language = excluded.holder_language, transferred = excluded.transferred, issue = excluded.issue,
			admitted_at = excluded.admitted_at, gate = excluded.gate, scan_id = excluded.scan_id, version = excluded.version`,
		k.ID[:], k.OrderID[:], k.PerformanceID[:], k.AreaID, k.Seat, k.Place.Partition, k.Place.Slot, k.PriceCategory, k.Price.Amount,
		k.Price.Currency, string(k.Status), k.Holder.CustomerID, k.Holder.Email, k.Holder.Language, k.Transferred, k.Issue,
		itemcodec.Millis(k.Admission.At), k.Admission.Gate, k.Admission.ScanID, k.Version, k.Refund.Amount, k.Tier, k.Concession)
	return err
}

func (t *transaction) ticketsOf(o order.Order) ([]ticket.Ticket, error) {
	tickets := make([]ticket.Ticket, 0, len(o.TicketIDs))
	for _, ticketID := range o.TicketIDs {
		found, err := t.Ticket(ticketID)
		if err != nil {
			return nil, err
		}
		tickets = append(tickets, found)
	}
	return tickets, nil
}

// Ticket implements app.Store.
func (s *Store) Ticket(ctx context.Context, ticketID id.ID) (found ticket.Ticket, err error) {
	err = s.read(ctx, func(t *transaction) error {
		found, err = t.Ticket(ticketID)
		return err
	})
	return found, err
}

// TicketsByOrder implements app.Store.
func (s *Store) TicketsByOrder(ctx context.Context, orderID id.ID) (tickets []ticket.Ticket, err error) {
	_, tickets, err = s.Order(ctx, orderID)
	return tickets, err
}

// TicketsByPerformance implements app.Store.
func (s *Store) TicketsByPerformance(ctx context.Context, performanceID id.ID, page app.Page) ([]ticket.Ticket, error) {
	var tickets []ticket.Ticket
	err := s.read(ctx, func(t *transaction) error {
		rows, err := t.Query(`SELECT `+ticketColumns+` FROM tickets WHERE performance_id = ? AND id > ? ORDER BY id LIMIT ?`,
			performanceID[:], page.After[:], page.Limit)
		if err != nil {
			return err
		}
		for rows.Next() {
			found, err := scanTicket(rows)
			if err != nil {
				return err
			}
			tickets = append(tickets, found)
		}
		return rows.Err()
	})
	return tickets, err
}
