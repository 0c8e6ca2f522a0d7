package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"ticketmesh.dev/platform/postgres"
)

func TestOpenWantsASource(t *testing.T) {
	t.Parallel()
	if _, err := postgres.Open(postgres.Config{}); err == nil {
		t.Error("opened without a source")
	}
}

func TestAFailedTransactionLeavesNothing(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Config{Source: database(t), MaxConns: 1})
	refused := errors.New("refused")
	for _, tt := range []struct {
		name string
		give func(ctx context.Context, tx *postgres.Tx) error
		want error
	}{
		{"an error", func(ctx context.Context, tx *postgres.Tx) error {
			return errors.Join(insert(ctx, tx, "bad"), refused)
		}, refused},
		{"an error of the database", func(ctx context.Context, tx *postgres.Tx) error {
			return errors.Join(insert(ctx, tx, "bad"), insert(ctx, tx, "bad"))
		}, nil},
		{"an error of the database that is passed over", func(ctx context.Context, tx *postgres.Tx) error {
			_, _ = insert(ctx, tx, "bad"), insert(ctx, tx, "bad")
			return nil
		}, nil},
	} {
		// One connection for all: each must give it back.
		err := db.Write(t.Context(), func(tx *postgres.Tx) error { return tt.give(t.Context(), tx) })
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: err = %v", tt.name, err)
		}
		if got := labels(t, db); got != "" {
			t.Fatalf("%s: the database has %q", tt.name, got)
		}
	}
}

func TestAPanicUndoesTheTransactionAndKeepsNoConnection(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Config{Source: database(t), MaxConns: 1})
	func() {
		defer func() {
			if recover() != "boom" {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.Write(t.Context(), func(tx *postgres.Tx) error {
			if err := insert(t.Context(), tx, "bad"); err != nil {
				t.Error(err)
			}
			panic("boom")
		})
	}()
	if got := labels(t, db); got != "" {
		t.Errorf("the database has %q", got)
	}
}

func TestATransactionThatHasEndedBeforeItBeganRunsNothing(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Config{Source: database(t)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := db.Write(ctx, func(*postgres.Tx) error { t.Error("it ran"); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want %v", err, context.Canceled)
	}
}

func TestTransactionsThatMeetLoseNothing(t *testing.T) {
	t.Parallel()
	const writers, each = 6, 5
	db := open(t, postgres.Config{Source: database(t), MaxConns: writers})
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range each {
				err := db.Write(t.Context(), func(tx *postgres.Tx) error {
					// Whether there is a row yet is a thing to meet at too.
					var n int
					if err := tx.QueryRow(t.Context(), `SELECT coalesce(max(n), 0) FROM seats WHERE label = 'A-1'`).Scan(&n); err != nil {
						return err
					}
					_, err := tx.Exec(t.Context(), `INSERT INTO seats (label, n) VALUES ('A-1', $1) ON CONFLICT (label) DO UPDATE SET n = excluded.n`, n+1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := one[int](t, db, `SELECT n FROM seats`); n != writers*each {
		t.Errorf("n = %d, want %d", n, writers*each)
	}
}

func TestReadChangesNothing(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Config{Source: database(t)})
	if err := db.Read(t.Context(), func(tx *postgres.Tx) error { return insert(t.Context(), tx, "bad") }); err == nil {
		t.Error("a write within a read was taken")
	}
	if got := labels(t, db); got != "" {
		t.Errorf("the database has %q", got)
	}
}

func TestReadSeesOneSnapshot(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Config{Source: database(t)})
	count := func(tx *postgres.Tx) (n int) {
		if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM seats`).Scan(&n); err != nil {
			t.Error(err)
		}
		return n
	}
	err := db.Read(t.Context(), func(tx *postgres.Tx) error {
		before := count(tx)
		run(t, db, `INSERT INTO seats (label) VALUES ('A-1')`)
		if after := count(tx); after != before {
			t.Errorf("%d seats became %d", before, after)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
