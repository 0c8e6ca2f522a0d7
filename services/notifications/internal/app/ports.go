// Package app holds the use cases of notifications and the ports they need: it turns what happened into messages, sends
// them, and serves customers. It knows no technology; who is allowed what is decided before it.
package app

import (
	"context"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/message"
)

// ErrNotFound is the answer to a key that nothing has.
var ErrNotFound = errors.New("not found")

// Chronicle records what happened. The methods that are given an event's origin handle it once: repeated with the same
// event they change nothing and succeed. What they change is committed together, or not at all, unless they say
// otherwise. Methods may be called concurrently.
type Chronicle interface {
	// PutShow and PutVenue replace an older version; a stale one is dropped.
	PutShow(ctx context.Context, origin message.Origin, show message.Show) error
	PutVenue(ctx context.Context, origin message.Origin, venue message.Venue) error
	// PutPerformance calls succeed with what is known, nil for nothing, and stores the performance and the notice that
	// it returns, unless it says that nothing is new. Waiting messages of the performance become Queued before it
	// returns; after an error only some may be, and the others once the event is handled again.
	PutPerformance(ctx context.Context, origin message.Origin, performanceID id.ID,
		succeed func(known *message.Performance) (message.Performance, *message.Notice, bool)) error
	// Record calls change with the purchase, fresh when nothing is known of it; it stores the purchase as changed and
	// adds the messages that change returns. They are Waiting as long as the performance is unknown. change may be
	// called again when others interfere.
	Record(ctx context.Context, origin message.Origin, performanceID, orderID id.ID,
		change func(p *message.Purchase) []message.Message) error
	// Performance returns what is known of a performance, or ErrNotFound.
	Performance(ctx context.Context, performanceID id.ID) (message.Performance, error)
	// Add adds those of the messages, all of known performances, that aren't there yet. After an error some may be.
	Add(ctx context.Context, messages []message.Message) error
}

// Notices spreads notices over the holders of tickets.
type Notices interface {
	// NextNotice returns the oldest notice that isn't done, or ErrNotFound.
	NextNotice(ctx context.Context) (message.Notice, error)
	// Purchases returns the purchases of a performance in an order that is the store's own and always the same,
	// beginning after one (id.Nil: with the first).
	Purchases(ctx context.Context, performanceID, after id.ID, limit int) ([]message.Purchase, error)
	// Advance adds the messages that aren't there yet and then moves the notice to after, where done ends it; unless
	// somebody else has moved it from where n has it. After an error some of the messages may have been added.
	Advance(ctx context.Context, n message.Notice, messages []message.Message, after id.ID, done bool) error
	// NoticesAdded receives after a notice was added; it may be received from in vain.
	NoticesAdded() <-chan struct{}
}

// Outgoing is the queue of messages to be sent.
type Outgoing interface {
	// Claim returns up to limit Queued messages that are due, the longest due first, and hides them from other claims
	// until the lease ends or they are settled.
	Claim(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]message.Message, error)
	// Backgrounds returns what is known about each of the messages.
	Backgrounds(ctx context.Context, messages []message.Message) ([]message.Background, error)
	// Settle stores messages as they are now, ends their claim, and publishes the facts of those that are final, each
	// with its message. A message that was final before stays as it is. After an error some may be settled.
	Settle(ctx context.Context, messages []message.Message) error
	// MessagesAdded receives after messages became Queued; it may be received from in vain.
	MessagesAdded() <-chan struct{}
}

// Returns is what becomes of mails that a carrier had accepted.
type Returns interface {
	// Return calls change with a message, or is ErrNotFound; it stores what change makes of it and publishes its fact,
	// unless change says that nothing is new. change may be called again when others interfere.
	Return(ctx context.Context, messageID id.ID, change func(m message.Message) (message.Message, bool)) error
	// Block has Backgrounds tell of an address, whose case does not matter, that it is blocked till then.
	Block(ctx context.Context, address string, till time.Time) error
}

// Customers is what customers see and say.
type Customers interface {
	// Messages returns a customer's messages by falling id, beginning below before (id.Nil: with the newest).
	Messages(ctx context.Context, customerID string, before id.ID, limit int) ([]message.Message, error)
	// Preferences returns AllWanted for a customer who said nothing.
	Preferences(ctx context.Context, customerID string) (message.Preferences, error)
	PutPreferences(ctx context.Context, customerID string, p message.Preferences) error
	// Subscription returns what an unsubscribe token stands for, or ErrNotFound.
	Subscription(ctx context.Context, token string) (message.Subscription, error)
	// Unsubscribe turns a category off, whatever else is changed at the same time.
	Unsubscribe(ctx context.Context, customerID string, category message.Category) error
}

// Composer writes mails. Given the same arguments it writes the same.
type Composer interface {
	// Draft returns the subject of a message whose performance is not known yet.
	Draft(template message.Template, language string) string
	// Compose writes the mail of a message that is settled. An error won't go away by trying again.
	Compose(m message.Message, b message.Background) (message.Mail, error)
}

// Mailer hands mails to their carrier.
type Mailer interface {
	// Send returns an error, or nil for accepted, at the index of each mail. A mail that the carrier will never accept
	// has an error that wraps message.ErrRejected; others may be tried again. A mail that was accepted before and comes again has
	// the same ID, so that carriers can tell. When ctx ends, mails not handed over yet have its error.
	Send(ctx context.Context, mails []message.Mail) []error
}

// Codec checks facts against their contract.
type Codec interface {
	// Check returns an error when the fact could not be published.
	Check(fact message.Fact) error
}
