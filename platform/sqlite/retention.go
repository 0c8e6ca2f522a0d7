package sqlite

import (
	"context"
	"log/slog"
	"time"
)

const (
	// processedFor is how long processed events are remembered: twice as long as
	// the bus archives events, so that a replay never finds one forgotten.
	processedFor  = 60 * 24 * time.Hour
	pruneInterval = 6 * time.Hour
)

// RunRetention forgets events that were processed long ago, until ctx ends. It
// is for the database's owner to run. What fails is logged and done next time:
// nothing depends on when it is.
func (d *DB) RunRetention(ctx context.Context, logger *slog.Logger) error {
	ticker := time.NewTicker(pruneInterval)
	defer ticker.Stop()
	for {
		if _, err := d.PruneProcessed(ctx, d.clock.Now().Add(-processedFor)); err != nil && ctx.Err() == nil {
			logger.WarnContext(ctx, "processed events were not forgotten", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
