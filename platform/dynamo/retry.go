package dynamo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	firstWait = 5 * time.Millisecond
	maxWait   = 200 * time.Millisecond
	// patience bounds what has no deadline of its own.
	patience = 10 * time.Second
)

// backoff waits between attempts: a random time up to a bound that doubles, so
// that those who met once do not meet again.
type backoff struct{ attempts int }

// wait returns nil when it is time for the next attempt. When ctx would end
// before, it does not wait: it returns ErrBusy with the cause.
func (b *backoff) wait(ctx context.Context, cause error) error {
	bound := min(firstWait<<min(b.attempts, 10), maxWait)
	b.attempts++
	pause := rand.N(bound)
	if deadline, has := ctx.Deadline(); has && time.Until(deadline) <= pause {
		return fmt.Errorf("%w after %d attempts: %w", ErrBusy, b.attempts, cause)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// bounded gives ctx a deadline if it has none.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, patience)
}
