package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"ticketmesh.dev/platform/clock"
)

const (
	// maxAttempts is far above what transactions that get in each other's way need;
	// mostly the context ends before.
	maxAttempts  = 50
	firstBackoff = 2 * time.Millisecond
	lastBackoff  = 100 * time.Millisecond

	// longestStatement bounds statements whose context has no deadline.
	longestStatement = 30 * time.Second
)

// ErrUnknown reports that the connection broke during the commit, so that nobody
// knows whether there was one. Whoever asks again must be able to tell.
var ErrUnknown = errors.New("whether the transaction committed is not known")

// Transactions see one snapshot, and of two that change the same row the second is
// run again. The relay of the outbox waits for a lock and then looks.
const (
	beginWrite = "begin isolation level repeatable read"
	beginRead  = "begin isolation level repeatable read read only"
	beginLock  = "begin isolation level read committed"
)

// Tx is one function's view of the database. It is valid until the function returns
// and must not be used by another goroutine. Statements run unprepared: PostgreSQL
// learns the type of an argument from Go's, or from a cast in the statement.
type Tx struct {
	tx        pgx.Tx
	clock     clock.Clock
	published bool
}

// Exec runs a statement and returns how many rows it changed.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

// Query runs a query; the rows must be closed before the next statement, as
// pgx.CollectRows does.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	return t.tx.Query(ctx, query, args...)
}

// QueryRow runs a query of at most one row. Its Scan must be called; it returns
// pgx.ErrNoRows when there is none.
func (t *Tx) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	return t.tx.QueryRow(ctx, query, args...)
}

// Write runs fn in a transaction and returns when it is durable. An error of fn undoes
// all of it and is returned as it is. fn is run again when another transaction came
// in between, and when the connection broke before the commit; so it does nothing but
// read and write. A connection that breaks during the commit is ErrUnknown.
//
// No statement outlives ctx's deadline, also when this process does not live to see it.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	return d.repeat(ctx, beginWrite, fn)
}

// Read runs fn in one consistent snapshot of what was committed, as Write does, and
// changes nothing.
func (d *DB) Read(ctx context.Context, fn func(tx *Tx) error) error {
	return d.repeat(ctx, beginRead, fn)
}

func (d *DB) repeat(ctx context.Context, begin string, fn func(tx *Tx) error) error {
	for attempt := 1; ; attempt++ {
		again, err := d.once(ctx, begin, fn)
		if !again || attempt == maxAttempts || !pause(ctx, attempt) {
			return err
		}
	}
}

// once runs fn in a transaction, and says of a failure whether nothing was committed
// and another attempt may succeed.
func (d *DB) once(ctx context.Context, begin string, fn func(tx *Tx) error) (again bool, err error) {
	conn, tx, err := d.begin(ctx, begin)
	if err != nil {
		return false, err
	}
	defer release(conn)

	t := &Tx{tx: tx, clock: d.clock}
	if err := fn(t); err != nil {
		if conn.Conn().IsClosed() {
			return ctx.Err() == nil, err
		}
		// A connection on which that fails is not used again.
		_ = tx.Rollback(ctx)
		return collided(err), err
	}
	if begin == beginRead {
		_ = tx.Rollback(ctx)
		return false, nil
	}
	switch err := tx.Commit(ctx); {
	case err == nil:
	case collided(err):
		return true, err
	case conn.Conn().IsClosed():
		return false, fmt.Errorf("%w: %w", ErrUnknown, err)
	default:
		return false, err
	}
	if t.published {
		d.signal()
	}
	return false, nil
}

// begin begins a transaction. Nothing has happened before, so it may try again:
// once with other credentials, and once without the connections that were open, which
// all die when a function is frozen for long.
func (d *DB) begin(ctx context.Context, statement string) (*pgxpool.Conn, pgx.Tx, error) {
	refetched, renewed := false, false
	for {
		conn, err := d.pool.Acquire(ctx)
		if err != nil {
			if refused := refusal(err); refused != nil && !refetched {
				d.refused.Store(refused)
				refetched = true
				continue
			}
			return nil, nil, err
		}
		tx, err := d.beginOn(ctx, conn, statement)
		if err == nil {
			return conn, tx, nil
		}
		broken := conn.Conn().IsClosed()
		release(conn)
		if !broken || renewed || ctx.Err() != nil {
			return nil, nil, err
		}
		d.pool.Reset()
		renewed = true
	}
}

func (d *DB) beginOn(ctx context.Context, conn *pgxpool.Conn, statement string) (pgx.Tx, error) {
	left := longestStatement
	if deadline, ok := ctx.Deadline(); ok {
		left = min(left, time.Until(deadline))
	}
	// Zero would mean no limit. The second limit ends the locks of a function that was
	// stopped within a transaction, of which the server hears nothing.
	milliseconds := max(left.Milliseconds(), 1)
	limits := fmt.Sprintf("; set local statement_timeout = %d; set local idle_in_transaction_session_timeout = %[1]d", milliseconds)

	// The answer to the first statement may never come from a connection whose other
	// end is gone.
	ctx, cancel := context.WithTimeout(ctx, d.beginTimeout)
	defer cancel()
	return conn.BeginTx(ctx, pgx.TxOptions{BeginQuery: statement + limits})
}

// release gives the connection back. The pool closes one whose transaction is open, also
// after a panic.
func release(conn *pgxpool.Conn) {
	if conn.Conn().IsClosed() {
		// pgx would wait for the server's farewell, for 15 seconds when the other end is
		// gone, and the connection would keep its place in the pool for as long.
		conn.Conn().PgConn().Conn().Close()
	}
	conn.Release()
}

// collided reports whether err says that another transaction came in between.
func collided(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && (answer.Code == "40001" || answer.Code == "40P01")
}

// pause waits before the next attempt, at random so that those that got in each other's
// way do not meet again, and reports whether ctx is still alive.
func pause(ctx context.Context, attempt int) bool {
	longest := lastBackoff
	if attempt < 6 {
		longest = min(firstBackoff<<attempt, lastBackoff)
	}
	t := time.NewTimer(rand.N(longest))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
