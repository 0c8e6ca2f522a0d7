// Package sqlitebus is the bus of the embedded mode: durable queues in one
// SQLite file behind Watermill's interfaces. Every message is stored once, in
// an archive, and delivered to each queue whose topic and types match, at
// least once, in no promised order. What a queue fails to handle ends in its
// dead letters with the reason and blocks nothing. It knows no event's
// content, and no service.
package sqlitebus

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	defaultPoll      = time.Second
	defaultRetention = 30 * 24 * time.Hour
	cacheBytes       = 16 << 20
)

// ErrClosed is the answer of what was closed.
var ErrClosed = errors.New("bus is closed")

// Options say how to open a bus. All fields may be left zero.
type Options struct {
	Clock  clock.Clock // clock.System by default
	Logger *slog.Logger

	// Owner is for the one process that consumes from the file. What was in
	// flight when the last owner stopped is delivered again at once, not when
	// its visibility times out. Others open without it: their publishing,
	// redriving and replaying is seen by the owner within PollInterval.
	Owner bool

	// PollInterval is how often subscribers look for what another process has
	// changed; what this one publishes wakes them. One second by default.
	PollInterval time.Duration

	// Retention is how long Run keeps messages in the archive; 30 days by
	// default.
	Retention time.Duration
}

// Bus is an open bus. Its methods may be called concurrently.
type Bus struct {
	db        *sqlite.DB
	clock     clock.Clock
	logger    *slog.Logger
	poll      time.Duration
	retention time.Duration
	cache     *cache

	// Of the writer's goroutine alone: functions given to db.Write use it.
	routes routes

	mu          sync.Mutex
	closed      bool
	subscribers map[*Subscriber]struct{}
	waiting     map[int64]map[bell]struct{} // by queue
	news        chan struct{}               // closed at the next publish
}

// Open opens the bus in the file at path, creating it if need be.
func Open(ctx context.Context, path string, o Options) (*Bus, error) {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.PollInterval <= 0 {
		o.PollInterval = defaultPoll
	}
	if o.Retention <= 0 {
		o.Retention = defaultRetention
	}
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(ctx, sqlite.Config{Path: path, Migrations: own, Clock: o.Clock, Bare: true})
	if err != nil {
		return nil, err
	}
	b := &Bus{
		db:          db,
		clock:       o.Clock,
		logger:      o.Logger,
		poll:        o.PollInterval,
		retention:   o.Retention,
		cache:       newCache(cacheBytes),
		subscribers: make(map[*Subscriber]struct{}),
		waiting:     make(map[int64]map[bell]struct{}),
		news:        make(chan struct{}),
	}
	if o.Owner {
		err := db.Write(ctx, func(tx *sqlite.Tx) error {
			_, err := tx.Exec(`UPDATE OR REPLACE deliveries SET visible_at = ?, lease = 0 WHERE lease <> 0`, b.now())
			return err
		})
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return b, nil
}

// Close closes all subscribers, which lets running handlers finish, and then
// the file. It may be called twice.
func (b *Bus) Close() error {
	b.mu.Lock()
	b.closed = true
	subs := make([]*Subscriber, 0, len(b.subscribers))
	for s := range b.subscribers {
		subs = append(subs, s)
	}
	b.mu.Unlock()
	var wg sync.WaitGroup
	for _, s := range subs {
		wg.Go(func() { s.Close() })
	}
	wg.Wait()
	return b.db.Close()
}

// Ready reports whether the file answers.
func (b *Bus) Ready(ctx context.Context) error {
	_, err := b.LastSeq(ctx)
	return err
}

// now is in the unit of the tables.
func (b *Bus) now() int64 { return b.clock.Now().UnixMilli() }

// wakeQueues tells the receivers of queues, and all tails, that there is
// something to get.
func (b *Bus) wakeQueues(queues map[int64]struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for q := range queues {
		for w := range b.waiting[q] {
			w.ring()
		}
	}
	close(b.news)
	b.news = make(chan struct{})
}

func (b *Bus) newsChannel() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.news
}
