package sqlite

import (
	"context"
	"time"

	"ticketmesh.dev/platform/id"
)

// FirstTime records in this transaction that consumer has processed an event.
// It is false when that was so already: the event's effects are committed, and
// the caller returns without doing anything.
func (t *Tx) FirstTime(consumer string, eventID id.ID) (bool, error) {
	n, err := t.Exec(`INSERT INTO processed_events (consumer, event_id, processed_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		consumer, eventID[:], t.clock.Now().UnixMilli())
	return n == 1, err
}

// pruneBatch keeps a pruning write as short as others.
const pruneBatch = 200

// PruneProcessed forgets events that were processed before t and returns how
// many. Whoever calls it makes sure that none of them can come again: t is
// earlier than what the bus archives.
func (d *DB) PruneProcessed(ctx context.Context, t time.Time) (int, error) {
	type key struct {
		consumer string
		event    []byte
	}
	total := 0
	for {
		// The search is a scan, which is a reader's work and not the writer's.
		var keys []key
		err := d.Read(ctx, func(tx *Tx) error {
			rows, err := tx.Query(`SELECT consumer, event_id FROM processed_events WHERE processed_at < ? LIMIT ?`, t.UnixMilli(), 10*pruneBatch)
			if err != nil {
				return err
			}
			for rows.Next() {
				var k key
				if err := rows.Scan(&k.consumer, &k.event); err != nil {
					return err
				}
				keys = append(keys, k)
			}
			return rows.Err()
		})
		if err != nil || len(keys) == 0 {
			return total, err
		}
		for len(keys) > 0 {
			n := min(len(keys), pruneBatch)
			err := d.Write(ctx, func(tx *Tx) error {
				for _, k := range keys[:n] {
					if _, err := tx.Exec(`DELETE FROM processed_events WHERE consumer = ? AND event_id = ?`, k.consumer, k.event); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return total, err
			}
			total += n
			keys = keys[n:]
		}
	}
}
