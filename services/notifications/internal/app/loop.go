package app

import (
	"context"
	"log/slog"
	"time"
)

const (
	// sweepInterval bounds how long what became due by time, or was added by another process, waits.
	sweepInterval = time.Second
	firstPause    = 100 * time.Millisecond
	lastPause     = 30 * time.Second
)

// pass calls step as long as it finds work. It returns nil when ctx ends.
func pass(ctx context.Context, step func(context.Context) (bool, error)) error {
	for ctx.Err() == nil {
		found, err := step(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil || !found {
			return err
		}
	}
	return nil
}

// loop calls step as long as it finds work, then waits for wake or the next sweep. After errors it pauses, longer each
// time. It returns nil when ctx ends.
func loop(ctx context.Context, wake <-chan struct{}, logger *slog.Logger, failed string, step func(context.Context) (bool, error)) error {
	sweep := time.NewTicker(sweepInterval)
	defer sweep.Stop()
	pause := firstPause
	for ctx.Err() == nil {
		found, err := step(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			logger.ErrorContext(ctx, failed, "error", err, "pause", pause)
			timer := time.NewTimer(pause)
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
			timer.Stop()
			pause = min(2*pause, lastPause)
			continue
		}
		pause = firstPause
		if found {
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-sweep.C:
		}
	}
	return nil
}
