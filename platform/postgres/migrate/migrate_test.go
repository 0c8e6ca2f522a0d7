package migrate_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"ticketmesh.dev/platform/postgres"
	"ticketmesh.dev/platform/postgres/migrate"
	"ticketmesh.dev/platform/testserver"
)

const first = `-- +goose Up
CREATE TABLE seats (label text PRIMARY KEY);
`

func open(t *testing.T, url string) *postgres.DB {
	t.Helper()
	source, err := postgres.FromURL(url)
	if err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(postgres.Config{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func TestUpAppliesWhatIsMissing(t *testing.T) {
	t.Parallel()
	db := open(t, testserver.PostgreSQL(t))
	files := fstest.MapFS{"00001_seats.sql": {Data: []byte(first)}}
	for _, tt := range []struct {
		name string
		add  string
		want int
	}{
		{"the platform's and the service's", "", 2},
		{"nothing", "", 0},
		{"a new one", "-- +goose Up\nALTER TABLE seats ADD n integer;\n", 1},
	} {
		if tt.add != "" {
			files["00002_more.sql"] = &fstest.MapFile{Data: []byte(tt.add)}
		}
		if n, err := migrate.Up(t.Context(), db, files); n != tt.want || err != nil {
			t.Errorf("%s: applied %d, %v, want %d", tt.name, n, err, tt.want)
		}
	}
}

// TestUpByTwoAtOnceAppliesEachOnce has the second come while the first is in the middle
// of a migration.
func TestUpByTwoAtOnceAppliesEachOnce(t *testing.T) {
	t.Parallel()
	url := testserver.PostgreSQL(t)
	admin := open(t, url)
	if _, err := admin.Pool().Exec(t.Context(), `CREATE TABLE gate ()`); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"00001_seats.sql": {Data: []byte("-- +goose Up\nLOCK TABLE gate;\nCREATE TABLE seats (label text PRIMARY KEY);\n")}}
	var total atomic.Int64
	var group sync.WaitGroup
	up := func() {
		db := open(t, url)
		group.Go(func() {
			n, err := migrate.Up(t.Context(), db, files)
			if err != nil {
				t.Error(err)
			}
			total.Add(int64(n))
		})
	}
	waiting := func(n int) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			var got int
			if err := admin.Pool().QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
				AND (wait_event_type = 'Lock' OR query LIKE '%pg_try_advisory_lock(%') AND pid <> pg_backend_pid()`).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got == n {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d wait, want %d", got, n)
			}
		}
	}
	err := admin.Write(t.Context(), func(tx *postgres.Tx) error {
		if _, err := tx.Exec(t.Context(), `LOCK TABLE gate`); err != nil {
			return err
		}
		up()
		waiting(1)
		up()
		waiting(2)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	group.Wait()
	if total.Load() != 2 {
		t.Errorf("%d migrations were applied, want 2", total.Load())
	}
}

func TestAMigrationThatFailsLeavesThoseBefore(t *testing.T) {
	t.Parallel()
	db := open(t, testserver.PostgreSQL(t))
	files := fstest.MapFS{
		"00001_seats.sql": {Data: []byte(first)},
		"00002_bad.sql":   {Data: []byte("-- +goose Up\nCREATE TABLE rows (n integer);\nCREATE TABLE seats (n integer);\n")},
	}
	if _, err := migrate.Up(t.Context(), db, files); err == nil {
		t.Fatal("it was applied")
	}
	files["00002_bad.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE rows (n integer);\n")}
	if n, err := migrate.Up(t.Context(), db, files); n != 1 || err != nil {
		t.Errorf("repaired: applied %d, %v, want 1", n, err)
	}
}
