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

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

// orderRow is an order beside its id.
type orderRow struct {
	Code          string          `json:"code"`
	HoldID        id.ID           `json:"hold"`
	PerformanceID id.ID           `json:"performance"`
	ShowID        id.ID           `json:"show"`
	OrganizerID   string          `json:"organizer"`
	CustomerID    string          `json:"customer"`
	Email         string          `json:"email"`
	Language      string          `json:"language"`
	Status        order.Status    `json:"status"`
	Items         json.RawMessage `json:"items"`
	Extras        json.RawMessage `json:"extras,omitempty"`
	Total         int64           `json:"total"`
	Refunded      int64           `json:"refunded,omitempty"`
	Currency      string          `json:"currency"`
	Payment       paymentRow      `json:"payment"`
	TicketIDs     []byte          `json:"tickets,omitempty"` // 16 bytes each
	CreatedAt     int64           `json:"created"`
	Version       int             `json:"version"`
}

type paymentRow struct {
	Provider     string         `json:"provider"`
	Token        string         `json:"token,omitempty"`
	Status       payment.Status `json:"status"`
	Reference    string         `json:"reference,omitempty"`
	ClientSecret string         `json:"secret,omitempty"`
	Reason       string         `json:"reason,omitempty"`
	RequestedAt  int64          `json:"requested"`
	CheckAt      int64          `json:"check,omitempty"`
}

func orderItem(o order.Order) (dynamo.Item, error) {
	row := orderRow{
		Code: o.Code, HoldID: o.HoldID, PerformanceID: o.PerformanceID, ShowID: o.ShowID, OrganizerID: o.OrganizerID, CustomerID: o.CustomerID,
		Email: o.Email, Language: o.Language, Status: o.Status, Items: itemcodec.EncodeItems(o.Items), Total: o.Total.Amount,
		Refunded: o.Refunded.Amount, Currency: o.Total.Currency,
		Payment: paymentRow{
			Provider: o.Payment.Provider, Token: o.Payment.Token, Status: o.Payment.Status, Reference: o.Payment.Reference,
			ClientSecret: o.Payment.ClientSecret, Reason: o.Payment.Reason, RequestedAt: itemcodec.Millis(o.Payment.RequestedAt),
			CheckAt: itemcodec.Millis(o.Payment.CheckAt),
		},
		TicketIDs: itemcodec.EncodeIDs(o.TicketIDs), CreatedAt: itemcodec.Millis(o.CreatedAt), Version: o.Version,
	}
	item := dynamo.Item{Key: keyOf(orderKind, o.ID), Keys: map[string]string{}}
	if o.Payment.Status == payment.Requested || o.Payment.Status == payment.Pending {
		item.Keys = queued(paymentQueue, o.ID, o.Payment.CheckAt)
	}
	item.Keys[attrOwner], item.Keys[attrShow] = customerOwner(o.CustomerID), sharded(o.PerformanceID.String(), shardOf(o.ID))
	var err error
	if row.Extras, err = itemcodec.EncodeExtras(o.Extras); err != nil {
		return item, err
	}
	item.Document, err = pack(row)
	return item, err
}

func customerOwner(customerID string) string { return "customer#" + customerID }

func readOrder(item dynamo.Item) (order.Order, error) {
	var row orderRow
	if err := read(item, &row); err != nil {
		return order.Order{}, err
	}
	orderID, err := idAtEnd(item.Key.PK)
	if err != nil {
		return order.Order{}, err
	}
	o := order.Order{
		ID: orderID, Code: row.Code, HoldID: row.HoldID, PerformanceID: row.PerformanceID, ShowID: row.ShowID, OrganizerID: row.OrganizerID,
		CustomerID: row.CustomerID, Email: row.Email, Language: row.Language, Status: row.Status,
		Total: money.Money{Amount: row.Total, Currency: row.Currency}, Refunded: money.Money{Amount: row.Refunded, Currency: row.Currency},
		Payment: payment.Payment{
			Provider: row.Payment.Provider, Token: row.Payment.Token, Status: row.Payment.Status, Reference: row.Payment.Reference,
			ClientSecret: row.Payment.ClientSecret, Reason: row.Payment.Reason, RequestedAt: itemcodec.Instant(row.Payment.RequestedAt),
			CheckAt: itemcodec.Instant(row.Payment.CheckAt),
		},
		CreatedAt: itemcodec.Instant(row.CreatedAt), Version: row.Version,
	}
	if o.TicketIDs, err = itemcodec.DecodeIDs(row.TicketIDs); err != nil {
		return o, err
	}
	if o.Extras, err = itemcodec.DecodeExtras(row.Extras, row.Currency); err != nil {
		return o, err
	}
	o.Items, err = itemcodec.DecodeItems(row.Items)
	return o, err
}

// Order implements app.Tx.
func (t *transaction) Order(orderID id.ID) (order.Order, error) {
	item, err := t.Get(keyOf(orderKind, orderID))
	if errors.Is(err, dynamo.ErrNotFound) {
		return order.Order{}, order.ErrNotFound
	}
	if err != nil {
		return order.Order{}, err
	}
	return readOrder(item)
}

// PutOrder implements app.Tx. An order whose payment is open is due when the
// provider is to be asked.
func (t *transaction) PutOrder(o order.Order) error {
	item, err := orderItem(o)
	if err != nil {
		return err
	}
	t.Put(item)
	return nil
}

// Order implements app.Store. One request reads the order and its tickets, where
// those have ids made of the order's.
func (s *Store) Order(ctx context.Context, orderID id.ID) (order.Order, []ticket.Ticket, error) {
	key := keyOf(orderKind, orderID)
	found, err := s.table.GetAll(ctx, []dynamo.Key{key, groupKey(ticket.NewID(orderID, 0))})
	if err != nil {
		return order.Order{}, nil, err
	}
	item, there := found[key]
	if !there {
		return order.Order{}, nil, order.ErrNotFound
	}
	o, err := readOrder(item)
	if err != nil {
		return o, nil, err
	}
	tickets, err := s.ticketsOf(ctx, o, found)
	return o, tickets, err
}

// OrdersByCustomer implements app.Store.
func (s *Store) OrdersByCustomer(ctx context.Context, customerID string, page app.Page) ([]order.Order, error) {
	q := dynamo.Query{Index: byOwner, PK: customerOwner(customerID), Prefix: orderKind, Descending: true, Limit: page.Limit}
	if page.After != id.Nil {
		q.After = orderKind + page.After.String()
	}
	items, err := s.table.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.orders(ctx, items)
}

// OrdersByPerformance implements app.Store.
func (s *Store) OrdersByPerformance(ctx context.Context, performanceID id.ID, page app.Page) ([]order.Order, error) {
	items, err := s.fromShards(ctx, func(shard int) dynamo.Query {
		q := dynamo.Query{Index: byPerformance, PK: sharded(performanceID.String(), shard), Prefix: orderKind, Descending: true, Limit: page.Limit}
		if page.After != id.Nil {
			q.After = orderKind + page.After.String()
		}
		return q
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(items, func(a, b dynamo.Item) int { return cmp.Compare(b.Key.PK, a.Key.PK) })
	return s.orders(ctx, items[:min(len(items), page.Limit)])
}

// orders reads the orders that entries of an index are of.
func (s *Store) orders(ctx context.Context, entries []dynamo.Item) ([]order.Order, error) {
	items, err := s.all(ctx, keysOf(entries))
	if err != nil {
		return nil, err
	}
	orders := make([]order.Order, len(items))
	for i, item := range items {
		if orders[i], err = readOrder(item); err != nil {
			return nil, err
		}
	}
	return orders, nil
}

func keysOf(items []dynamo.Item) []dynamo.Key {
	keys := make([]dynamo.Key, len(items))
	for i, item := range items {
		keys[i] = item.Key
	}
	return keys
}

// OpenOrders implements app.Store.
func (s *Store) OpenOrders(ctx context.Context, due time.Time, page app.Page) ([]id.ID, error) {
	return s.duePage(ctx, paymentQueue, due, page)
}
