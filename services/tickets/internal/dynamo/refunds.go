package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
)

// refundRow is a refund beside its id.
type refundRow struct {
	OrderID   id.ID                `json:"order"`
	Provider  string               `json:"provider"`
	Charge    string               `json:"charge,omitempty"`
	Amount    int64                `json:"amount"`
	Before    int64                `json:"before,omitempty"`
	Currency  string               `json:"currency"`
	TicketIDs []byte               `json:"tickets,omitempty"` // 16 bytes each
	Reason    string               `json:"reason"`
	Surplus   bool                 `json:"surplus,omitempty"`
	Status    payment.RefundStatus `json:"status"`
	Reference string               `json:"reference,omitempty"`
	Failure   string               `json:"failure,omitempty"`
	Attempt   int                  `json:"attempt"`
	DueAt     int64                `json:"due,omitempty"`
	CreatedAt int64                `json:"created"`
}

func refundOwner(orderID id.ID) string { return orderKind + orderID.String() }

func readRefund(item dynamo.Item) (order.Refund, error) {
	var row refundRow
	if err := read(item, &row); err != nil {
		return order.Refund{}, err
	}
	refundID, err := idAtEnd(item.Key.PK)
	if err != nil {
		return order.Refund{}, err
	}
	r := order.Refund{
		ID: refundID, OrderID: row.OrderID, Provider: row.Provider, Charge: row.Charge, Amount: money.Money{Amount: row.Amount, Currency: row.Currency},
		Before: money.Money{Amount: row.Before, Currency: row.Currency}, Reason: row.Reason, Surplus: row.Surplus, Status: row.Status,
		Reference: row.Reference, Failure: row.Failure, Attempt: row.Attempt, DueAt: itemcodec.Instant(row.DueAt), CreatedAt: itemcodec.Instant(row.CreatedAt),
	}
	r.TicketIDs, err = itemcodec.DecodeIDs(row.TicketIDs)
	return r, err
}

// Refund implements app.Tx.
func (t *transaction) Refund(refundID id.ID) (order.Refund, error) {
	item, err := t.Get(keyOf(refundKind, refundID))
	if errors.Is(err, dynamo.ErrNotFound) {
		return order.Refund{}, order.ErrNotFound
	}
	if err != nil {
		return order.Refund{}, err
	}
	return readRefund(item)
}

// PutRefund implements app.Tx. A pending one is due when the provider is to be
// asked.
func (t *transaction) PutRefund(r order.Refund) error {
	item := dynamo.Item{Key: keyOf(refundKind, r.ID), Keys: map[string]string{}}
	if r.Status == payment.RefundPending {
		item.Keys = queued(refundQueue, r.ID, r.DueAt)
	}
	item.Keys[attrOwner] = refundOwner(r.OrderID)
	var err error
	item.Document, err = pack(refundRow{
		OrderID: r.OrderID, Provider: r.Provider, Charge: r.Charge, Amount: r.Amount.Amount, Before: r.Before.Amount, Currency: r.Amount.Currency,
		TicketIDs: itemcodec.EncodeIDs(r.TicketIDs), Reason: r.Reason, Surplus: r.Surplus, Status: r.Status, Reference: r.Reference,
		Failure: r.Failure, Attempt: r.Attempt, DueAt: itemcodec.Millis(r.DueAt), CreatedAt: itemcodec.Millis(r.CreatedAt),
	})
	if err != nil {
		return err
	}
	t.Put(item)
	return nil
}

// OpenRefunds implements app.Store.
func (s *Store) OpenRefunds(ctx context.Context, due time.Time, page app.Page) ([]id.ID, error) {
	return s.duePage(ctx, refundQueue, due, page)
}

// RefundsByOrder implements app.Store.
func (s *Store) RefundsByOrder(ctx context.Context, orderID id.ID) ([]order.Refund, error) {
	entries, err := s.table.Query(ctx, dynamo.Query{Index: byOwner, PK: refundOwner(orderID), Prefix: refundKind})
	if err != nil {
		return nil, err
	}
	items, err := s.all(ctx, keysOf(entries))
	if err != nil {
		return nil, err
	}
	refunds := make([]order.Refund, len(items))
	for i, item := range items {
		if refunds[i], err = readRefund(item); err != nil {
			return nil, err
		}
	}
	return refunds, nil
}

func capturesKey(provider string) dynamo.Key {
	return dynamo.Key{PK: "captures#" + provider, SK: alone}
}

// CapturesSeen implements app.Store.
func (s *Store) CapturesSeen(ctx context.Context, provider string) (time.Time, error) {
	item, err := s.table.Get(ctx, capturesKey(provider))
	if errors.Is(err, dynamo.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	until, err := strconv.ParseInt(string(item.Document), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("item %s: %w", item.Key.PK, err)
	}
	return itemcodec.Instant(until), nil
}

// SetCapturesSeen implements app.Store.
func (s *Store) SetCapturesSeen(ctx context.Context, provider string, until time.Time) error {
	return s.table.Update(ctx, func(tx *dynamo.Tx) error {
		tx.Put(dynamo.Item{Key: capturesKey(provider), Document: strconv.AppendInt(nil, itemcodec.Millis(until), 10)})
		return nil
	})
}
