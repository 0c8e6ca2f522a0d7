package migrate_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

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

func TestUpByManyAtOnceAppliesEachOnce(t *testing.T) {
	t.Parallel()
	url := testserver.PostgreSQL(t)
	files := fstest.MapFS{"00001_seats.sql": {Data: []byte(first)}}
	var total atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		db := open(t, url)
		group.Go(func() {
			n, err := migrate.Up(t.Context(), db, files)
			if err != nil {
				t.Error(err)
			}
			total.Add(int64(n))
		})
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
