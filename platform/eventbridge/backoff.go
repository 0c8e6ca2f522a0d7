package eventbridge

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 3 * time.Second
)

// backoff grows exponentially, with half of it random so that publishers that
// were throttled together do not return together.
func backoff(round int) time.Duration {
	d := lastBackoff
	if round < 6 {
		d = min(firstBackoff<<(round-1), lastBackoff)
	}
	return d/2 + rand.N(d/2+1)
}

// pause waits for d. When ctx ends before, it fails at once: nothing would come
// of waiting.
func pause(ctx context.Context, d time.Duration) error {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return fmt.Errorf("no time is left for another attempt: %w", context.DeadlineExceeded)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
