package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/event"
)

const (
	batchSize = 256

	// sweepInterval bounds how long records of another process, of which Wake
	// tells nothing, wait.
	sweepInterval = time.Second

	firstBackoff = 50 * time.Millisecond
	lastBackoff  = 10 * time.Second

	// drainTimeout bounds the publishing of what is pending when the relay is
	// told to stop. The rest is durable and goes out at the next start.
	drainTimeout = 2 * time.Second
)

// Relay publishes a source's records in order, in batches, at least once: a
// batch that was published and not marked done is published again, with the
// same ids.
type Relay struct {
	source    Source
	publisher message.Publisher
	logger    *slog.Logger
}

// NewRelay returns a relay from source to the topic event.Topic of publisher.
// One relay per source keeps the order; several only repeat each other's work,
// unless the source is a Locker.
func NewRelay(source Source, publisher message.Publisher, logger *slog.Logger) *Relay {
	return &Relay{source: source, publisher: publisher, logger: logger}
}

// Run relays until ctx ends, then drains what is pending for a moment and
// returns nil. Errors of the source and the publisher are logged when they
// begin and retried with backoff.
func (r *Relay) Run(ctx context.Context) error {
	// A batch under way outlives ctx: cancelling between Publish and Done
	// would only repeat it.
	work := context.WithoutCancel(ctx)
	sweep := time.NewTicker(sweepInterval)
	defer sweep.Stop()
	failures := 0
	for {
		n, err := r.batch(work)
		switch {
		case err != nil:
			failures++
			if failures == 1 {
				r.logger.WarnContext(ctx, "outbox relay failed, retrying", "error", err)
			}
			if ctx.Err() != nil || !pause(ctx, backoff(failures)) {
				return nil
			}
			continue
		case failures > 0:
			r.logger.InfoContext(ctx, "outbox relay recovered", "failures", failures)
			failures = 0
		}
		if ctx.Err() != nil {
			r.drain(work)
			return nil
		}
		if n == batchSize {
			continue
		}
		select {
		case <-r.source.Wake():
		case <-sweep.C:
		case <-ctx.Done():
			r.drain(work)
			return nil
		}
	}
}

// drain publishes until nothing is pending, an error comes or time is up.
func (r *Relay) drain(ctx context.Context) {
	deadline := time.Now().Add(drainTimeout)
	for time.Now().Before(deadline) {
		if n, err := r.batch(ctx); err != nil || n == 0 {
			return
		}
	}
}

// Pass publishes what is pending and returns how many events that were. It is for
// processes that have no time of their own between requests.
func (r *Relay) Pass(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := r.batch(ctx)
		total += n
		if err != nil || n < batchSize {
			return total, err
		}
	}
}

// batch publishes the oldest records and returns how many there were.
func (r *Relay) batch(ctx context.Context) (n int, err error) {
	locker, shared := r.source.(Locker)
	if !shared {
		return r.publish(ctx, r.source)
	}
	err = locker.Locked(ctx, func(source Source) error {
		n, err = r.publish(ctx, source)
		return err
	})
	return n, err
}

func (r *Relay) publish(ctx context.Context, source Source) (int, error) {
	records, err := source.Pending(ctx, batchSize)
	if err != nil {
		return 0, fmt.Errorf("read outbox: %w", err)
	}
	if len(records) == 0 {
		return 0, nil
	}
	messages := make([]*message.Message, len(records))
	for i, rec := range records {
		messages[i] = event.ToMessage(rec.Event, rec.Encoded)
		messages[i].SetContext(ctx)
	}
	if err := r.publisher.Publish(event.Topic, messages...); err != nil {
		return 0, fmt.Errorf("publish %d events: %w", len(records), err)
	}
	if err := source.Done(ctx, records); err != nil {
		return 0, fmt.Errorf("mark %d events done: %w", len(records), err)
	}
	return len(records), nil
}

// backoff grows exponentially, with half of it random so that relays that
// failed together do not return together.
func backoff(failures int) time.Duration {
	d := lastBackoff
	if failures < 9 {
		d = min(firstBackoff<<(failures-1), lastBackoff)
	}
	return d/2 + rand.N(d/2+1)
}

// pause waits for d and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
