package sqlitebus

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
)

// Publisher returns a publisher on the bus. Closing it closes nothing else.
func (b *Bus) Publisher() message.Publisher { return &publisher{bus: b} }

type publisher struct {
	bus    *Bus
	closed atomic.Bool
}

// Publish stores messages and their deliveries in one durable commit, all or
// none. A message whose UUID the topic has seen is dropped, so that whoever
// does not know whether an earlier call succeeded may repeat it. The payloads
// must not be changed afterwards.
func (p *publisher) Publish(topicName string, messages ...*message.Message) error {
	if p.closed.Load() {
		return ErrClosed
	}
	if len(messages) == 0 {
		return nil
	}
	if err := p.bus.publish(topicName, messages); err != nil {
		return fmt.Errorf("publish to %s: %w", topicName, err)
	}
	return nil
}

// Close implements message.Publisher.
func (p *publisher) Close() error {
	p.closed.Store(true)
	return nil
}

// Rows per statement, largest first. More rows share a statement's fixed cost;
// few different counts keep the prepared statements few.
var (
	messageRows  = []int{16, 4, 1}
	deliveryRows = []int{64, 16, 4, 1}

	insertMessages   = statements(messageRows, `INSERT INTO messages (seq, topic, id, type, subject, time, published_at, metadata, envelope) VALUES `, messageParams)
	insertDeliveries = statements(deliveryRows, `INSERT INTO deliveries (queue, visible_at, seq, lease, receive_count, first_at) VALUES `, deliveryParams)
)

const onConflict = ` ON CONFLICT DO NOTHING`

func messageParams(i int) string {
	return fmt.Sprintf("(?%d, ?1, ?%d, ?%d, ?%d, ?%d, ?2, ?%d, ?%d)", 7*i+3, 7*i+4, 7*i+5, 7*i+6, 7*i+7, 7*i+8, 7*i+9)
}

func deliveryParams(i int) string { return fmt.Sprintf("(?1, ?2, ?%d, 0, 0, 0)", i+3) }

func statements(counts []int, head string, params func(i int) string) map[int]string {
	out := make(map[int]string, len(counts))
	for _, n := range counts {
		rows := make([]string, n)
		for i := range rows {
			rows[i] = params(i)
		}
		out[n] = head + strings.Join(rows, ", ") + onConflict
	}
	return out
}

// chunk returns the largest of counts that is not above n.
func chunk(counts []int, n int) int {
	for _, c := range counts {
		if c <= n {
			return c
		}
	}
	return 1
}

// row is a message made ready outside of the writer.
type row struct {
	id       any // packed
	typ      string
	subject  string
	time     int64
	metadata string
}

func (b *Bus) publish(topicName string, messages []*message.Message) error {
	now := b.now()
	rows := make([]row, len(messages))
	for i, m := range messages {
		if m.UUID == "" {
			m.UUID = id.New().String()
		}
		md, err := encodeMetadata(m.Metadata)
		if err != nil {
			return err
		}
		rows[i] = row{
			id:       packID(m.UUID),
			typ:      m.Metadata[event.MetaType],
			subject:  m.Metadata[event.MetaSubject],
			time:     now,
			metadata: md,
		}
		if t, err := time.Parse(event.TimeFormat, m.Metadata[event.MetaTime]); err == nil {
			rows[i].time = t.UnixMilli()
		}
	}
	// The messages' contexts are not asked: half a batch is no answer, and a
	// relay that stops still wants to know.
	return b.db.Write(context.Background(), func(tx *sqlite.Tx) error {
		t, err := b.topicFor(tx, topicName)
		if err != nil {
			return err
		}
		inserted, err := archive(tx, t.id, now, rows, messages)
		if err != nil {
			return err
		}
		woken := make(map[int64]struct{})
		seqs := make([]int64, 0, len(rows))
		for _, q := range t.queues {
			seqs = seqs[:0]
			for i := range rows {
				if inserted[i] != 0 && q.wants(rows[i].typ) {
					seqs = append(seqs, inserted[i])
				}
			}
			if len(seqs) == 0 {
				continue
			}
			if err := deliver(tx, q.id, now, seqs); err != nil {
				return err
			}
			woken[q.id] = struct{}{}
		}
		tx.AfterCommit(func() {
			if len(woken) > 0 {
				b.remember(inserted, messages)
			}
			b.wakeQueues(woken)
		})
		return nil
	})
}

// archive inserts the rows and returns the seq of each, or 0 for a repeat.
func archive(tx *sqlite.Tx, topicID, now int64, rows []row, messages []*message.Message) ([]int64, error) {
	var last int64
	err := tx.QueryRow(`SELECT seq FROM sqlite_sequence WHERE name = 'messages'`).Scan(&last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	seqs := make([]int64, len(rows))
	var args [2 + 7*16]any
	repeats := false
	for i := 0; i < len(rows); {
		n := chunk(messageRows, len(rows)-i)
		a := append(args[:0], topicID, now)
		for k := i; k < i+n; k++ {
			seqs[k] = last + int64(k) + 1
			payload := []byte(messages[k].Payload)
			if payload == nil {
				payload = []byte{}
			}
			r := &rows[k]
			a = append(a, seqs[k], r.id, r.typ, r.subject, r.time, r.metadata, payload)
		}
		inserted, err := tx.Exec(insertMessages[n], a...)
		if err != nil {
			return nil, err
		}
		repeats = repeats || inserted != int64(n)
		i += n
	}
	if !repeats {
		return seqs, nil
	}
	present := make(map[int64]bool, len(rows))
	found, err := tx.Query(`SELECT seq FROM messages WHERE seq > ?`, last)
	if err != nil {
		return nil, err
	}
	for found.Next() {
		var seq int64
		if err := found.Scan(&seq); err != nil {
			return nil, err
		}
		present[seq] = true
	}
	for i, seq := range seqs {
		if !present[seq] {
			seqs[i] = 0
		}
	}
	return seqs, found.Err()
}

// deliver puts messages into a queue, visible at once.
func deliver(tx *sqlite.Tx, queueID, now int64, seqs []int64) error {
	var args [2 + 64]any
	for len(seqs) > 0 {
		n := chunk(deliveryRows, len(seqs))
		a := append(args[:0], queueID, now)
		for _, s := range seqs[:n] {
			a = append(a, s)
		}
		if _, err := tx.Exec(insertDeliveries[n], a...); err != nil {
			return err
		}
		seqs = seqs[n:]
	}
	return nil
}

// remember caches what was just published.
func (b *Bus) remember(seqs []int64, messages []*message.Message) {
	entries := make([]stored, 0, len(messages))
	kept := make([]int64, 0, len(seqs))
	for i, m := range messages {
		if seqs[i] != 0 {
			kept = append(kept, seqs[i])
			entries = append(entries, stored{uuid: m.UUID, metadata: maps.Clone(m.Metadata), payload: m.Payload})
		}
	}
	b.cache.put(kept, entries)
}
