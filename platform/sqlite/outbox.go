package sqlite

import (
	"context"
	"fmt"
	"strings"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/outbox"
)

// publishRows is how many events one insert takes at most; a statement is
// prepared for every number up to it.
const publishRows = 8

var insertOutbox = func() (q [publishRows + 1]string) {
	for n := 1; n <= publishRows; n++ {
		q[n] = "INSERT INTO outbox (envelope) VALUES (?)" + strings.Repeat(", (?)", n-1)
	}
	return q
}()

// Publish appends events to the outbox in this transaction: they go out when,
// and only when, it commits. An event without any trace continues the one in
// ctx. An event that is not valid fails the call with event.ErrInvalid, and
// must fail the transaction.
func (t *Tx) Publish(ctx context.Context, events ...event.Event) error {
	var args [publishRows]any
	for len(events) > 0 {
		n := min(len(events), publishRows)
		for i, e := range events[:n] {
			if e.CorrelationID == "" && e.CausationID == "" && e.TraceParent == "" {
				trace := event.TraceFrom(ctx)
				e.CorrelationID, e.CausationID, e.TraceParent = trace.CorrelationID, trace.CausationID, trace.TraceParent
			}
			b, err := e.MarshalCloudEvent()
			if err != nil {
				return fmt.Errorf("publish %s: %w", e.Type, err)
			}
			args[i] = b
		}
		if _, err := t.Exec(insertOutbox[n], args[:n]...); err != nil {
			return err
		}
		events = events[n:]
	}
	t.published = true
	return nil
}

// Outbox returns the relay's side of what Publish appended.
func (d *DB) Outbox() outbox.Source { return outboxSource{d} }

type outboxSource struct{ db *DB }

// Pending implements outbox.Source.
func (s outboxSource) Pending(ctx context.Context, limit int) ([]outbox.Record, error) {
	records := make([]outbox.Record, 0, limit)
	err := s.db.Read(ctx, func(tx *Tx) error {
		rows, err := tx.Query(`SELECT seq, envelope FROM outbox ORDER BY seq LIMIT ?`, limit)
		if err != nil {
			return err
		}
		for rows.Next() {
			var r outbox.Record
			if err := rows.Scan(&r.Seq, &r.Encoded); err != nil {
				return err
			}
			records = append(records, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	for i := range records {
		e, err := event.ParseCloudEvent(records[i].Encoded)
		if err != nil {
			return nil, fmt.Errorf("outbox record %d: %w", records[i].Seq, err)
		}
		records[i].Event = e
	}
	return records, nil
}

// Done implements outbox.Source. Records that follow each other without a gap
// go with one statement; nothing else can lie between them.
func (s outboxSource) Done(ctx context.Context, records []outbox.Record) error {
	if len(records) == 0 {
		return nil
	}
	return s.db.Write(ctx, func(tx *Tx) error {
		for i := 0; i < len(records); {
			j := i
			for j+1 < len(records) && records[j+1].Seq == records[j].Seq+1 {
				j++
			}
			if _, err := tx.Exec(`DELETE FROM outbox WHERE seq BETWEEN ? AND ?`, records[i].Seq, records[j].Seq); err != nil {
				return err
			}
			i = j + 1
		}
		return nil
	})
}

// Wake implements outbox.Source.
func (s outboxSource) Wake() <-chan struct{} { return s.db.wake }
