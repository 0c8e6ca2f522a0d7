package sqlitebus

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"ticketmesh.dev/platform/sqlite"
)

// Backoff is the delay of Release that grows with the failures of a message, as
// it does for subscribers by default.
const Backoff time.Duration = -1

// Acknowledge removes the messages of these tokens from the queue. What it
// reports of each, as Release, Reject and Renew do, is whether its lock still
// held: of one that ran out, was settled before or never was, nothing changes. It
// returns once that is durable.
func (q *PullQueue) Acknowledge(ctx context.Context, tokens []string) (held []bool, err error) {
	return q.settle(ctx, tokens, func(tx *sqlite.Tx, _ int64, d *delivery) error {
		_, err := tx.Exec(`DELETE FROM deliveries WHERE queue = ? AND visible_at = ? AND seq = ? AND lease = ?`,
			q.id, d.claim.visibleAt, d.seq, d.claim.lease)
		return errors.Join(err, forgetLock(tx, q.id, d))
	})
}

// Release makes the messages visible again after a delay, or Backoff. Those that
// were received too often go to the dead letters with the reason instead.
func (q *PullQueue) Release(ctx context.Context, tokens []string, delay time.Duration, reason string) (held []bool, err error) {
	return q.settle(ctx, tokens, func(tx *sqlite.Tx, now int64, d *delivery) error {
		if d.receives >= defaultMaxReceives {
			return errors.Join(bury(tx, q.id, d, now, reason), forgetLock(tx, q.id, d))
		}
		rest := delay
		if rest == Backoff {
			rest = retryDelay(d.receives)
		}
		tx.AfterCommit(func() { q.bus.wakeQueues(map[int64]struct{}{q.id: {}}) })
		return errors.Join(release(tx, q.id, d, now+rest.Milliseconds()), forgetLock(tx, q.id, d))
	})
}

// Reject moves the messages to the dead letters with the reason.
func (q *PullQueue) Reject(ctx context.Context, tokens []string, reason string) (held []bool, err error) {
	return q.settle(ctx, tokens, func(tx *sqlite.Tx, now int64, d *delivery) error {
		return errors.Join(bury(tx, q.id, d, now, reason), forgetLock(tx, q.id, d))
	})
}

// Renew makes the locks last for a time from now. Their tokens stay the same.
func (q *PullQueue) Renew(ctx context.Context, tokens []string, lock time.Duration) (held []bool, err error) {
	return q.settle(ctx, tokens, func(tx *sqlite.Tx, now int64, d *delivery) error {
		until := now + lock.Milliseconds()
		_, err := tx.Exec(`UPDATE OR REPLACE deliveries SET visible_at = ? WHERE queue = ? AND visible_at = ? AND seq = ? AND lease = ?`,
			until, q.id, d.claim.visibleAt, d.seq, d.claim.lease)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE locks SET visible_at = ? WHERE queue = ? AND seq = ?`, until, q.id, d.seq)
		return err
	})
}

// settle does something with each delivery whose lock holds, all in one write.
func (q *PullQueue) settle(ctx context.Context, tokens []string, do func(*sqlite.Tx, int64, *delivery) error) (held []bool, err error) {
	held = make([]bool, len(tokens))
	err = q.bus.db.Write(ctx, func(tx *sqlite.Tx) error {
		now := q.bus.now()
		for i, token := range tokens {
			d, err := q.locked(tx, now, token)
			if err != nil {
				return err
			}
			if held[i] = d != nil; !held[i] {
				continue
			}
			if err := do(tx, now, d); err != nil {
				return err
			}
		}
		return nil
	})
	return held, err
}

// locked returns the delivery that the token's lock holds, or nil.
func (q *PullQueue) locked(tx *sqlite.Tx, now int64, token string) (*delivery, error) {
	l, ok := decodeLock(token)
	if !ok || l.queue != q.id {
		return nil, nil
	}
	d := &delivery{claim: &claim{lease: l.lease}, seq: l.seq}
	err := tx.QueryRow(`SELECT d.visible_at, d.receive_count FROM locks l
		JOIN deliveries d ON d.queue = l.queue AND d.visible_at = l.visible_at AND d.seq = l.seq AND d.lease = l.lease
		WHERE l.queue = ? AND l.seq = ? AND l.lease = ? AND l.visible_at > ?`, l.queue, l.seq, l.lease, now).Scan(&d.claim.visibleAt, &d.receives)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return d, err
}

func forgetLock(tx *sqlite.Tx, queueID int64, d *delivery) error {
	_, err := tx.Exec(`DELETE FROM locks WHERE queue = ? AND seq = ?`, queueID, d.seq)
	return err
}
