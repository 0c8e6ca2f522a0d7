package sqlitebus

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"ticketmesh.dev/platform/sqlite"
)

// MaxQueuesPerOwner bounds how many pull queues an owner may have: each costs
// every publish that it wants.
const MaxQueuesPerOwner = 20

var (
	// ErrReserved: the queue is one of this process, not a pull queue.
	ErrReserved = errors.New("queue is not a pull queue")
	// ErrTaken: the queue belongs to another owner.
	ErrTaken = errors.New("queue belongs to another owner")
	// ErrTooMany: the owner has MaxQueuesPerOwner queues already.
	ErrTooMany = errors.New("too many queues of one owner")
)

// PullConfig describes a pull queue.
type PullConfig struct {
	Name  string // shared with the queues of subscribers
	Owner string // whoever may receive; not empty
	Topic string
	Types []string // filters by the metadata key event.MetaType; none means all
	// From is for a queue that is new: it also gets the archived messages of
	// events since then. Nil: only what is published from now on.
	From *time.Time
}

// PullQueue is a durable queue without a Subscriber: whoever is let to it
// receives messages for the time of a lock, and settles them under the lock's
// token. A message is delivered at least once, in no promised order; one that was
// received eight times without success goes to the dead letters. A handle stays
// good until the queue is dropped; its methods may be called concurrently.
type PullQueue struct {
	Name, Owner string

	bus *Bus
	id  int64
}

// PutPullQueue makes the queue, or sets the types of one that there is, which
// count for what is published afterwards. What is published after it has returned
// arrives. A call that failed may be repeated: what it began goes on. ErrReserved,
// ErrTaken and ErrTooMany say that nothing was done.
func (b *Bus) PutPullQueue(ctx context.Context, c PullConfig) (created bool, err error) {
	types, err := encodeTypes(c.Types)
	if err != nil {
		return false, err
	}
	var queueID int64
	err = b.db.Write(ctx, func(tx *sqlite.Tx) (err error) {
		queueID, err = findPull(tx, c.Name, c.Owner)
		if created = errors.Is(err, ErrUnknownQueue); created {
			queueID, err = b.createPull(tx, c, types)
		}
		if err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE queues SET types = ?2 WHERE id = ?1 AND types <> ?2`, queueID, types)
		if err != nil || n == 0 && !created {
			return err
		}
		return changed(tx)
	})
	if err != nil {
		return false, fmt.Errorf("put queue %s: %w", c.Name, err)
	}
	return created, b.backfill(ctx, queueID)
}

// findPull returns the queue of that name when it is the owner's.
func findPull(tx *sqlite.Tx, name, owner string) (queueID int64, err error) {
	var has string
	err = tx.QueryRow(`SELECT id, owner FROM queues WHERE name = ? ORDER BY id LIMIT 1`, name).Scan(&queueID, &has)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, ErrUnknownQueue
	case err != nil:
		return 0, err
	case has == "":
		return 0, ErrReserved
	case has != owner:
		return 0, ErrTaken
	}
	return queueID, nil
}

func (b *Bus) createPull(tx *sqlite.Tx, c PullConfig, types string) (queueID int64, err error) {
	var owned int
	if err := tx.QueryRow(`SELECT count(*) FROM queues WHERE owner = ?`, c.Owner).Scan(&owned); err != nil {
		return 0, err
	}
	if owned >= MaxQueuesPerOwner {
		return 0, ErrTooMany
	}
	t, err := b.topicFor(tx, c.Topic)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRow(`INSERT INTO queues (name, topic, types, owner) VALUES (?, ?, ?, ?) RETURNING id`, c.Name, t.id, types, c.Owner).Scan(&queueID)
	if err != nil || c.From == nil {
		return queueID, err
	}
	_, err = tx.Exec(`INSERT INTO backfills (queue, after_seq, last_seq, from_time) SELECT ?, 0, coalesce(max(seq), 0), ? FROM messages`,
		queueID, c.From.UnixMilli())
	return queueID, err
}

// backfill delivers what a new queue is to get of the archive, in steps that keep
// its progress: each message once, whoever goes on with it.
func (b *Bus) backfill(ctx context.Context, queueID int64) error {
	for {
		var after, last int64
		err := b.db.Write(ctx, func(tx *sqlite.Tx) error {
			var from int64
			after, last = 0, 0
			err := tx.QueryRow(`SELECT after_seq, last_seq, from_time FROM backfills WHERE queue = ?`, queueID).Scan(&after, &last, &from)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			return b.backfillStep(tx, queueID, &after, last, from)
		})
		if err != nil || after >= last {
			return err
		}
	}
}

// backfillStep looks at the next messages and moves after past them.
func (b *Bus) backfillStep(tx *sqlite.Tx, queueID int64, after *int64, last, from int64) error {
	begin := *after
	err := tx.QueryRow(`SELECT coalesce(max(seq), ?2) FROM (SELECT seq FROM messages WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3)`,
		begin, last, replayBatch).Scan(after)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO deliveries (queue, visible_at, seq, lease, receive_count, first_at)
		SELECT q.id, ?2, m.seq, 0, 0, 0 FROM queues q JOIN messages m ON m.topic = q.topic
		WHERE q.id = ?1 AND m.seq > ?3 AND m.seq <= ?4 AND m.time >= ?5
			AND (q.types = '[]' OR m.type IN (SELECT value FROM json_each(q.types))) ON CONFLICT DO NOTHING`,
		queueID, b.now(), begin, *after, from)
	if err != nil {
		return err
	}
	tx.AfterCommit(func() { b.wakeQueues(map[int64]struct{}{queueID: {}}) })
	if *after >= last {
		_, err = tx.Exec(`DELETE FROM backfills WHERE queue = ?`, queueID)
	} else {
		_, err = tx.Exec(`UPDATE backfills SET after_seq = ? WHERE queue = ?`, *after, queueID)
	}
	return err
}

// PullQueue returns the queue of that name. ErrUnknownQueue when there is none,
// ErrReserved when it is one of this process.
func (b *Bus) PullQueue(ctx context.Context, name string) (*PullQueue, error) {
	q := &PullQueue{Name: name, bus: b}
	err := b.db.Read(ctx, func(tx *sqlite.Tx) error {
		return tx.QueryRow(`SELECT id, owner FROM queues WHERE name = ? ORDER BY id LIMIT 1`, name).Scan(&q.id, &q.Owner)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, fmt.Errorf("%w: %s", ErrUnknownQueue, name)
	case err != nil:
		return nil, err
	case q.Owner == "":
		return nil, fmt.Errorf("%w: %s", ErrReserved, name)
	}
	return q, nil
}

// PullQueues lists pull queues by name, those that come after one: an owner's, or
// of all when owner is empty.
func (b *Bus) PullQueues(ctx context.Context, owner, after string, limit int) ([]QueueInfo, error) {
	return b.queueInfos(ctx, `WHERE q.owner <> '' AND ?2 IN (q.owner, '') AND q.name > ?3 ORDER BY q.name LIMIT ?4`, owner, after, limit)
}

// Info returns the state of the queue, or ErrUnknownQueue when it was dropped.
func (q *PullQueue) Info(ctx context.Context) (QueueInfo, error) {
	infos, err := q.bus.queueInfos(ctx, `WHERE q.id = ?2`, q.id)
	if err != nil {
		return QueueInfo{}, err
	}
	if len(infos) == 0 {
		return QueueInfo{}, fmt.Errorf("%w: %s", ErrUnknownQueue, q.Name)
	}
	return infos[0], nil
}

// dropStep keeps the writes of a drop about as short as others.
const dropStep = 2000

// Drop removes the queue with all that waits in it, is in flight or dead. When it
// fails the queue may be left with less in it, and Drop may be repeated, also when
// the queue is gone.
func (q *PullQueue) Drop(ctx context.Context) error {
	for full := true; full; {
		err := q.bus.db.Write(ctx, func(tx *sqlite.Tx) error {
			n, err := tx.Exec(`DELETE FROM deliveries WHERE queue = ?1 AND (visible_at, seq) IN
				(SELECT visible_at, seq FROM deliveries WHERE queue = ?1 ORDER BY visible_at, seq LIMIT ?2)`, q.id, dropStep)
			if err != nil {
				return err
			}
			if full = n == dropStep; full {
				return nil
			}
			for _, statement := range []string{
				`DELETE FROM dead_letters WHERE queue = ?`, `DELETE FROM locks WHERE queue = ?`,
				`DELETE FROM backfills WHERE queue = ?`, `DELETE FROM queues WHERE id = ?`,
			} {
				if _, err := tx.Exec(statement, q.id); err != nil {
					return err
				}
			}
			tx.AfterCommit(func() { q.bus.wakeQueues(map[int64]struct{}{q.id: {}}) })
			return changed(tx)
		})
		if err != nil {
			return fmt.Errorf("drop queue %s: %w", q.Name, err)
		}
	}
	return nil
}
