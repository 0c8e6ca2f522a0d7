package sqlitebus

import (
	"context"
	"iter"
	"time"

	"ticketmesh.dev/platform/sqlite"
)

// tailBatch bounds what a tail holds in memory.
const tailBatch = 256

// Tail yields archived messages in the order of publishing, beginning after
// afterSeq, and goes on with what is published, also by other processes, until
// ctx ends. types filters; none means all. An error ends it.
func (b *Bus) Tail(ctx context.Context, afterSeq int64, types []string) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		poll := time.NewTicker(b.poll)
		defer poll.Stop()
		for ctx.Err() == nil {
			news := b.newsChannel() // before reading, so that nothing is slept through
			batch, last, err := b.after(ctx, afterSeq, types)
			if err != nil {
				if ctx.Err() == nil {
					yield(Message{}, err)
				}
				return
			}
			for _, m := range batch {
				if ctx.Err() != nil || !yield(m, nil) {
					return
				}
			}
			afterSeq = last
			if len(batch) == tailBatch {
				continue
			}
			select {
			case <-news:
			case <-poll.C:
			case <-ctx.Done():
			}
		}
	}
}

// after reads the next messages and the seq to go on from, which also skips
// what the filter leaves out.
func (b *Bus) after(ctx context.Context, seq int64, types []string) (batch []Message, last int64, err error) {
	filter, err := typesFilter(types)
	if err != nil {
		return nil, seq, err
	}
	last = seq
	err = b.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT m.seq, m.id, t.name, m.type, m.subject, m.time, m.metadata, m.envelope
			FROM messages m JOIN topics t ON t.id = m.topic
			WHERE m.seq > ?1 AND (?2 = '[]' OR m.type IN (SELECT value FROM json_each(?2))) ORDER BY m.seq LIMIT ?3`, seq, filter, tailBatch)
		if err != nil {
			return err
		}
		for rows.Next() {
			var m Message
			var rawID any
			var at int64
			var md string
			if err := rows.Scan(&m.Seq, &rawID, &m.Topic, &m.Type, &m.Subject, &at, &md, &m.Envelope); err != nil {
				return err
			}
			m.ID, m.Time = unpackID(rawID), fromMilli(at)
			if m.Metadata, err = decodeMetadata(md); err != nil {
				return err
			}
			batch = append(batch, m)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if len(batch) == tailBatch {
			last = batch[len(batch)-1].Seq
			return nil
		}
		// Everything up to here was looked at in this snapshot.
		return tx.QueryRow(`SELECT max(?1, coalesce(max(seq), 0)) FROM messages`, seq).Scan(&last)
	})
	return batch, last, err
}
