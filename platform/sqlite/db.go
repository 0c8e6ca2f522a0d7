// Package sqlite keeps a service's state in one SQLite file: a single writer
// that commits many writes with one sync, a pool of readers, and the tables
// that every service needs with its state (outbox, processed events,
// idempotency keys). It holds no service's queries.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	driver "modernc.org/sqlite"

	"ticketmesh.dev/platform/clock"
)

const (
	defaultMaxBatch = 128
	defaultReaders  = 4
)

// Config says which file to open and how.
type Config struct {
	Path       string // created, readable by its owner only, when missing
	Migrations fs.FS  // goose *.sql at its root; may be nil
	MaxBatch   int    // writes per commit at most; 0 means 128
	Readers    int    // concurrent reads; 0 means 4

	// Clock dates processed events; nil means clock.System.
	Clock clock.Clock
	// Bare leaves the platform's own tables out, for files that are no
	// service's store: Publish, FirstTime, Outbox and Idempotency do not work
	// on it.
	Bare bool
}

// DB is an open file. Its methods may be called concurrently.
type DB struct {
	writeDB, readDB *sql.DB
	clock           clock.Clock

	closing sync.RWMutex // held for writing to close the queue
	closed  bool
	queue   chan *request
	stopped chan struct{} // the writer has returned
	writer  writer

	readers  chan *conn
	nReaders int

	wake chan struct{}
}

// Open opens the file, creating it if need be, and brings its tables up to
// date. Another process may have the same file open. Migrations may use the
// function words(text), the words of a text as package words has them.
func Open(ctx context.Context, c Config) (_ *DB, err error) {
	if c.MaxBatch <= 0 {
		c.MaxBatch = defaultMaxBatch
	}
	if c.Readers <= 0 {
		c.Readers = defaultReaders
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if err := registerWords(); err != nil {
		return nil, fmt.Errorf("open %s: %w", c.Path, err)
	}
	if err := create(c.Path); err != nil {
		return nil, fmt.Errorf("open %s: %w", c.Path, err)
	}
	// The file's times need not survive a power cut, its data does.
	// Unsupported systems keep fsync.
	_, _ = driver.Fdatasync(true)

	d := &DB{
		clock:    c.Clock,
		queue:    make(chan *request, 2*c.MaxBatch),
		stopped:  make(chan struct{}),
		readers:  make(chan *conn, c.Readers),
		nReaders: c.Readers,
		wake:     make(chan struct{}, 1),
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("open %s: %w", c.Path, err)
			d.closeAll()
		}
	}()
	// The caches are outside Go's heap and its limit. Small ones do: what they
	// miss, the page cache of the system has.
	//
	// Pages stay in the WAL until 4,000 have gathered: hot pages are then
	// copied back once, not every thousand pages.
	if d.writeDB, err = sql.Open("sqlite", dsn(c.Path, "cache_size(-4096)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)")); err != nil {
		return nil, err
	}
	d.writeDB.SetMaxOpenConns(1)
	if err := migrate(ctx, d.writeDB, c); err != nil {
		return nil, err
	}
	if d.readDB, err = sql.Open("sqlite", dsn(c.Path, "cache_size(-512)", "query_only(1)")); err != nil {
		return nil, err
	}
	d.readDB.SetMaxOpenConns(c.Readers + 1) // one more while a broken one is replaced
	d.readDB.SetMaxIdleConns(c.Readers)
	for range c.Readers {
		r, err := newConn(ctx, d.readDB)
		if err != nil {
			return nil, err
		}
		d.readers <- r
	}
	d.writer = writer{db: d, max: c.MaxBatch}
	if err := d.writer.connect(); err != nil {
		return nil, err
	}
	go func() {
		defer close(d.stopped)
		d.writer.run()
	}()
	return d, nil
}

// create makes the file with a mode that its WAL inherits: it may hold
// personal data.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func dsn(path string, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}}
	// The order matters: the timeout first, so that switching to WAL waits for
	// a process that is doing the same.
	for _, p := range append([]string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)",
		"foreign_keys(1)", "temp_store(MEMORY)",
	}, pragmas...) {
		q.Add("_pragma", p)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: q.Encode()}
	return u.String()
}

// Close lets queued writes finish, then closes the file. Reads and writes that
// come later are answered with ErrClosed. It may be called twice.
func (d *DB) Close() error {
	d.closing.Lock()
	if d.closed {
		d.closing.Unlock()
		<-d.stopped
		return nil
	}
	d.closed = true
	close(d.queue)
	d.closing.Unlock()
	<-d.stopped

	// Reads under way return their connections; then nobody gets one.
	var errs []error
	for range d.nReaders {
		errs = append(errs, (<-d.readers).close())
	}
	close(d.readers)
	errs = append(errs, d.writer.close())
	return errors.Join(append(errs, d.closeAll())...)
}

func (d *DB) closeAll() error {
	var errs []error
	if d.readDB != nil {
		errs = append(errs, d.readDB.Close())
	}
	if d.writeDB != nil {
		// Last, so that it is the one to fold the WAL into the file.
		errs = append(errs, d.writeDB.Close())
	}
	return errors.Join(errs...)
}

func (d *DB) release(c *conn) { d.readers <- c }

// signal wakes the outbox's relay.
func (d *DB) signal() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}
