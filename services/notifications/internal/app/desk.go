package app

import (
	"context"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Desk serves customers.
type Desk struct {
	customers Customers
}

// NewDesk returns a Desk.
func NewDesk(customers Customers) *Desk { return &Desk{customers: customers} }

// Messages returns a page of a customer's messages, the newest first, and the id to go on with; id.Nil: it was the last.
func (d *Desk) Messages(ctx context.Context, customerID string, before id.ID, limit int) ([]message.Message, id.ID, error) {
	found, err := d.customers.Messages(ctx, customerID, before, limit+1)
	if err != nil || len(found) <= limit {
		return found, id.Nil, err
	}
	return found[:limit], found[limit-1].ID, nil
}

// Preferences returns what a customer wants.
func (d *Desk) Preferences(ctx context.Context, customerID string) (message.Preferences, error) {
	return d.customers.Preferences(ctx, customerID)
}

// PutPreferences replaces what a customer wants.
func (d *Desk) PutPreferences(ctx context.Context, customerID string, p message.Preferences) error {
	return d.customers.PutPreferences(ctx, customerID, p)
}

// Subscription returns what a token would unsubscribe from, or ErrNotFound.
func (d *Desk) Subscription(ctx context.Context, token string) (message.Subscription, error) {
	return d.customers.Subscription(ctx, token)
}

// Unsubscribe turns the token's category off. It may be repeated. An unknown token is ErrNotFound.
func (d *Desk) Unsubscribe(ctx context.Context, token string) (message.Subscription, error) {
	s, err := d.customers.Subscription(ctx, token)
	if err != nil {
		return message.Subscription{}, err
	}
	return s, d.customers.Unsubscribe(ctx, s.CustomerID, s.Category)
}
