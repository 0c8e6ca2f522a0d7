package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/outbox"
	"ticketmesh.dev/platform/sqlite"
)

var errRefused = errors.New("refused")

func tempFile(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "a #?% b.db") // what a URI would misread
}

func open(t *testing.T, path string) *sqlite.DB {
	t.Helper()
	return openWith(t, sqlite.Config{Path: path, Migrations: seatsMigrations})
}

func openWith(t *testing.T, c sqlite.Config) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func insert(tx *sqlite.Tx, label string) error {
	v := id.New()
	_, err := tx.Exec(`INSERT INTO seats (id, label) VALUES (?, ?)`, v[:], label)
	return err
}

func labels(t *testing.T, db *sqlite.DB) string {
	t.Helper()
	var all sql.NullString
	err := db.Read(context.Background(), func(tx *sqlite.Tx) error {
		return tx.QueryRow(`SELECT group_concat(label, ' ' ORDER BY label) FROM seats`).Scan(&all)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String
}

// batch runs writes in one batch, in order: the first holds the writer until
// all are queued.
func batch(t *testing.T, db *sqlite.DB, fns ...func(tx *sqlite.Tx) error) []error {
	t.Helper()
	errs := make([]error, len(fns))
	var wg sync.WaitGroup
	started, release := make(chan struct{}), make(chan struct{})
	wg.Go(func() {
		errs[0] = db.Write(context.Background(), func(tx *sqlite.Tx) error {
			close(started)
			<-release
			return fns[0](tx)
		})
	})
	<-started
	for i, fn := range fns[1:] {
		queued := sqlite.Queued(db)
		wg.Go(func() { errs[i+1] = db.Write(context.Background(), fn) })
		until(t, func() bool { return sqlite.Queued(db) > queued })
	}
	close(release)
	wg.Wait()
	return errs
}

// until waits for a condition.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("the condition did not come true")
		}
		time.Sleep(100 * time.Microsecond)
	}
}

func TestAFailedWriteIsRolledBackAlone(t *testing.T) {
	t.Parallel()
	fail := func(tx *sqlite.Tx) error {
		if err := insert(tx, "bad"); err != nil {
			return err
		}
		return errRefused
	}
	good := func(label string) func(*sqlite.Tx) error {
		return func(tx *sqlite.Tx) error { return insert(tx, label) }
	}
	explode := func(tx *sqlite.Tx) error {
		if err := insert(tx, "bad"); err != nil {
			return err
		}
		panic("boom")
	}
	tests := []struct {
		name string
		give []func(*sqlite.Tx) error
		want string
	}{
		{"alone", []func(*sqlite.Tx) error{fail}, ""},
		{"first", []func(*sqlite.Tx) error{fail, good("b"), good("c")}, "b c"},
		{"in the middle", []func(*sqlite.Tx) error{good("a"), fail, good("c")}, "a c"},
		{"last", []func(*sqlite.Tx) error{good("a"), good("b"), fail}, "a b"},
		{"all", []func(*sqlite.Tx) error{fail, fail, fail}, ""},
		{"panic first", []func(*sqlite.Tx) error{explode, good("b")}, "b"},
		{"panic later", []func(*sqlite.Tx) error{good("a"), explode, fail, good("c")}, "a c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := open(t, tempFile(t))
			failures := 0
			for _, err := range batch(t, db, tt.give...) {
				var p *sqlite.PanicError
				switch {
				case errors.As(err, &p):
					if p.Value != "boom" || !strings.Contains(string(p.Stack), "sqlite_test.go") {
						t.Errorf("panic came back as %v", err)
					}
					failures++
				case errors.Is(err, errRefused):
					failures++
				case err != nil:
					t.Errorf("unexpected: %v", err)
				}
			}
			if got := labels(t, db); got != tt.want {
				t.Errorf("stored %q, want %q", got, tt.want)
			}
			if want := len(tt.give) - len(strings.Fields(tt.want)); failures != want {
				t.Errorf("%d writes failed, want %d", failures, want)
			}
		})
	}
}

func TestWritesThatAreQueuedShareACommit(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	var committed atomic.Int32
	fn := func(tx *sqlite.Tx) error {
		if committed.Load() != 0 {
			return errors.New("a commit came between")
		}
		tx.AfterCommit(func() { committed.Add(1) })
		return insert(tx, id.New().String())
	}
	for i, err := range batch(t, db, fn, fn, fn, fn, fn) {
		if err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if got := committed.Load(); got != 5 {
		t.Errorf("%d hooks ran, want 5", got)
	}
}

func TestABatchIsNotLongerThanMaxBatch(t *testing.T) {
	t.Parallel()
	db := openWith(t, sqlite.Config{Path: tempFile(t), Migrations: seatsMigrations, MaxBatch: 2})
	var committed atomic.Int32
	var before [4]int32
	var fns []func(*sqlite.Tx) error
	for i := range before {
		fns = append(fns, func(tx *sqlite.Tx) error {
			before[i] = committed.Load()
			tx.AfterCommit(func() { committed.Add(1) })
			return insert(tx, id.New().String())
		})
	}
	for i, err := range batch(t, db, fns...) {
		if err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if want := [4]int32{0, 0, 2, 2}; before != want {
		t.Errorf("commits seen before each write: %v, want %v", before, want)
	}
}

func TestAfterCommitIsNotCalledForAWriteThatFailed(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	called := false
	err := db.Write(t.Context(), func(tx *sqlite.Tx) error {
		tx.AfterCommit(func() { called = true })
		return errRefused
	})
	if !errors.Is(err, errRefused) || called {
		t.Errorf("got %v, hook called: %v", err, called)
	}
}

func TestAWriteSeesTheOnesBeforeItInItsBatch(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	errs := batch(t, db,
		func(tx *sqlite.Tx) error { return insert(tx, "a") },
		func(tx *sqlite.Tx) error { return insert(tx, "a") },
	)
	if errs[0] != nil || !sqlite.IsUnique(errs[1]) || !sqlite.IsConstraint(errs[1]) {
		t.Errorf("got %v, want the second to violate the unique label", errs)
	}
}

func TestAStatementMayFailWithoutItsWrite(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	err := db.Write(t.Context(), func(tx *sqlite.Tx) error {
		if err := insert(tx, "a"); err != nil {
			return err
		}
		if err := insert(tx, "a"); !sqlite.IsUnique(err) {
			return fmt.Errorf("got %v, want a violation", err)
		}
		return insert(tx, "b")
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := labels(t, db); got != "a b" {
		t.Errorf("stored %q", got)
	}
}

func TestAWriteWhoseContextEndedIsNotRun(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	errs := batch(t, db, func(*sqlite.Tx) error {
		queued := sqlite.Queued(db)
		go func() { result <- db.Write(ctx, func(tx *sqlite.Tx) error { return insert(tx, "late") }) }()
		for sqlite.Queued(db) == queued {
			time.Sleep(time.Millisecond)
		}
		cancel()
		// Its caller does not wait for the writer.
		if err := <-result; !errors.Is(err, context.Canceled) {
			return fmt.Errorf("got %v, want context.Canceled", err)
		}
		return nil
	})
	if errs[0] != nil {
		t.Error(errs[0])
	}
	if err := db.Write(ctx, func(*sqlite.Tx) error { return errRefused }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if got := labels(t, db); got != "" {
		t.Errorf("stored %q", got)
	}
}

func TestAbortOfTheTransactionFailsItsBatchOnly(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	insertLabel := func(label string) func(*sqlite.Tx) error {
		return func(tx *sqlite.Tx) error { return insert(tx, label) }
	}
	errs := batch(t, db,
		insertLabel("a"),
		func(tx *sqlite.Tx) error { // as SQLite itself does when the disk is full
			_, err := tx.Exec(`ROLLBACK`)
			return err
		},
		insertLabel("c"),
	)
	if !errors.Is(errs[0], sqlite.ErrAborted) {
		t.Errorf("the write that was taken down got %v, want ErrAborted", errs[0])
	}
	if errs[1] == nil {
		t.Error("the write that did it got no error")
	}
	if errs[2] != nil {
		t.Errorf("the write after it got %v", errs[2])
	}
	if got := labels(t, db); got != "c" {
		t.Errorf("stored %q, want c", got)
	}
}

func TestTheWriterRecoversFromAFailedCommit(t *testing.T) {
	t.Parallel()
	db := openWith(t, sqlite.Config{Path: tempFile(t), Migrations: fstest.MapFS{"00001_a.sql": {Data: []byte(`-- +goose Up
CREATE TABLE seats (id BLOB PRIMARY KEY, label TEXT);
CREATE TABLE tickets (seat BLOB REFERENCES seats (id) DEFERRABLE INITIALLY DEFERRED);
`)}}})
	hook := false
	errs := batch(t, db,
		func(tx *sqlite.Tx) error {
			tx.AfterCommit(func() { hook = true })
			return insert(tx, "a")
		},
		func(tx *sqlite.Tx) error {
			_, err := tx.Exec(`INSERT INTO tickets (seat) VALUES (?)`, []byte("none"))
			return err
		},
	)
	for i, err := range errs {
		if !errors.Is(err, sqlite.ErrAborted) || !sqlite.IsConstraint(err) {
			t.Errorf("write %d got %v, want ErrAborted by a constraint", i, err)
		}
	}
	if hook {
		t.Error("a hook ran for a commit that failed")
	}
	if err := db.Write(t.Context(), func(tx *sqlite.Tx) error { return insert(tx, "b") }); err != nil {
		t.Fatalf("the next write: %v", err)
	}
	if got := labels(t, db); got != "b" {
		t.Errorf("stored %q, want b", got)
	}
}

func TestReadIsOneSnapshot(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	count := func(tx *sqlite.Tx) (n int, err error) {
		err = tx.QueryRow(`SELECT count(*) FROM seats`).Scan(&n)
		return n, err
	}
	err := db.Read(t.Context(), func(tx *sqlite.Tx) error {
		before, err := count(tx)
		if err != nil {
			return err
		}
		if err := db.Write(context.Background(), func(tx *sqlite.Tx) error { return insert(tx, "a") }); err != nil {
			return err
		}
		after, err := count(tx)
		if err == nil && before != after {
			err = fmt.Errorf("%d rows became %d", before, after)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if got := labels(t, db); got != "a" {
		t.Errorf("the next read sees %q", got)
	}
}

func TestReadCannotWrite(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	if err := db.Read(t.Context(), func(tx *sqlite.Tx) error { return insert(tx, "a") }); err == nil {
		t.Error("Exec went through")
	}
	if err := db.Read(t.Context(), func(tx *sqlite.Tx) error {
		return tx.QueryRow(`INSERT INTO seats (id) VALUES (x'00') RETURNING n`).Scan(new(int))
	}); err == nil {
		t.Error("a query that writes went through")
	}
}

func TestReadersAreAPool(t *testing.T) {
	t.Parallel()
	db := openWith(t, sqlite.Config{Path: tempFile(t), Migrations: seatsMigrations, Readers: 2})
	err := db.Read(t.Context(), func(*sqlite.Tx) error {
		return db.Read(t.Context(), func(*sqlite.Tx) error {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			if err := db.Read(ctx, func(*sqlite.Tx) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("a third read got %v, want the deadline", err)
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAPanicInAReadLeavesThePoolWhole(t *testing.T) {
	t.Parallel()
	db := openWith(t, sqlite.Config{Path: tempFile(t), Migrations: seatsMigrations, Readers: 1})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.Read(t.Context(), func(*sqlite.Tx) error { panic("boom") })
	}()
	if got := labels(t, db); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestRowsThatAreLeftOpenDoNoHarm(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	const query = `SELECT label FROM seats ORDER BY label`
	if err := db.Write(t.Context(), func(tx *sqlite.Tx) error {
		for _, l := range []string{"a", "b", "c"} {
			if err := insert(tx, l); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for _, run := range []func(context.Context, func(*sqlite.Tx) error) error{db.Read, db.Write} {
			var got []string
			err := run(t.Context(), func(tx *sqlite.Tx) error {
				outer, err := tx.Query(query)
				if err != nil {
					return err
				}
				outer.Next()
				var l string
				if err := outer.Scan(&l); err != nil {
					return err
				}
				// The same query within its own rows, neither read to the end.
				inner, err := tx.Query(query)
				if err != nil {
					return err
				}
				for range 2 {
					inner.Next()
				}
				if err := inner.Scan(&l); err != nil {
					return err
				}
				got = append(got, l)
				outer.Next()
				if err := outer.Scan(&l); err != nil {
					return err
				}
				got = append(got, l)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Join(got, " ") != "b b" {
				t.Errorf("got %v", got)
			}
		}
	}
}

func TestNoRowsPassesThrough(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	err := db.Write(t.Context(), func(tx *sqlite.Tx) error {
		return tx.QueryRow(`SELECT label FROM seats`).Scan(new(string))
	})
	if !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("got %v, want sql.ErrNoRows", err)
	}
}

func TestManyQueriesDoNotFillTheCache(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	err := db.Write(t.Context(), func(tx *sqlite.Tx) error {
		for i := range 2000 {
			var n int
			if err := tx.QueryRow(fmt.Sprintf(`SELECT %d`, i)).Scan(&n); err != nil || n != i {
				return fmt.Errorf("got %d, %w", n, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCloseFinishesWhatIsQueued(t *testing.T) {
	t.Parallel()
	path := tempFile(t)
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Migrations: seatsMigrations})
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	var fns []func(*sqlite.Tx) error
	for i := range 10 {
		fns = append(fns, func(tx *sqlite.Tx) error {
			return insert(tx, fmt.Sprintf("%d", i))
		})
	}
	fns[0] = func(tx *sqlite.Tx) error {
		go func() { closed <- db.Close() }()
		return insert(tx, "0")
	}
	for i, err := range batch(t, db, fns...) {
		if err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(*sqlite.Tx) error { return nil }); !errors.Is(err, sqlite.ErrClosed) {
		t.Errorf("write after Close: %v", err)
	}
	if err := db.Read(t.Context(), func(*sqlite.Tx) error { return nil }); !errors.Is(err, sqlite.ErrClosed) {
		t.Errorf("read after Close: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if got := labels(t, open(t, path)); got != "0 1 2 3 4 5 6 7 8 9" {
		t.Errorf("stored %q", got)
	}
}

func TestTheFileIsItsOwnersOnly(t *testing.T) {
	t.Parallel()
	path := tempFile(t)
	db := open(t, path)
	if err := db.Write(t.Context(), func(tx *sqlite.Tx) error { return insert(tx, "a") }); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%q has mode %v", suffix, info.Mode())
		}
	}
}

func TestTwoHandlesWriteToOneFile(t *testing.T) {
	t.Parallel()
	path := tempFile(t)
	a, b := open(t, path), open(t, path)
	var wg sync.WaitGroup
	for i := range 50 {
		for name, db := range map[string]*sqlite.DB{"a": a, "b": b} {
			wg.Go(func() {
				if err := db.Write(context.Background(), func(tx *sqlite.Tx) error {
					return insert(tx, fmt.Sprintf("%s%02d", name, i))
				}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	for _, db := range []*sqlite.DB{a, b} {
		if got := len(strings.Fields(labels(t, db))); got != 100 {
			t.Errorf("a handle sees %d rows, want 100", got)
		}
	}
}

func TestTwoHandlesMayCreateOneFile(t *testing.T) {
	t.Parallel()
	path := tempFile(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			db, err := sqlite.Open(context.Background(), sqlite.Config{Path: path, Migrations: seatsMigrations})
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestMigrationsAreAppliedOnceAndInOrder(t *testing.T) {
	t.Parallel()
	path := tempFile(t)
	more := fstest.MapFS{
		"00001_seats.sql": seatsMigrations["00001_seats.sql"],
		"00002_rows.sql":  {Data: []byte("-- +goose Up\nALTER TABLE seats ADD COLUMN row_name TEXT;\nINSERT INTO seats (id, label) VALUES (x'01', 'migrated');\n")},
	}
	for _, m := range []fs.FS{seatsMigrations, more, more} {
		db := openWith(t, sqlite.Config{Path: path, Migrations: m})
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := labels(t, openWith(t, sqlite.Config{Path: path, Migrations: more})); got != "migrated" {
		t.Errorf("got %q", got)
	}
}

func TestAMigrationThatFailsFailsOpen(t *testing.T) {
	t.Parallel()
	_, err := sqlite.Open(t.Context(), sqlite.Config{Path: tempFile(t), Migrations: fstest.MapFS{"00001_a.sql": {Data: []byte("-- +goose Up\nCREATE TABLE;\n")}}})
	if err == nil {
		t.Error("it opened")
	}
}

func TestAFileThatIsNoDatabaseFailsOpen(t *testing.T) {
	t.Parallel()
	path := tempFile(t)
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path}); err == nil {
		db.Close()
		t.Error("it opened")
	}
}

func TestFirstTimeIsTrueOncePerConsumerAndEvent(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	e := id.New()
	first := func(consumer string, fail error) bool {
		var ok bool
		err := db.Write(t.Context(), func(tx *sqlite.Tx) (err error) {
			if ok, err = tx.FirstTime(consumer, e); err != nil {
				return err
			}
			return fail
		})
		if !errors.Is(err, fail) {
			t.Fatal(err)
		}
		return ok
	}
	for i, tt := range []struct {
		consumer string
		fail     error
		want     bool
	}{
		{"a", errRefused, true}, // not committed with its effects
		{"a", nil, true},
		{"a", nil, false},
		{"b", nil, true},
		{"a", nil, false},
	} {
		if got := first(tt.consumer, tt.fail); got != tt.want {
			t.Errorf("call %d for %s: got %v", i, tt.consumer, got)
		}
	}
}

func TestPruneProcessedForgetsOldEventsOnly(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	db := openWith(t, sqlite.Config{Path: tempFile(t), Clock: now})
	mark := func(n int) (ids []id.ID) {
		err := db.Write(t.Context(), func(tx *sqlite.Tx) error {
			for range n {
				v := id.New()
				ids = append(ids, v)
				if _, err := tx.FirstTime("a", v); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	mark(450)
	now.Advance(time.Hour)
	kept := mark(3)
	if n, err := db.PruneProcessed(t.Context(), now.Now()); n != 450 || err != nil {
		t.Errorf("pruned %d, %v; want 450", n, err)
	}
	if err := db.Write(t.Context(), func(tx *sqlite.Tx) error {
		for _, v := range kept {
			if first, err := tx.FirstTime("a", v); err != nil || first {
				return fmt.Errorf("%s was forgotten, %w", v, err)
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func pending(t *testing.T, db *sqlite.DB, limit int) []outbox.Record {
	t.Helper()
	records, err := db.Outbox().Pending(t.Context(), limit)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestPublishedEventsArePendingUntilDone(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	var want []event.Event
	for range 20 {
		want = append(want, newEvent(t.Context()))
	}
	if err := db.Write(t.Context(), func(tx *sqlite.Tx) error { return tx.Publish(t.Context(), want...) }); err != nil {
		t.Fatal(err)
	}
	select {
	case <-db.Outbox().Wake():
	default:
		t.Error("the commit woke nobody")
	}
	got := pending(t, db, 100)
	if len(got) != len(want) {
		t.Fatalf("%d are pending, want %d", len(got), len(want))
	}
	for i, r := range got {
		if r.Event.ID != want[i].ID || !r.Event.Time.Equal(want[i].Time) || r.Event.CorrelationID != want[i].CorrelationID {
			t.Errorf("record %d is %+v, want %+v", i, r.Event, want[i])
		}
		if e, err := event.ParseCloudEvent(r.Encoded); err != nil || e.ID != want[i].ID {
			t.Errorf("record %d is encoded as %s", i, r.Encoded)
		}
	}
	// Done takes any subset, and may be repeated.
	some := append(append([]outbox.Record{}, got[:5]...), got[7])
	for range 2 {
		if err := db.Outbox().Done(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
	left := pending(t, db, 3)
	for i, k := range []int{5, 6, 8} {
		if left[i].Seq != got[k].Seq {
			t.Errorf("pending %d has seq %d, want %d", i, left[i].Seq, got[k].Seq)
		}
	}
	// A seq never comes again, or a late Done would delete a new event.
	if err := db.Outbox().Done(t.Context(), pending(t, db, 100)); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *sqlite.Tx) error { return tx.Publish(t.Context(), newEvent(t.Context())) }); err != nil {
		t.Fatal(err)
	}
	if next := pending(t, db, 1); len(next) != 1 || next[0].Seq <= got[19].Seq {
		t.Errorf("after all were done came %+v", next)
	}
}

func TestNothingIsPublishedForAWriteThatFailed(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	errs := batch(t, db,
		func(tx *sqlite.Tx) error { return insert(tx, "a") },
		func(tx *sqlite.Tx) error {
			if err := tx.Publish(context.Background(), newEvent(context.Background())); err != nil {
				return err
			}
			return errRefused
		},
		func(tx *sqlite.Tx) error {
			e := newEvent(context.Background())
			e.Data = nil
			return tx.Publish(context.Background(), e)
		},
	)
	if errs[0] != nil || !errors.Is(errs[1], errRefused) || !errors.Is(errs[2], event.ErrInvalid) {
		t.Errorf("got %v", errs)
	}
	if got := pending(t, db, 10); len(got) != 0 {
		t.Errorf("%d events are pending", len(got))
	}
	select {
	case <-db.Outbox().Wake():
		t.Error("the relay was woken for nothing")
	default:
	}
}

func TestPublishContinuesTheTraceInTheContext(t *testing.T) {
	t.Parallel()
	db := open(t, tempFile(t))
	e := newEvent(t.Context())
	e.CorrelationID = ""
	ctx := event.WithTrace(t.Context(), event.Trace{CorrelationID: "c", CausationID: "e"})
	if err := db.Write(ctx, func(tx *sqlite.Tx) error { return tx.Publish(ctx, e) }); err != nil {
		t.Fatal(err)
	}
	if got := pending(t, db, 1)[0].Event; got.CorrelationID != "c" || got.CausationID != "e" {
		t.Errorf("got %+v", got)
	}
}
