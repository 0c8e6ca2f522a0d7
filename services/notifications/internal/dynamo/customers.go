package dynamo

import (
	"context"
	"errors"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
)

// maxToken is more than a token has. Whatever stands in an address is looked for, and DynamoDB refuses long keys.
const maxToken = 100

func customerKey(customerID string) dynamo.Key {
	return dynamo.Key{PK: "customer#" + customerID, SK: alone}
}

func tokenKey(token string) dynamo.Key { return dynamo.Key{PK: "token#" + token, SK: alone} }

// Messages implements app.Customers. The index has keys alone, so that it is written once for each message.
func (s *Store) Messages(ctx context.Context, customerID string, before id.ID, limit int) ([]message.Message, error) {
	q := dynamo.Query{Index: byCustomer, PK: customerID, Descending: true, Limit: limit}
	if before != id.Nil {
		q.To, q.Limit = messageKey(before).PK, limit+1 // the bound includes before itself
	}
	found, err := s.table.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	var keys []dynamo.Key
	for _, item := range found {
		if item.Key != messageKey(before) {
			keys = append(keys, item.Key)
		}
	}
	keys = keys[:min(limit, len(keys))]
	items, err := s.table.GetAll(ctx, keys)
	if err != nil {
		return nil, err
	}
	var messages []message.Message
	for _, key := range keys {
		item, there := items[key]
		if !there {
			continue // the index lags behind
		}
		m, err := readMessage(item)
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	return messages, nil
}

// Preferences implements app.Customers.
func (s *Store) Preferences(ctx context.Context, customerID string) (message.Preferences, error) {
	var customer customerRow
	item, err := s.table.Get(ctx, customerKey(customerID))
	if err == nil {
		err = read(item, &customer)
	}
	if err != nil && !errors.Is(err, dynamo.ErrNotFound) {
		return message.Preferences{}, err
	}
	return customer.preferences(), nil
}

// PutPreferences implements app.Customers.
func (s *Store) PutPreferences(ctx context.Context, customerID string, p message.Preferences) error {
	return s.changePreferences(ctx, customerID, func(message.Preferences) message.Preferences { return p })
}

// Unsubscribe implements app.Customers.
func (s *Store) Unsubscribe(ctx context.Context, customerID string, category message.Category) error {
	return s.changePreferences(ctx, customerID, func(p message.Preferences) message.Preferences { return p.Without(category) })
}

func (s *Store) changePreferences(ctx context.Context, customerID string, change func(message.Preferences) message.Preferences) error {
	return s.table.Update(ctx, func(tx *dynamo.Tx) error {
		var customer customerRow
		if _, err := find(tx, customerKey(customerID), &customer); err != nil {
			return err
		}
		changed := preferencesRow(change(customer.preferences()))
		customer.Preferences = &changed
		item, err := document(customerKey(customerID), customer)
		if err != nil {
			return err
		}
		tx.Put(item)
		return nil
	})
}

// Subscription implements app.Customers.
func (s *Store) Subscription(ctx context.Context, token string) (message.Subscription, error) {
	if len(token) > maxToken {
		return message.Subscription{}, app.ErrNotFound
	}
	item, err := s.table.Get(ctx, tokenKey(token))
	if errors.Is(err, dynamo.ErrNotFound) {
		return message.Subscription{}, app.ErrNotFound
	}
	if err != nil {
		return message.Subscription{}, err
	}
	var row subscriptionRow
	if err := read(item, &row); err != nil {
		return message.Subscription{}, err
	}
	return message.Subscription(row), nil
}
