package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
)

// Hold implements app.Tx.
func (t *transaction) Hold(holdID id.ID) (hold.Hold, error) {
	var (
		h                                     hold.Hold
		performanceID, orderID, entryID, text []byte
		extras, sale                          []byte
		placedAt, expiresAt                   int64
	)
	err := t.QueryRow(`SELECT performance_id, customer_id, status, items, extras, total, currency, placed_at, expires_at, order_id, entry_id, version, sale
		FROM holds WHERE id = ?`, holdID[:]).Scan(&performanceID, &h.CustomerID, &h.Status, &text, &extras, &h.Total.Amount, &h.Total.Currency,
		&placedAt, &expiresAt, &orderID, &entryID, &h.Version, &sale)
	if errors.Is(err, sql.ErrNoRows) {
		return h, hold.ErrNotFound
	}
	if err != nil {
		return h, err
	}
	h.ID, h.PerformanceID, h.OrderID, h.EntryID = holdID, id.ID(performanceID), id.ID(orderID), id.ID(entryID)
	h.PlacedAt, h.ExpiresAt = itemcodec.Instant(placedAt), itemcodec.Instant(expiresAt)
	if h.Extras, err = itemcodec.DecodeExtras(extras, h.Total.Currency); err != nil {
		return h, err
	}
	if h.Sale, err = itemcodec.DecodeSale(sale); err != nil {
		return h, err
	}
	h.Items, err = itemcodec.DecodeItems(text)
	return h, err
}

// PutHold implements app.Tx.
func (t *transaction) PutHold(h hold.Hold) error {
	if h.Version > 1 {
		// What is held does not change, so the bulk of the row is left alone.
		changed, err := t.Exec(`UPDATE holds SET status = ?, expires_at = ?, order_id = ?, entry_id = ?, version = ? WHERE id = ?`,
			string(h.Status), itemcodec.Millis(h.ExpiresAt), h.OrderID[:], h.EntryID[:], h.Version, h.ID[:])
		if err != nil || changed == 1 {
			return err
		}
	}
	extras, err := itemcodec.EncodeExtras(h.Extras)
	if err != nil {
		return err
	}
	sale, err := itemcodec.EncodeSale(h.Sale)
	if err != nil {
		return err
	}
	_, err = t.Exec(`INSERT OR REPLACE INTO holds (id, performance_id, customer_id, status, items, extras, total, currency, placed_at, expires_at, order_id, entry_id, version, sale)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, h.ID[:], h.PerformanceID[:], h.CustomerID, string(h.Status), itemcodec.EncodeItems(h.Items), extras,
		h.Total.Amount, h.Total.Currency, itemcodec.Millis(h.PlacedAt), itemcodec.Millis(h.ExpiresAt), h.OrderID[:], h.EntryID[:], h.Version, sale)
	return err
}

// Hold implements app.Store.
func (s *Store) Hold(ctx context.Context, holdID id.ID) (h hold.Hold, err error) {
	err = s.read(ctx, func(t *transaction) error {
		h, err = t.Hold(holdID)
		return err
	})
	return h, err
}

// DueHolds implements app.Store.
func (s *Store) DueHolds(ctx context.Context, now time.Time, limit int) ([]id.ID, error) {
	return s.ids(ctx, `SELECT id FROM holds WHERE status IN ('active', 'awaiting') AND expires_at <= ? ORDER BY expires_at LIMIT ?`, itemcodec.Millis(now), limit)
}

// Buyer implements app.Tx.
func (t *transaction) Buyer(performanceID id.ID, customerID string) (buyer.Buyer, error) {
	b := buyer.Buyer{PerformanceID: performanceID, CustomerID: customerID}
	var text []byte
	err := t.QueryRow(`SELECT claims, owned, version FROM buyers WHERE performance_id = ? AND customer_id = ?`, performanceID[:], customerID).
		Scan(&text, &b.Owned, &b.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return b, nil
	}
	if err != nil {
		return b, err
	}
	b.Claims, err = itemcodec.DecodeBuyerClaims(text)
	return b, err
}

// PutBuyer implements app.Tx.
func (t *transaction) PutBuyer(b buyer.Buyer) error {
	_, err := t.Exec(`INSERT INTO buyers (performance_id, customer_id, claims, owned, version) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (performance_id, customer_id) DO UPDATE SET claims = excluded.claims, owned = excluded.owned, version = excluded.version`,
		b.PerformanceID[:], b.CustomerID, itemcodec.EncodeBuyerClaims(b.Claims), b.Owned, b.Version)
	return err
}
