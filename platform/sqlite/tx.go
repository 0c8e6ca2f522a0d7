package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"ticketmesh.dev/platform/clock"
)

// Tx is one function's view of the database: a savepoint of the writer's
// batch, or a read snapshot. It is valid until the function returns and must
// not be used by another goroutine. Statements are prepared once per
// connection and found by their text, so values belong in arguments.
type Tx struct {
	conn      *conn
	clock     clock.Clock
	readonly  bool
	savepoint bool // to be opened before the first statement
	opened    bool // the savepoint is open
	fatal     error
	rows      []*sql.Rows
	hooks     []func()
	published bool
}

// errReadOnly is the answer to writing in a Read.
var errReadOnly = errors.New("write within a read transaction")

// ready opens the savepoint when it is due.
func (t *Tx) ready() error {
	if t.fatal != nil {
		return t.fatal
	}
	if !t.savepoint || t.opened {
		return nil
	}
	if _, err := t.conn.exec(sqlSavepoint); err != nil {
		return t.note(err)
	}
	t.opened = true
	return nil
}

// note remembers an error after which the transaction may be gone.
func (t *Tx) note(err error) error {
	if err != nil && t.fatal == nil && !t.readonly && endsTransaction(err) {
		t.fatal = err
	}
	return err
}

// Exec runs a statement and returns how many rows it changed. Times belong in
// arguments as integers, ids as bytes or strings: the driver's own forms of
// them do not sort.
func (t *Tx) Exec(query string, args ...any) (rowsAffected int64, err error) {
	if t.readonly {
		return 0, errReadOnly
	}
	if err := t.ready(); err != nil {
		return 0, err
	}
	n, err := t.conn.exec(query, args...)
	return n, t.note(err)
}

// Query runs a query. Rows that are left open are closed when the function
// returns.
func (t *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	if err := t.ready(); err != nil {
		return nil, err
	}
	rows, err := t.conn.query(query, args...)
	if err != nil {
		return nil, t.note(err)
	}
	t.rows = append(t.rows, rows)
	return rows, nil
}

// QueryRow runs a query of at most one row. Its Scan must be called; it
// returns sql.ErrNoRows when there is none.
func (t *Tx) QueryRow(query string, args ...any) *sql.Row {
	// When the savepoint cannot be opened, fatal is set and the batch is
	// rolled back whatever this statement does.
	_ = t.ready()
	row := t.conn.queryRow(query, args...)
	t.note(row.Err())
	return row
}

// AfterCommit has fn called once the transaction is durable, before Write
// returns, on the writer's goroutine: fn must not block nor use the database.
// It is not called when the transaction is rolled back, nor in a Read.
func (t *Tx) AfterCommit(fn func()) { t.hooks = append(t.hooks, fn) }

// closeRows ends what the function left open, so that it neither holds its
// statements nor the snapshot.
func (t *Tx) closeRows() {
	for _, r := range t.rows {
		r.Close()
	}
	t.rows = t.rows[:0]
}

// Read runs fn in one consistent snapshot of what was committed. It waits for
// a free reader, or returns ctx's error; a fn that runs is not interrupted.
func (d *DB) Read(ctx context.Context, fn func(tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var c *conn
	select {
	case c = <-d.readers:
	default:
		select {
		case c = <-d.readers:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if c == nil { // the pool is closed
		return ErrClosed
	}
	tx := &Tx{conn: c, clock: d.clock, readonly: true}
	defer func() {
		tx.closeRows()
		if _, err := c.exec(sqlRollback); err != nil {
			// BEGIN failed, or the connection is in no state to be used again.
			if fresh, err := newConn(background, d.readDB); err == nil {
				c.discard()
				c = fresh
			}
		}
		d.release(c)
	}()
	if _, err := c.exec(sqlBegin); err != nil {
		return err
	}
	return fn(tx)
}
