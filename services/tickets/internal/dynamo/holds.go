package dynamo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/performance"
)

// holdRow is a hold beside its id. Members of rows are only ever added.
type holdRow struct {
	PerformanceID id.ID            `json:"performance"`
	CustomerID    string           `json:"customer"`
	Status        hold.Status      `json:"status"`
	Items         json.RawMessage  `json:"items"`
	Extras        json.RawMessage  `json:"extras,omitempty"`
	Total         int64            `json:"total"`
	Currency      string           `json:"currency"`
	PlacedAt      int64            `json:"placed"`
	ExpiresAt     int64            `json:"expires"`
	OrderID       id.ID            `json:"order,omitzero"`
	EntryID       id.ID            `json:"entry,omitzero"`
	Sale          performance.Sale `json:"sale,omitzero"`
	Version       int              `json:"version"`
}

func readHold(holdID id.ID, item dynamo.Item) (hold.Hold, error) {
	var row holdRow
	if err := read(item, &row); err != nil {
		return hold.Hold{}, err
	}
	h := hold.Hold{
		ID: holdID, PerformanceID: row.PerformanceID, CustomerID: row.CustomerID, Status: row.Status,
		Total: money.Money{Amount: row.Total, Currency: row.Currency}, PlacedAt: itemcodec.Instant(row.PlacedAt),
		ExpiresAt: itemcodec.Instant(row.ExpiresAt), OrderID: row.OrderID, EntryID: row.EntryID, Sale: row.Sale,
		Version: row.Version,
	}
	var err error
	if h.Extras, err = itemcodec.DecodeExtras(row.Extras, row.Currency); err != nil {
		return h, err
	}
	h.Items, err = itemcodec.DecodeItems(row.Items)
	return h, err
}

// Hold implements app.Tx.
func (t *transaction) Hold(holdID id.ID) (hold.Hold, error) {
	return foundHold(holdID)(t.Get(keyOf(holdKind, holdID)))
}

// Hold implements app.Store.
func (s *Store) Hold(ctx context.Context, holdID id.ID) (hold.Hold, error) {
	return foundHold(holdID)(s.table.Get(ctx, keyOf(holdKind, holdID)))
}

func foundHold(holdID id.ID) func(dynamo.Item, error) (hold.Hold, error) {
	return func(item dynamo.Item, err error) (hold.Hold, error) {
		if errors.Is(err, dynamo.ErrNotFound) {
			return hold.Hold{}, hold.ErrNotFound
		}
		if err != nil {
			return hold.Hold{}, err
		}
		return readHold(holdID, item)
	}
}

// PutHold implements app.Tx. A hold that may expire is due at its expiry.
func (t *transaction) PutHold(h hold.Hold) error {
	row := holdRow{
		PerformanceID: h.PerformanceID, CustomerID: h.CustomerID, Status: h.Status, Items: itemcodec.EncodeItems(h.Items),
		Total: h.Total.Amount, Currency: h.Total.Currency, PlacedAt: itemcodec.Millis(h.PlacedAt), ExpiresAt: itemcodec.Millis(h.ExpiresAt),
		OrderID: h.OrderID, EntryID: h.EntryID, Sale: h.Sale, Version: h.Version,
	}
	item := dynamo.Item{Key: keyOf(holdKind, h.ID)}
	var err error
	if row.Extras, err = itemcodec.EncodeExtras(h.Extras); err != nil {
		return err
	}
	if item.Document, err = pack(row); err != nil {
		return err
	}
	if h.Status == hold.Active || h.Status == hold.Awaiting {
		item.Keys = queued(holdQueue, h.ID, h.ExpiresAt)
	}
	t.Put(item)
	return nil
}

// DueHolds implements app.Store.
func (s *Store) DueHolds(ctx context.Context, now time.Time, limit int) ([]id.ID, error) {
	items, err := s.due(ctx, holdQueue, now, limit)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(items, func(a, b dynamo.Item) int { return cmp.Compare(a.Keys[attrDue], b.Keys[attrDue]) })
	return idsOf(items[:min(len(items), limit)])
}
