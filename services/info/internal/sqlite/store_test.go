package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	platform "ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/app/storetest"
	"ticketmesh.dev/services/info/internal/eventcodec"
	"ticketmesh.dev/services/info/internal/page"
	"ticketmesh.dev/services/info/internal/search"
	"ticketmesh.dev/services/info/internal/sqlite"
)

func open(t testing.TB) (*sqlite.Store, *platform.DB) {
	t.Helper()
	db, err := platform.Open(context.Background(), platform.Config{
		Path:       filepath.Join(t.TempDir(), "info.db"),
		Migrations: sqlite.Migrations(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return sqlite.New(db, eventcodec.New(newValidator(t))), db
}

func newValidator(t testing.TB) event.Validator {
	t.Helper()
	v, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		store, db := open(t)
		return storetest.Fixture{
			Store: store,
			Announced: func(t *testing.T) []event.Event {
				t.Helper()
				records, err := db.Outbox().Pending(t.Context(), 1000)
				if err != nil {
					t.Fatal(err)
				}
				var events []event.Event
				for _, r := range records {
					e, err := event.ParseCloudEvent(r.Encoded)
					if err != nil {
						t.Fatal(err)
					}
					events = append(events, e)
				}
				return events
			},
		}
	})
}

func TestAnEventThatBreaksItsContractUndoesTheChange(t *testing.T) {
	t.Parallel()
	store, db := open(t)
	// Restore validates nothing, so this is a page that the contract refuses.
	bad := page.Restore(page.State{Key: page.Key{Slug: "NOT A SLUG", Language: "en"}, Content: page.Content{Title: "t"}, Version: 1})
	err := store.Write(t.Context(), func(tx app.Tx) error { return tx.SavePage(t.Context(), bad, "", storetest.At) })
	if err == nil {
		t.Fatal("the page was saved")
	}
	if pages, err := store.Pages(t.Context(), "NOT A SLUG"); err != nil || len(pages) != 0 {
		t.Errorf("pages = %v, %v, want none", pages, err)
	}
	if pending, err := db.Outbox().Pending(t.Context(), 10); err != nil || len(pending) != 0 {
		t.Errorf("pending = %v, %v, want none", pending, err)
	}
}

func TestAFileOfAnEarlierVersionIsIndexedAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "info.db")
	first := fstest.MapFS{}
	const name = "00001_info.sql"
	text, err := fs.ReadFile(sqlite.Migrations(), name)
	if err != nil {
		t.Fatal(err)
	}
	first[name] = &fstest.MapFile{Data: text}
	old, err := platform.Open(t.Context(), platform.Config{Path: path, Migrations: first})
	if err != nil {
		t.Fatal(err)
	}
	err = old.Write(t.Context(), func(tx *platform.Tx) error {
		_, err := tx.Exec(`INSERT INTO document (kind, ref, language, title, body) VALUES ('page', 'tram', 'de', 'Straßenbahn', 'Linie')`)
		return err
	})
	if err := errors.Join(err, old.Close()); err != nil {
		t.Fatal(err)
	}

	db, err := platform.Open(t.Context(), platform.Config{Path: path, Migrations: sqlite.Migrations()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	found, err := sqlite.New(db, eventcodec.New(newValidator(t))).Search(t.Context(), search.Query{Terms: search.Terms("strassen"), Limit: 10})
	if err != nil || len(found) != 1 || found[0].Ref != "tram" {
		t.Errorf("found %v, %v, want the page", found, err)
	}
}

func FuzzSearchTakesWhateverIsTyped(f *testing.F) {
	for _, typed := range storetest.HostileQueries {
		f.Add(typed)
	}
	store, _ := open(f)
	p := page.Restore(page.State{Key: page.Key{Slug: "a", Language: "en"}, Content: page.Content{Title: "a"}, Version: 1, Creation: id.New()})
	if err := store.Write(context.Background(), func(tx app.Tx) error {
		return tx.SavePage(context.Background(), p, "b", storetest.At)
	}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		terms := search.Terms(typed)
		if len(terms) == 0 {
			return
		}
		if _, err := store.Search(t.Context(), search.Query{Terms: terms, Limit: 3}); err != nil {
			t.Errorf("%q as %q: %v", typed, terms, err)
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	store, _ := open(b)
	ctx := context.Background()
	if err := store.Write(ctx, func(tx app.Tx) error {
		for i := range 3000 {
			p := page.Restore(page.State{
				Key:     page.Key{Slug: fmt.Sprintf("page-%d", i), Language: "en"},
				Content: page.Content{Title: fmt.Sprintf("Page %d about opera", i)}, Version: 1,
			})
			if err := tx.SavePage(ctx, p, "The opera of the year, sung by the people of the town in their own hall.", storetest.At); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	for name, terms := range map[string][]string{"one": {"1234"}, "all": {"opera", "hall"}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Search(ctx, search.Query{Terms: terms, Limit: 20}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
