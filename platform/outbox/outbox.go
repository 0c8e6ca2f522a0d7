// Package outbox moves events that a store has committed with its state to the
// bus. It knows neither the store nor the bus, and decides nothing about what
// is published.
package outbox

import (
	"context"

	"ticketmesh.dev/platform/event"
)

// Record is one event waiting in a store.
type Record struct {
	Seq     int64 // the store's own order of commits
	Event   event.Event
	Encoded []byte // the envelope as it was committed
}

// Source is a store's outbox.
type Source interface {
	// Pending returns up to limit of the oldest records that are not Done.
	Pending(ctx context.Context, limit int) ([]Record, error)
	// Done forgets records that were published. It may be repeated.
	Done(ctx context.Context, records []Record) error
	// Wake receives after a commit that added records. It may stay silent for
	// commits of other processes, and may be received from in vain.
	Wake() <-chan struct{}
}

// Locker is a Source that several processes relay.
type Locker interface {
	Source
	// Locked runs fn with the source while nobody else's fn runs; it waits for that.
	// What fn marks done is forgotten when Locked returns nil. Its error is fn's, or
	// says that it could not begin or end.
	Locked(ctx context.Context, fn func(Source) error) error
}
