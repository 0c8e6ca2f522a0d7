package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

const (
	sqlBegin      = "BEGIN"
	sqlImmediate  = "BEGIN IMMEDIATE"
	sqlCommit     = "COMMIT"
	sqlRollback   = "ROLLBACK"
	sqlSavepoint  = "SAVEPOINT w"
	sqlRelease    = "RELEASE w"
	sqlRollbackTo = "ROLLBACK TO w"
)

// request is one Write on its way. Its state decides between the writer, which
// takes it, and its caller, who may give up before that.
type request struct {
	ctx   context.Context
	fn    func(*Tx) error
	state atomic.Int32
	done  chan error // capacity 1

	// The writer's own.
	err       error
	hooks     []func()
	published bool
}

const (
	waiting int32 = iota
	taken
	givenUp
)

var requests = sync.Pool{New: func() any { return &request{done: make(chan error, 1)} }}

// Write runs fn on the writer's goroutine, in a transaction that it may share
// with other writes, and returns once that is durable. When fn returns an
// error or panics, what it wrote is rolled back, and nothing else; Write
// returns fn's error unchanged. fn must not block, nor call Write or Read: all
// writes of the database wait for it. It sees what the writes before it did
// even when they are not committed yet, but then their commit is also its own.
//
// When ctx ends before fn has started, fn does not run and Write returns ctx's
// error; later, Write waits for the outcome all the same. ErrAborted means
// that the write may be tried again. Constraints that are deferred until the
// commit take the whole batch down: declare none.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := requests.Get().(*request)
	r.ctx, r.fn = ctx, fn
	r.state.Store(waiting)
	r.err, r.hooks, r.published = nil, nil, false

	if err := d.enqueue(ctx, r); err != nil {
		r.release()
		return err
	}
	if ctx.Done() == nil {
		err := <-r.done
		r.release()
		return err
	}
	select {
	case err := <-r.done:
		r.release()
		return err
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, givenUp) {
			return ctx.Err() // the writer still holds r
		}
		err := <-r.done
		r.release()
		return err
	}
}

func (r *request) release() {
	r.ctx, r.fn, r.hooks = nil, nil, nil
	requests.Put(r)
}

func (d *DB) enqueue(ctx context.Context, r *request) error {
	d.closing.RLock()
	defer d.closing.RUnlock()
	if d.closed {
		return ErrClosed
	}
	select {
	case d.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writer owns the writing connection.
type writer struct {
	db   *DB
	conn *conn
	max  int
	tx   Tx

	batch []*request // those of the open transaction, in order
	ok    int        // how many of them are to be committed
	begun bool
}

// run works until the queue is closed and empty. A batch is whatever is queued
// while it is being worked on, up to max: it never waits for more. But before it
// commits it lets those run who are ready to and perhaps about to queue: on a
// busy machine they then share the commit, on an idle one there is nobody.
func (w *writer) run() {
	for r := range w.db.queue {
		w.take(r)
		w.drain()
		for range yields {
			before := len(w.batch)
			runtime.Gosched()
			w.drain()
			if len(w.batch) == before {
				break
			}
		}
		w.finish()
	}
}

// yields bounds how often a batch lets others run before it commits.
const yields = 3

// drain takes what is queued, up to max in a batch.
func (w *writer) drain() {
	for len(w.batch) < w.max {
		select {
		case r, open := <-w.db.queue:
			if !open {
				return
			}
			w.take(r)
		default:
			return
		}
	}
}

// take runs one request within the batch's transaction.
func (w *writer) take(r *request) {
	if !r.state.CompareAndSwap(waiting, taken) {
		return // its caller has gone
	}
	if err := r.ctx.Err(); err != nil {
		r.done <- err
		return
	}
	w.batch = append(w.batch, r)
	if !w.begun {
		if err := w.begin(); err != nil {
			r.err = fmt.Errorf("begin: %w", err)
			// Those that queued up behind would each wait out the lock's
			// timeout in turn: they share this answer.
			w.failQueued(r.err)
			return
		}
	}
	// What fails before anything has succeeded is undone with the whole
	// transaction, which saves the most frequent batch, that of one, its
	// savepoint.
	w.tx = Tx{conn: w.conn, clock: w.db.clock, savepoint: w.ok > 0, rows: w.tx.rows[:0]}
	r.err = w.call(r.fn)
	w.tx.closeRows()
	if w.tx.fatal != nil {
		if r.err == nil {
			r.err = w.tx.fatal
		}
		w.abort(w.tx.fatal)
		return
	}
	if r.err == nil {
		if w.tx.opened {
			if _, err := w.conn.exec(sqlRelease); err != nil {
				r.err = err
				w.abort(err)
				return
			}
		}
		r.hooks, r.published = w.tx.hooks, w.tx.published
		w.ok++
		return
	}
	switch {
	case w.tx.opened:
		_, err := w.conn.exec(sqlRollbackTo)
		if err == nil {
			_, err = w.conn.exec(sqlRelease)
		}
		if err != nil {
			w.abort(err)
		}
	case !w.tx.savepoint:
		w.rollback()
	}
}

// call protects the writer from a function that panics.
func (w *writer) call(fn func(*Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	return fn(&w.tx)
}

// Another process may hold the file's write lock. SQLite's own waiting looks
// for it every 100 ms at last, and finds it taken nearly always when the other
// writes without a pause; looking often gets a turn.
const (
	busyTimeout  = 5 * time.Second
	busyInterval = time.Millisecond
)

func (w *writer) begin() error {
	if w.conn == nil {
		if err := w.connect(); err != nil {
			return err
		}
	}
	var deadline time.Time
	for {
		_, err := w.conn.exec(sqlImmediate)
		if err == nil {
			w.begun = true
			return nil
		}
		if !IsBusy(err) {
			w.replace()
			return err
		}
		switch now := time.Now(); {
		case deadline.IsZero():
			deadline = now.Add(busyTimeout)
		case now.After(deadline):
			return err
		}
		time.Sleep(rand.N(busyInterval))
	}
}

// connect opens the writing connection.
func (w *writer) connect() error {
	c, err := newConn(background, w.db.writeDB)
	if err != nil {
		return err
	}
	if _, err := c.exec(`PRAGMA busy_timeout = 0`); err != nil {
		c.discard()
		return err
	}
	w.conn = c
	return nil
}

// rollback undoes the transaction and leaves the connection usable, if need be
// by replacing it.
func (w *writer) rollback() {
	if !w.begun {
		return
	}
	w.begun = false
	if _, err := w.conn.exec(sqlRollback); err != nil {
		w.replace()
	}
}

// replace drops the connection; the next begin opens another.
func (w *writer) replace() {
	if w.conn != nil {
		w.conn.discard()
		w.conn = nil
	}
}

// abort undoes the whole batch because of cause.
func (w *writer) abort(cause error) {
	w.rollback()
	for _, r := range w.batch {
		if r.err == nil {
			r.err = fmt.Errorf("%w: %w", ErrAborted, cause)
			r.hooks, r.published = nil, false
		}
	}
	w.ok = 0
}

func (w *writer) failQueued(err error) {
	for len(w.batch) < w.max {
		select {
		case r, open := <-w.db.queue:
			if !open {
				return
			}
			if r.state.CompareAndSwap(waiting, taken) {
				r.err = err
				w.batch = append(w.batch, r)
			}
		default:
			return
		}
	}
}

// finish commits and answers the batch.
func (w *writer) finish() {
	if w.begun {
		if w.ok == 0 {
			w.rollback()
		} else if _, err := w.conn.exec(sqlCommit); err != nil {
			w.abort(fmt.Errorf("commit: %w", err))
		}
		w.begun = false
	}
	published := false
	for i, r := range w.batch {
		for _, fn := range r.hooks {
			fn()
		}
		published = published || r.published
		r.done <- r.err
		w.batch[i] = nil
	}
	w.batch, w.ok = w.batch[:0], 0
	if published {
		w.db.signal()
	}
}

func (w *writer) close() error {
	if w.conn == nil {
		return nil
	}
	return w.conn.close()
}
