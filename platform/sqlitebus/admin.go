package sqlitebus

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"ticketmesh.dev/platform/sqlite"
)

var (
	// ErrUnknownQueue: no subscriber has ever registered a queue by this name.
	ErrUnknownQueue = errors.New("unknown queue")
	// ErrNoDeadLetter: the queue has no dead letter with this id.
	ErrNoDeadLetter = errors.New("no such dead letter")
)

// QueueInfo is the state of one durable queue on one topic.
type QueueInfo struct {
	Name     string
	Owner    string // of a pull queue; empty for a subscriber's
	Topic    string
	Types    []string // empty means all
	Depth    int      // waiting, also for a retry
	InFlight int
	Dead     int
}

// Queues lists all durable queues by name, pull queues too.
func (b *Bus) Queues(ctx context.Context) ([]QueueInfo, error) {
	return b.queueInfos(ctx, `ORDER BY q.name, t.name`)
}

// queueInfos selects queues by a clause whose parameters begin with ?2.
func (b *Bus) queueInfos(ctx context.Context, clause string, args ...any) ([]QueueInfo, error) {
	args = append([]any{b.now()}, args...)
	var infos []QueueInfo
	err := b.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT q.name, q.owner, t.name, q.types,
				(SELECT count(*) FROM deliveries d WHERE d.queue = q.id AND (d.lease = 0 OR d.visible_at <= ?1)),
				(SELECT count(*) FROM deliveries d WHERE d.queue = q.id AND d.lease <> 0 AND d.visible_at > ?1),
				(SELECT count(*) FROM dead_letters d WHERE d.queue = q.id)
			FROM queues q JOIN topics t ON t.id = q.topic `+clause, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var q QueueInfo
			var types string
			if err := rows.Scan(&q.Name, &q.Owner, &q.Topic, &types, &q.Depth, &q.InFlight, &q.Dead); err != nil {
				return err
			}
			if q.Types, err = parseTypes(types); err != nil {
				return err
			}
			infos = append(infos, q)
		}
		return rows.Err()
	})
	return infos, err
}

// Message is a message as it is archived.
type Message struct {
	Seq      int64 // the order of publishing
	ID       string
	Topic    string
	Type     string
	Subject  string
	Time     time.Time         // of the event
	Metadata map[string]string // nil where a list leaves it out
	Envelope []byte            // nil where a list leaves it out
}

// DeadLetter is a message that a queue could not handle.
type DeadLetter struct {
	Message
	Queue    string
	Reason   string
	Receives int
	FirstAt  time.Time // of the first receive
	DeadAt   time.Time
}

// DeadLetters lists a queue's dead letters, oldest first, without metadata and
// envelopes. ErrUnknownQueue when there is no such queue.
func (b *Bus) DeadLetters(ctx context.Context, queue string) ([]DeadLetter, error) {
	return b.deadLetters(ctx, queue, nil)
}

// DeadLetter returns one dead letter by its message's id, whole. ErrUnknownQueue
// or ErrNoDeadLetter when there is none.
func (b *Bus) DeadLetter(ctx context.Context, queue, id string) (DeadLetter, error) {
	found, err := b.deadLetters(ctx, queue, packID(id))
	if err != nil {
		return DeadLetter{}, err
	}
	if len(found) == 0 {
		return DeadLetter{}, fmt.Errorf("%w: %s in %s", ErrNoDeadLetter, id, queue)
	}
	return found[0], nil
}

func (b *Bus) deadLetters(ctx context.Context, queue string, id any) ([]DeadLetter, error) {
	const list = `SELECT m.seq, m.id, t.name, m.type, m.subject, m.time, d.reason, d.receive_count, d.first_at, d.dead_at, '{}', x''
		FROM queues q JOIN dead_letters d ON d.queue = q.id JOIN messages m ON m.seq = d.seq JOIN topics t ON t.id = m.topic
		WHERE q.name = ? ORDER BY d.seq`
	const one = `SELECT m.seq, m.id, t.name, m.type, m.subject, m.time, d.reason, d.receive_count, d.first_at, d.dead_at, m.metadata, m.envelope
		FROM queues q JOIN messages m ON m.topic = q.topic AND m.id = ? JOIN dead_letters d ON d.queue = q.id AND d.seq = m.seq JOIN topics t ON t.id = m.topic
		WHERE q.name = ? ORDER BY d.seq`
	var found []DeadLetter
	err := b.db.Read(ctx, func(tx *sqlite.Tx) error {
		if _, err := queueIDs(tx, queue); err != nil {
			return err
		}
		var rows *sql.Rows
		var err error
		if id == nil {
			rows, err = tx.Query(list, queue)
		} else {
			rows, err = tx.Query(one, id, queue)
		}
		if err != nil {
			return err
		}
		for rows.Next() {
			d := DeadLetter{Queue: queue}
			var rawID any
			var at, first, dead int64
			var md string
			if err := rows.Scan(&d.Seq, &rawID, &d.Topic, &d.Type, &d.Subject, &at, &d.Reason, &d.Receives, &first, &dead, &md, &d.Envelope); err != nil {
				return err
			}
			d.ID, d.Time, d.FirstAt, d.DeadAt = unpackID(rawID), fromMilli(at), fromMilli(first), fromMilli(dead)
			if id != nil {
				if d.Metadata, err = decodeMetadata(md); err != nil {
					return err
				}
			}
			found = append(found, d)
		}
		return rows.Err()
	})
	return found, err
}

func fromMilli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// queueIDs returns the rows behind a queue's name: one for every topic.
func queueIDs(tx *sqlite.Tx, name string) ([]int64, error) {
	rows, err := tx.Query(`SELECT id FROM queues WHERE name = ? ORDER BY id`, name)
	if err != nil {
		return nil, err
	}
	ids, err := scanInts(rows)
	if err == nil && len(ids) == 0 {
		err = fmt.Errorf("%w: %s", ErrUnknownQueue, name)
	}
	return ids, err
}

func scanInts(rows *sql.Rows) ([]int64, error) {
	var out []int64
	for rows.Next() {
		var v int64
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// Redrive returns dead letters to their queue, as if they had never been
// received, and reports how many: those with the given message ids, or all.
// When one of the ids is not there it moves none and fails with
// ErrNoDeadLetter.
func (b *Bus) Redrive(ctx context.Context, queue string, ids ...string) (n int, err error) {
	now := b.now()
	err = b.db.Write(ctx, func(tx *sqlite.Tx) error {
		n = 0
		queues, err := queueIDs(tx, queue)
		if err != nil {
			return err
		}
		woken := make(map[int64]struct{}, len(queues))
		found := 0
		for _, q := range queues {
			seqs, err := deadSeqs(tx, q, ids)
			if err != nil {
				return err
			}
			found += len(seqs)
			for batch := range slices.Chunk(seqs, 500) {
				list := seqList(batch)
				moved, err := tx.Exec(`INSERT INTO deliveries (queue, visible_at, seq, lease, receive_count, first_at)
					SELECT queue, ?, seq, 0, 0, 0 FROM dead_letters WHERE queue = ? AND seq IN (SELECT value FROM json_each(?)) ON CONFLICT DO NOTHING`,
					now, q, list)
				if err != nil {
					return err
				}
				if _, err := tx.Exec(`DELETE FROM dead_letters WHERE queue = ? AND seq IN (SELECT value FROM json_each(?))`, q, list); err != nil {
					return err
				}
				n += int(moved)
			}
			if len(seqs) > 0 {
				woken[q] = struct{}{}
			}
		}
		if found < len(ids) {
			return fmt.Errorf("%w: found %d of %d in %s", ErrNoDeadLetter, found, len(ids), queue)
		}
		tx.AfterCommit(func() { b.wakeQueues(woken) })
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// deadSeqs returns the dead letters of one queue, those with ids or all.
func deadSeqs(tx *sqlite.Tx, queueID int64, ids []string) ([]int64, error) {
	if len(ids) == 0 {
		rows, err := tx.Query(`SELECT seq FROM dead_letters WHERE queue = ? ORDER BY seq`, queueID)
		if err != nil {
			return nil, err
		}
		return scanInts(rows)
	}
	var seqs []int64
	for _, id := range ids {
		var seq int64
		err := tx.QueryRow(`SELECT d.seq FROM queues q JOIN messages m ON m.topic = q.topic AND m.id = ?
			JOIN dead_letters d ON d.queue = q.id AND d.seq = m.seq WHERE q.id = ?`, packID(id), queueID).Scan(&seq)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(seqs, seq) {
			seqs = append(seqs, seq)
		}
	}
	return seqs, nil
}

// replayBatch keeps one write of a replay about as short as others.
const replayBatch = 256

// Replay delivers again, to one queue only, the archived messages of its
// topics and types whose event time lies in [from, to), and reports how many.
// A zero to means until now. Messages that wait in the queue anyway are left
// out. It is done in steps; when it fails, some messages have been delivered,
// and a repetition leaves those out that still wait.
func (b *Bus) Replay(ctx context.Context, queue string, from, to time.Time) (n int, err error) {
	type part struct {
		id   int64
		seqs []int64
	}
	var parts []part
	end := int64(1<<63 - 1)
	if !to.IsZero() {
		end = to.UnixMilli()
	}
	err = b.db.Read(ctx, func(tx *sqlite.Tx) error {
		queues, err := queueIDs(tx, queue)
		if err != nil {
			return err
		}
		for _, q := range queues {
			rows, err := tx.Query(`SELECT m.seq FROM queues q JOIN messages m ON m.topic = q.topic
				WHERE q.id = ?1 AND m.time >= ?2 AND m.time < ?3
					AND (q.types = '[]' OR m.type IN (SELECT value FROM json_each(q.types)))
					AND m.seq NOT IN (SELECT seq FROM deliveries WHERE queue = ?1)
				ORDER BY m.seq`, q, from.UnixMilli(), end)
			if err != nil {
				return err
			}
			seqs, err := scanInts(rows)
			if err != nil {
				return err
			}
			parts = append(parts, part{q, seqs})
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, p := range parts {
		for batch := range slices.Chunk(p.seqs, replayBatch) {
			now := b.now()
			var moved int64
			err := b.db.Write(ctx, func(tx *sqlite.Tx) error {
				var err error
				moved, err = tx.Exec(`INSERT INTO deliveries (queue, visible_at, seq, lease, receive_count, first_at)
					SELECT ?, ?, seq, 0, 0, 0 FROM messages WHERE seq IN (SELECT value FROM json_each(?)) ON CONFLICT DO NOTHING`,
					p.id, now, seqList(batch))
				tx.AfterCommit(func() { b.wakeQueues(map[int64]struct{}{p.id: {}}) })
				return err
			})
			if err != nil {
				return n, err
			}
			n += int(moved)
		}
	}
	return n, nil
}

// LastSeq returns the seq of the latest message, or 0.
func (b *Bus) LastSeq(ctx context.Context) (int64, error) {
	var seq int64
	err := b.db.Read(ctx, func(tx *sqlite.Tx) error {
		err := tx.QueryRow(`SELECT seq FROM sqlite_sequence WHERE name = 'messages'`).Scan(&seq)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return seq, err
}

// typesFilter encodes types for json_each.
func typesFilter(types []string) (string, error) {
	if types == nil {
		types = []string{}
	}
	b, err := json.Marshal(types)
	return string(b), err
}
