package postgres

import (
	"context"
	"time"

	"ticketmesh.dev/platform/id"
)

// processedFor is how long processed events are remembered: twice as long as the bus
// archives events, so that a replay never finds one forgotten.
const processedFor = 60 * 24 * time.Hour

// FirstTime records in this transaction that consumer has processed an event. It is
// false when that was so already: the event's effects are committed, and the caller
// returns without doing anything.
func (t *Tx) FirstTime(ctx context.Context, consumer string, eventID id.ID) (bool, error) {
	n, err := t.Exec(ctx, `INSERT INTO processed_events (consumer, event_id, processed_at) VALUES ($1, $2::uuid, $3) ON CONFLICT DO NOTHING`,
		consumer, eventID.String(), t.clock.Now())
	return n == 1, err
}

// Prune forgets idempotency keys that have expired and events that were processed 60
// days ago. It is to be called now and then: nothing depends on when.
func (d *DB) Prune(ctx context.Context) error {
	return d.Write(ctx, func(tx *Tx) error {
		now := d.clock.Now()
		if _, err := tx.Exec(ctx, `DELETE FROM idempotency WHERE expires_at <= $1`, now); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM processed_events WHERE processed_at < $1`, now.Add(-processedFor))
		return err
	})
}
