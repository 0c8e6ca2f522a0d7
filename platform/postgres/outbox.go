package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/outbox"
)

// Publish appends events to the outbox in this transaction: they go out when, and only
// when, it commits. An event without any trace continues the one in ctx. An event that
// is not valid fails the call with event.ErrInvalid, and must fail the transaction.
//
// Of an entity's events an earlier one goes out earlier when its row was written before:
// the next writer of the row waits for the commit.
func (t *Tx) Publish(ctx context.Context, events ...event.Event) error {
	envelopes := make([][]byte, len(events))
	for i, e := range events {
		if e.CorrelationID == "" && e.CausationID == "" && e.TraceParent == "" {
			trace := event.TraceFrom(ctx)
			e.CorrelationID, e.CausationID, e.TraceParent = trace.CorrelationID, trace.CausationID, trace.TraceParent
		}
		encoded, err := e.MarshalCloudEvent()
		if err != nil {
			return fmt.Errorf("publish %s: %w", e.Type, err)
		}
		envelopes[i] = encoded
	}
	_, err := t.Exec(ctx, `INSERT INTO outbox (envelope)
		SELECT envelope FROM unnest($1::bytea[]) WITH ORDINALITY AS given (envelope, n) ORDER BY n`, envelopes)
	t.published = true
	return err
}

// Outbox is the relay's side of what Publish appended. It is an outbox.Locker: any
// number of processes may relay it.
type Outbox struct {
	db *DB
}

var _ outbox.Locker = Outbox{}

// Outbox returns the outbox.
func (d *DB) Outbox() Outbox { return Outbox{d} }

// Locked implements outbox.Locker. What fn marks done is so when Locked returns nil.
func (o Outbox) Locked(ctx context.Context, fn func(source outbox.Source) error) error {
	// Not again after a failure: fn publishes.
	_, err := o.db.once(ctx, beginLock, func(tx *Tx) error {
		// A row's lock, not an advisory one, for which a proxy would keep the
		// connection to this process from then on.
		if _, err := tx.Exec(ctx, `SELECT FROM outbox_relay FOR UPDATE`); err != nil {
			return fmt.Errorf("lock the outbox: %w", err)
		}
		return fn(lockedOutbox{o, tx})
	})
	return err
}

// Pending implements outbox.Source.
func (o Outbox) Pending(ctx context.Context, limit int) (records []outbox.Record, err error) {
	err = o.db.Read(ctx, func(tx *Tx) error {
		records, err = tx.pending(ctx, limit)
		return err
	})
	return records, err
}

// Done implements outbox.Source.
func (o Outbox) Done(ctx context.Context, records []outbox.Record) error {
	return o.db.Write(ctx, func(tx *Tx) error { return tx.done(ctx, records) })
}

// Wake implements outbox.Source.
func (o Outbox) Wake() <-chan struct{} { return o.db.wake }

// lockedOutbox is the outbox within the transaction that locks it.
type lockedOutbox struct {
	Outbox
	tx *Tx
}

// Pending implements outbox.Source.
func (l lockedOutbox) Pending(ctx context.Context, limit int) ([]outbox.Record, error) {
	return l.tx.pending(ctx, limit)
}

// Done implements outbox.Source.
func (l lockedOutbox) Done(ctx context.Context, records []outbox.Record) error {
	return l.tx.done(ctx, records)
}

func (t *Tx) pending(ctx context.Context, limit int) ([]outbox.Record, error) {
	rows, err := t.Query(ctx, `SELECT seq, envelope FROM outbox ORDER BY seq LIMIT $1`, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r outbox.Record, err error) {
		if err := row.Scan(&r.Seq, &r.Encoded); err != nil {
			return r, err
		}
		if r.Event, err = event.ParseCloudEvent(r.Encoded); err != nil {
			return r, fmt.Errorf("outbox record %d: %w", r.Seq, err)
		}
		return r, nil
	})
}

func (t *Tx) done(ctx context.Context, records []outbox.Record) error {
	sequences := make([]int64, len(records))
	for i, r := range records {
		sequences[i] = r.Seq
	}
	_, err := t.Exec(ctx, `DELETE FROM outbox WHERE seq = ANY ($1::bigint[])`, sequences)
	return err
}
