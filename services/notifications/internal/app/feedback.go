package app

import (
	"context"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Feedback takes in what carriers say of mails after they accepted them. What it is told may be told again, and in any
// order; an error means that it is to be told again. A message that does not exist is ErrNotFound.
type Feedback struct {
	returns   Returns
	customers Customers
	clock     clock.Clock
}

// NewFeedback returns a Feedback.
func NewFeedback(returns Returns, customers Customers, clock clock.Clock) *Feedback {
	return &Feedback{returns: returns, customers: customers, clock: clock}
}

// Bounced takes in that a message's mail was refused for good. Its address gets no mails for a while, of whatever kind:
// carriers stop serving those who go on.
func (f *Feedback) Bounced(ctx context.Context, messageID id.ID) error {
	m, err := f.fail(ctx, messageID, message.Bounced)
	if err != nil {
		return err
	}
	return f.returns.Block(ctx, m.Recipient.Email, message.BlockedTill(f.clock.Now()))
}

// Complained takes in that the recipient called the mail spam, which is a rude way to unsubscribe from its category: he
// sees it in his preferences, and can change his mind there.
func (f *Feedback) Complained(ctx context.Context, messageID id.ID) error {
	m, err := f.fail(ctx, messageID, message.Complained)
	if err != nil {
		return err
	}
	return f.customers.Unsubscribe(ctx, m.Recipient.CustomerID, m.Template.Category())
}

// Rejected takes in that the carrier did not send the mail after all, for what is in it.
func (f *Feedback) Rejected(ctx context.Context, messageID id.ID) error {
	_, err := f.fail(ctx, messageID, message.Rejected)
	return err
}

// fail returns the message also when it has failed before: what else is to be done may have been interrupted then.
func (f *Feedback) fail(ctx context.Context, messageID id.ID, reason message.Reason) (message.Message, error) {
	var returned message.Message
	err := f.returns.Return(ctx, messageID, func(m message.Message) (changed message.Message, isNew bool) {
		returned, isNew = m.Returned(reason, f.clock.Now())
		return returned, isNew
	})
	return returned, err
}
