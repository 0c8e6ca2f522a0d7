// Package sqlite keeps the state of selling in one SQLite file, for the embedded
// mode. It decides nothing: what may happen to an entity, the entity says.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"slices"
	"sync"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/eventcodec"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/performance"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the goose migrations of the store's tables.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Store implements app.Store.
type Store struct {
	db    *sqlite.DB
	clock clock.Clock

	// writing is what the writer goroutine has read: only it looks here, so a
	// change in the batch at hand is never missed.
	writing map[id.ID]*performance.Performance
	reading sync.Map // id.ID -> *performance.Performance, the newest committed
	changed chan struct{}

	unannounced struct {
		sync.Mutex
		keys map[inventory.Key]struct{}
	}
}

var _ app.Store = (*Store)(nil)

// New returns a store over an open database with its Migrations applied. It
// reads what an earlier process left to announce.
func New(ctx context.Context, db *sqlite.DB, c clock.Clock) (*Store, error) {
	s := &Store{db: db, clock: c, writing: map[id.ID]*performance.Performance{}, changed: make(chan struct{}, 1)}
	s.unannounced.keys = map[inventory.Key]struct{}{}
	return s, s.recallUnannounced(ctx)
}

// Update implements app.Store.
func (s *Store) Update(ctx context.Context, fn func(app.Tx) error) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		return fn(&transaction{Tx: tx, ctx: ctx, store: s})
	})
}

func (s *Store) read(ctx context.Context, fn func(*transaction) error) error {
	return s.db.Read(ctx, func(tx *sqlite.Tx) error {
		return fn(&transaction{Tx: tx, ctx: ctx, store: s})
	})
}

// transaction implements app.Tx.
type transaction struct {
	*sqlite.Tx
	ctx   context.Context
	store *Store
}

var _ app.Tx = (*transaction)(nil)

// Record implements app.Tx.
func (t *transaction) Record(facts ...any) error {
	now := t.store.clock.Now()
	for _, fact := range facts {
		encoded, err := eventcodec.Encode(t.ctx, fact, now)
		if err != nil {
			return err
		}
		if err := t.Publish(t.ctx, encoded); err != nil {
			return err
		}
	}
	return nil
}

// Performance implements app.Tx.
func (t *transaction) Performance(performanceID id.ID) (*performance.Performance, error) {
	if known := t.store.writing[performanceID]; known != nil {
		return known, nil
	}
	loaded, err := loadPerformance(t.Tx, performanceID)
	if err != nil {
		return nil, err
	}
	t.AfterCommit(func() { t.store.remember(loaded) })
	return loaded, nil
}

// remember runs on the writer goroutine.
func (s *Store) remember(p *performance.Performance) {
	s.writing[p.ID] = p
	s.reading.Store(p.ID, p)
}

// Performance implements app.Store.
func (s *Store) Performance(ctx context.Context, performanceID id.ID) (*performance.Performance, error) {
	if known, ok := s.reading.Load(performanceID); ok {
		return known.(*performance.Performance), nil
	}
	var loaded *performance.Performance
	err := s.db.Read(ctx, func(tx *sqlite.Tx) (err error) {
		loaded, err = loadPerformance(tx, performanceID)
		return err
	})
	if err != nil {
		return nil, err
	}
	// Never over a newer one that the writer has put there meanwhile.
	s.reading.LoadOrStore(performanceID, loaded)
	return loaded, nil
}

func loadPerformance(tx *sqlite.Tx, performanceID id.ID) (*performance.Performance, error) {
	var (
		version int
		text    []byte
	)
	err := tx.QueryRow(`SELECT version, document FROM performances WHERE id = ?`, performanceID[:]).Scan(&version, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, performance.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	p, ground, err := itemcodec.DecodePerformance(performanceID, version, text)
	if err != nil {
		return nil, err
	}
	return p, p.Restore(p.Areas, ground)
}

// PutPerformance implements app.Tx.
func (t *transaction) PutPerformance(p *performance.Performance) error {
	text, err := itemcodec.EncodePerformance(p)
	if err != nil {
		return err
	}
	_, err = t.Exec(`INSERT INTO performances (id, version, cancel_pending, document) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version, cancel_pending = excluded.cancel_pending, document = excluded.document`,
		p.ID[:], p.Version, p.Cancelled, text)
	if err != nil {
		return err
	}
	delete(t.store.writing, p.ID)
	t.AfterCommit(func() { t.store.remember(p) })
	return t.layOut(p)
}

// layOut makes a row for every partition of areas and quotas that has none.
func (t *transaction) layOut(p *performance.Performance) error {
	for _, area := range slices.Concat(p.Layout.Areas(), p.Layout.Quotas()) {
		for number := range area.Partitions() {
			capacity := area.PartitionCapacity(number)
			fresh := freshPartition(p.ID, area.ID, number, capacity)
			_, err := t.Exec(`INSERT INTO partitions (performance_id, area_id, number, capacity, sold, claims, version, kept, announced, run, next_expiry, open)
				VALUES (?, ?, ?, ?, 0, x'', 1, ?, 0, ?, 0, 1) ON CONFLICT DO NOTHING`,
				p.ID[:], area.ID, number, capacity, int64(area.Kept(number)), area.Room(number, fresh.All()))
			if err != nil {
				return err
			}
			t.announce(fresh.Key)
		}
	}
	return nil
}

// CancelledPerformances implements app.Store.
func (s *Store) CancelledPerformances(ctx context.Context) ([]id.ID, error) {
	return s.ids(ctx, `SELECT id FROM performances WHERE cancel_pending = 1`)
}

// CancellationDone implements app.Store.
func (s *Store) CancellationDone(ctx context.Context, performanceID id.ID) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE performances SET cancel_pending = 0 WHERE id = ?`, performanceID[:])
		return err
	})
}

// ids runs a query whose one column is an id.
func (s *Store) ids(ctx context.Context, query string, args ...any) ([]id.ID, error) {
	var found []id.ID
	err := s.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var raw []byte
			if err := rows.Scan(&raw); err != nil {
				return err
			}
			found = append(found, id.ID(raw))
		}
		return rows.Err()
	})
	return found, err
}
