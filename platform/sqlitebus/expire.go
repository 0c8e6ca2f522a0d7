package sqlitebus

import (
	"context"
	"fmt"

	"ticketmesh.dev/platform/sqlite"
)

// expireStep keeps one write about as short as others.
const expireStep = 2000

// expire drops from the pull queues what was published before a time, unless it is
// locked, and what is left of locks that ran out.
func (b *Bus) expire(ctx context.Context, before int64) error {
	var end int64 // seq of the first young message
	queues := map[int64]string{}
	err := b.db.Read(ctx, func(tx *sqlite.Tx) error {
		err := tx.QueryRow(`SELECT coalesce((SELECT seq FROM messages WHERE published_at >= ? ORDER BY seq LIMIT 1), 1 << 62)`, before).Scan(&end)
		if err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT id, name FROM queues WHERE owner <> ''`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var queueID int64
			var name string
			if err := rows.Scan(&queueID, &name); err != nil {
				return err
			}
			queues[queueID] = name
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	for queueID, name := range queues {
		dropped, err := b.expireQueue(ctx, queueID, end)
		if err != nil {
			return fmt.Errorf("expire in queue %s: %w", name, err)
		}
		if dropped > 0 {
			b.logger.WarnContext(ctx, "nobody received messages within the retention", "queue", name, "dropped", dropped)
		}
	}
	return nil
}

func (b *Bus) expireQueue(ctx context.Context, queueID, end int64) (dropped int64, err error) {
	for {
		var some bool // asked of a reader first: the writer is everybody's
		err := b.db.Read(ctx, func(tx *sqlite.Tx) error {
			return tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM deliveries WHERE queue = ?1 AND visible_at <= ?2 AND seq < ?3)
				OR EXISTS (SELECT 1 FROM dead_letters WHERE queue = ?1 AND seq < ?3)
				OR EXISTS (SELECT 1 FROM locks WHERE queue = ?1 AND visible_at <= ?2)`, queueID, b.now(), end).Scan(&some)
		})
		if err != nil || !some {
			return dropped, err
		}
		var n int64
		err = b.db.Write(ctx, func(tx *sqlite.Tx) error {
			now := b.now()
			waiting, err := tx.Exec(`DELETE FROM deliveries WHERE queue = ?1 AND (visible_at, seq) IN
				(SELECT visible_at, seq FROM deliveries WHERE queue = ?1 AND visible_at <= ?2 AND seq < ?3 ORDER BY visible_at, seq LIMIT ?4)`,
				queueID, now, end, expireStep)
			if err != nil {
				return err
			}
			dead, err := tx.Exec(`DELETE FROM dead_letters WHERE queue = ? AND seq < ?`, queueID, end)
			if err != nil {
				return err
			}
			n = waiting + dead
			_, err = tx.Exec(`DELETE FROM locks WHERE queue = ? AND visible_at <= ?`, queueID, now)
			return err
		})
		if err != nil {
			return dropped, err
		}
		dropped += n
	}
}
