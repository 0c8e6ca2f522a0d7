package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/platform/postgres"
)

// vault is a Source that remembers what the secret was until a server turns it down.
type vault struct {
	mu         sync.Mutex
	remembered postgres.Credentials
	secret     postgres.Credentials
	fetched    int
}

func (v *vault) Credentials(_ context.Context, refused *postgres.Credentials) (postgres.Credentials, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if refused != nil && v.remembered == *refused {
		v.fetched++
		v.remembered = v.secret
	}
	return v.remembered, nil
}

func (v *vault) rotate(password string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.secret.Password = password
}

func (v *vault) fetches() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.fetched
}

// protected returns a database whose role has a password, its source, and the superuser's
// connection.
func protected(t *testing.T) (db *postgres.DB, v *vault, admin *postgres.DB) {
	t.Helper()
	source := database(t)
	admin = open(t, postgres.Config{Source: source})
	c := postgres.Credentials(source)
	c.User, c.Password = role(t, admin, "first"), "first"
	v = &vault{remembered: c, secret: c}
	db = open(t, postgres.Config{Source: v, MaxConns: 4})
	return db, v, admin
}

func setPassword(t *testing.T, admin *postgres.DB, v *vault, password string) {
	t.Helper()
	run(t, admin, fmt.Sprintf(`ALTER ROLE %s PASSWORD '%s'`, v.secret.User, password))
}

// disconnect has the server close all connections of the role.
func disconnect(t *testing.T, admin *postgres.DB, user string) {
	t.Helper()
	run(t, admin, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = $1`, user)
}

func TestARotatedPasswordIsFetchedOnce(t *testing.T) {
	t.Parallel()
	db, v, admin := protected(t)
	if err := db.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := v.fetches(); n != 0 {
		t.Errorf("the secret was fetched %d times before it changed", n)
	}

	setPassword(t, admin, v, "second")
	v.rotate("second")
	// What is connected stays so.
	if err := db.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := v.fetches(); n != 0 {
		t.Errorf("the secret was fetched %d times while the connection was good", n)
	}

	disconnect(t, admin, v.secret.User)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := db.Ready(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := v.fetches(); n != 1 {
		t.Errorf("the secret was fetched %d times for all connections, want 1", n)
	}
}

func TestAReplacedRoleIsFetched(t *testing.T) {
	t.Parallel()
	db, v, admin := protected(t)
	successor := role(t, admin, "next")
	run(t, admin, fmt.Sprintf(`ALTER ROLE %s NOLOGIN`, v.secret.User))
	v.secret.User, v.secret.Password = successor, "next"
	if err := db.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAPasswordThatStaysWrongFails(t *testing.T) {
	t.Parallel()
	db, v, admin := protected(t)
	setPassword(t, admin, v, "another")
	err := db.Ready(t.Context())
	if err == nil {
		t.Fatal("the database answers to a wrong password")
	}
	if n := v.fetches(); n != 1 {
		t.Errorf("the secret was fetched %d times, want 1", n)
	}
	setPassword(t, admin, v, "first")
	if err := db.Ready(t.Context()); err != nil {
		t.Errorf("with the right one again: %v", err)
	}
}

func TestASourceThatFailsFailsTheTransaction(t *testing.T) {
	t.Parallel()
	failure := errors.New("no secrets today")
	db := open(t, postgres.Config{Source: failing{failure}})
	if err := db.Ready(t.Context()); !errors.Is(err, failure) {
		t.Errorf("err = %v, want %v", err, failure)
	}
}

type failing struct{ err error }

func (f failing) Credentials(context.Context, *postgres.Credentials) (postgres.Credentials, error) {
	return postgres.Credentials{}, f.err
}

// warm opens as many connections as the pool may have.
func warm(ctx context.Context, t *testing.T, db *postgres.DB, n int) {
	t.Helper()
	if n == 0 {
		return
	}
	if err := db.Read(ctx, func(*postgres.Tx) error { warm(ctx, t, db, n-1); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestAThawIsNotNoticed(t *testing.T) {
	t.Parallel()
	const conns = 3
	for _, tt := range []struct {
		name string
		give func(t *testing.T, admin *postgres.DB, user string, l *line)
	}{
		{"the server has closed the connections", func(t *testing.T, admin *postgres.DB, user string, _ *line) {
			disconnect(t, admin, user)
		}},
		{"the network has", func(_ *testing.T, _ *postgres.DB, _ string, l *line) { l.cut() }},
		{"the network has forgotten them", func(_ *testing.T, _ *postgres.DB, _ string, l *line) { l.kill() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			source := database(t)
			admin := open(t, postgres.Config{Source: source})
			l, through := newLine(t, source)
			through.User, through.Password = role(t, admin, "p"), "p"
			db := open(t, postgres.Config{Source: through, MaxConns: conns, BeginTimeout: 500 * time.Millisecond})

			// Shorter than what pgx waits for a server's farewell.
			ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
			defer cancel()
			warm(ctx, t, db, conns)
			tt.give(t, admin, through.User, l)
			runs := 0
			if err := db.Write(ctx, func(tx *postgres.Tx) error { runs++; return insert(ctx, tx, "A-1") }); err != nil {
				t.Errorf("write: %v", err)
			}
			if runs != 1 {
				t.Errorf("the transaction ran %d times, want 1: nothing of it had begun", runs)
			}

			warm(ctx, t, db, conns)
			tt.give(t, admin, through.User, l)
			if got := labels(t, db); got != "A-1" {
				t.Errorf("the database has %q, want A-1", got)
			}
		})
	}
}

func TestAConnectionThatBreaksBeforeTheCommitRepeatsTheTransaction(t *testing.T) {
	t.Parallel()
	source := database(t)
	l, through := newLine(t, source)
	db := open(t, postgres.Config{Source: through})
	runs := 0
	err := db.Write(t.Context(), func(tx *postgres.Tx) error {
		if runs++; runs == 1 {
			l.when("INSERT", l.cut)
		}
		return insert(t.Context(), tx, "A-1")
	})
	if err != nil || runs != 2 {
		t.Errorf("ran %d times with %v, want 2 without error", runs, err)
	}
	if got := labels(t, db); got != "A-1" {
		t.Errorf("the database has %q, want A-1", got)
	}
}

func TestACommitWithoutAnswerIsUnknownAndNotRepeated(t *testing.T) {
	t.Parallel()
	source := database(t)
	l, through := newLine(t, source)
	db := open(t, postgres.Config{Source: through})
	runs := 0
	err := db.Write(t.Context(), func(tx *postgres.Tx) error {
		runs++
		l.when("commit", l.cut)
		return insert(t.Context(), tx, "A-1")
	})
	if !errors.Is(err, postgres.ErrUnknown) || runs != 1 {
		t.Errorf("ran %d times with %v, want once with %v", runs, err, postgres.ErrUnknown)
	}
	// Here the server had heard it.
	until(t, "the commit", func() bool { return labels(t, db) == "A-1" })
}

// TestNoStatementOutlivesItsContext is of a function of which the server hears no more,
// not even that it would like to cancel.
func TestNoStatementOutlivesItsContext(t *testing.T) {
	t.Parallel()
	source := database(t)
	l, through := newLine(t, source)
	db, admin := open(t, postgres.Config{Source: through}), open(t, postgres.Config{Source: source})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	l.when("pg_sleep", l.end)
	err := db.Read(ctx, func(tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `SELECT pg_sleep(3600)`)
		return err
	})
	if err == nil {
		t.Fatal("the statement ended by itself")
	}
	until(t, "the end on the server", func() bool {
		return one[int](t, admin, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = 'SELECT pg_sleep(3600)' AND state = 'active'`) == 0
	})
}

func TestTheLocksOfAFunctionThatWasStoppedEnd(t *testing.T) {
	t.Parallel()
	source := database(t)
	l, through := newLine(t, source)
	db, other := open(t, postgres.Config{Source: through}), open(t, postgres.Config{Source: source})
	run(t, other, `INSERT INTO seats (label) VALUES ('A-1')`)

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := db.Write(ctx, func(tx *postgres.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE seats SET n = 1 WHERE label = 'A-1'`); err != nil {
			return err
		}
		l.end() // neither the commit nor the end of the connection arrives
		return nil
	})
	if err == nil {
		t.Fatal("the transaction committed without a connection")
	}
	// Waits for the lock.
	run(t, other, `UPDATE seats SET n = 2 WHERE label = 'A-1'`)
	if n := one[int](t, other, `SELECT n FROM seats WHERE label = 'A-1'`); n != 2 {
		t.Errorf("n = %d, want 2", n)
	}
}

func TestNothingIsPreparedOnTheServer(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Config{Source: database(t), MaxConns: 1})
	for range 3 {
		run(t, db, `INSERT INTO seats (label, n) VALUES ($1, $2) ON CONFLICT (label) DO UPDATE SET n = seats.n + 1`, "A-1", 1)
	}
	if n := one[int](t, db, `SELECT count(*) FROM pg_prepared_statements`); n != 0 {
		t.Errorf("%d statements are prepared, which a proxy would have to keep for this process", n)
	}
}
