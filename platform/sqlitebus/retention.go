package sqlitebus

import (
	"context"
	"slices"
	"time"

	"ticketmesh.dev/platform/sqlite"
)

const (
	pruneInterval = time.Hour
	pruneScan     = 2000
	pruneDelete   = 200
)

// Run keeps the archive and the pull queues within the retention, looking once an hour, until ctx
// ends. It is a job of the process that owns the file.
func (b *Bus) Run(ctx context.Context) error {
	tick := time.NewTicker(pruneInterval)
	defer tick.Stop()
	for {
		n, err := b.Prune(ctx, b.retention)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			b.logger.ErrorContext(ctx, "archive cannot be pruned", "error", err)
		case n > 0:
			b.logger.InfoContext(ctx, "archive pruned", "messages", n)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Prune deletes archived messages that were published longer than age ago and
// that no queue still holds, waiting, in flight or dead. It reports how many.
// Pull queues are not waited for: what waits or is dead there goes too, as whoever
// received from it may never come back.
func (b *Bus) Prune(ctx context.Context, age time.Duration) (int, error) {
	before := b.clock.Now().Add(-age).UnixMilli()
	if err := b.expire(ctx, before); err != nil {
		return 0, err
	}
	total, from := 0, int64(0)
	for {
		// The archive is in the order of publishing, so that the scan ends at
		// the first young message.
		var old []int64
		end := false
		err := b.db.Read(ctx, func(tx *sqlite.Tx) error {
			rows, err := tx.Query(`SELECT seq, published_at FROM messages WHERE seq > ? ORDER BY seq LIMIT ?`, from, pruneScan)
			if err != nil {
				return err
			}
			n := 0
			for rows.Next() {
				var seq, at int64
				if err := rows.Scan(&seq, &at); err != nil {
					return err
				}
				n++
				if at >= before {
					end = true
					return rows.Err()
				}
				old = append(old, seq)
			}
			end = n < pruneScan
			return rows.Err()
		})
		if err != nil {
			return total, err
		}
		for batch := range slices.Chunk(old, pruneDelete) {
			var n int64
			err := b.db.Write(ctx, func(tx *sqlite.Tx) (err error) {
				n, err = tx.Exec(`DELETE FROM messages WHERE seq IN (SELECT value FROM json_each(?1))
					AND seq NOT IN (SELECT seq FROM deliveries WHERE seq BETWEEN ?2 AND ?3)
					AND seq NOT IN (SELECT seq FROM dead_letters WHERE seq BETWEEN ?2 AND ?3)`, seqList(batch), batch[0], batch[len(batch)-1])
				return err
			})
			if err != nil {
				return total, err
			}
			total += int(n)
		}
		if end || len(old) == 0 {
			return total, nil
		}
		from = old[len(old)-1]
	}
}
