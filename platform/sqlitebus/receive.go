package sqlitebus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ticketmesh.dev/platform/sqlite"
)

// ReceiveOptions say how to receive from a pull queue.
type ReceiveOptions struct {
	Max  int           // messages at once, at least 1
	Wait time.Duration // for the first message, when there is none
	Lock time.Duration // how long the messages are the receiver's alone
}

// Received is a message that is locked for whoever has received it.
type Received struct {
	LockToken string // opaque; for Acknowledge, Release, Reject and Renew
	Receives  int    // how often it was received, this time included
	ID        string
	Envelope  []byte // shared; must not be changed
}

// Receive locks messages and returns them: at once when there are any, else as
// soon as some come. When none come until Wait is over or ctx ends there are none
// and no error. ErrUnknownQueue when the queue was dropped.
func (q *PullQueue) Receive(ctx context.Context, o ReceiveOptions) ([]Received, error) {
	b := q.bus
	wake := newBell()
	b.listen(q.id, wake)
	defer b.ignore(q.id, wake)
	poll := time.NewTicker(b.poll)
	defer poll.Stop()
	end := time.NewTimer(o.Wait)
	defer end.Stop()
	for {
		got, err := q.receive(ctx, o)
		switch {
		case len(got) > 0:
			return got, nil
		case ctx.Err() != nil:
			return nil, nil
		case err != nil:
			return nil, err
		}
		select {
		case <-wake:
		case <-poll.C: // locks that ran out, rests that are over, other processes
		case <-end.C:
			return nil, nil
		case <-ctx.Done():
			return nil, nil
		}
	}
}

// receive takes what there is now. It writes only when there is something.
func (q *PullQueue) receive(ctx context.Context, o ReceiveOptions) ([]Received, error) {
	b := q.bus
	for {
		var exists, some bool
		err := b.db.Read(ctx, func(tx *sqlite.Tx) error {
			return tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM queues WHERE id = ?1), EXISTS (SELECT 1 FROM deliveries WHERE queue = ?1 AND visible_at <= ?2)`,
				q.id, b.now()).Scan(&exists, &some)
		})
		if err == nil && !exists {
			err = fmt.Errorf("%w: %s", ErrUnknownQueue, q.Name)
		}
		if err != nil || !some {
			return nil, err
		}
		c, err := q.lock(ctx, o)
		if err != nil {
			return nil, err
		}
		if len(c.members) == 0 {
			continue // all were dead, or another was faster
		}
		if err := b.load(q.Name, c); err != nil || ctx.Err() != nil {
			return nil, errors.Join(err, q.unlock(c))
		}
		got := make([]Received, len(c.members))
		for i, d := range c.members {
			got[i] = Received{
				LockToken: encodeLock(lock{q.id, d.seq, c.lease}), Receives: d.receives, ID: d.stored.uuid, Envelope: d.stored.payload,
			}
		}
		return got, nil
	}
}

// lock claims messages and notes where their deliveries are.
func (q *PullQueue) lock(ctx context.Context, o ReceiveOptions) (c *claim, err error) {
	err = q.bus.db.Write(ctx, func(tx *sqlite.Tx) error {
		now := q.bus.now()
		c, _, err = take(tx, q.id, defaultMaxReceives, now, now+o.Lock.Milliseconds(), o.Max)
		if err != nil || len(c.members) == 0 {
			return err
		}
		_, err = tx.Exec(`INSERT OR REPLACE INTO locks (queue, seq, lease, visible_at)
			SELECT queue, seq, lease, visible_at FROM deliveries WHERE queue = ? AND visible_at = ? AND lease = ?`, q.id, c.visibleAt, c.lease)
		return err
	})
	return c, err
}

// unlock gives back what nobody has seen.
func (q *PullQueue) unlock(c *claim) error {
	return q.bus.db.Write(context.Background(), func(tx *sqlite.Tx) error {
		now := q.bus.now()
		for _, d := range c.members {
			if err := giveBack(tx, q.id, d, now); err != nil {
				return err
			}
		}
		tx.AfterCommit(func() { q.bus.wakeQueues(map[int64]struct{}{q.id: {}}) })
		return nil
	})
}
