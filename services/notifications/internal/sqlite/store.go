// Package sqlite is the store of notifications on one SQLite file: the ports Chronicle, Notices, Outgoing, Returns
// and Customers of the use cases. It keeps what it is told and decides nothing.
package sqlite

import (
	"context"
	"embed"
	"io/fs"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/eventcodec"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the tables that a Store needs, for sqlite.Config.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil { // the folder is compiled in
		return migrations
	}
	return sub
}

// consumerName is what processed events are recorded under. All queues of the service share it: an event goes to one
// of them.
const consumerName = "notifications"

// Store keeps notifications. Its methods may be called concurrently.
type Store struct {
	db            *sqlite.DB
	codec         *eventcodec.Codec
	messagesAdded chan struct{}
	noticesAdded  chan struct{}
}

var (
	_ app.Chronicle = (*Store)(nil)
	_ app.Notices   = (*Store)(nil)
	_ app.Outgoing  = (*Store)(nil)
	_ app.Returns   = (*Store)(nil)
	_ app.Customers = (*Store)(nil)
)

// New returns a Store on db, which was opened with Migrations. The codec makes the events that go with final messages.
func New(db *sqlite.DB, codec *eventcodec.Codec) *Store {
	return &Store{db: db, codec: codec, messagesAdded: make(chan struct{}, 1), noticesAdded: make(chan struct{}, 1)}
}

// MessagesAdded implements app.Outgoing.
func (s *Store) MessagesAdded() <-chan struct{} { return s.messagesAdded }

// NoticesAdded implements app.Notices.
func (s *Store) NoticesAdded() <-chan struct{} { return s.noticesAdded }

// ReleaseClaims makes claimed messages due at once. It is for the start of the only process that uses the file: whoever
// claimed them has ended.
func (s *Store) ReleaseClaims(ctx context.Context) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE messages SET claimed = 0, due_at = created_at WHERE status = 'queued' AND claimed = 1`)
		return err
	})
}

// Ready fails when the file can't be read.
func (s *Store) Ready(ctx context.Context) error {
	return s.db.Read(ctx, func(tx *sqlite.Tx) error {
		var one int
		return tx.QueryRow(`SELECT 1`).Scan(&one)
	})
}

// after has ch receive once tx is committed.
func after(tx *sqlite.Tx, ch chan struct{}) {
	tx.AfterCommit(func() {
		select {
		case ch <- struct{}{}:
		default:
		}
	})
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// nullable is NULL for no id.
func nullable(v id.ID) any {
	if v == id.Nil {
		return nil
	}
	return v[:]
}

func toID(b []byte) (v id.ID) {
	copy(v[:], b)
	return v
}
