package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/event"
	platform "ticketmesh.dev/platform/postgres"
	"ticketmesh.dev/platform/postgres/migrate"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/app/storetest"
	"ticketmesh.dev/services/info/internal/eventcodec"
	"ticketmesh.dev/services/info/internal/page"
	"ticketmesh.dev/services/info/internal/postgres"
	"ticketmesh.dev/services/info/internal/search"
)

func open(t testing.TB) (*postgres.Store, *platform.DB) {
	t.Helper()
	source, err := platform.FromURL(testserver.PostgreSQL(t))
	if err != nil {
		t.Fatal(err)
	}
	db, err := platform.Open(platform.Config{Source: source, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if _, err := migrate.Up(context.Background(), db, postgres.Migrations()); err != nil {
		t.Fatal(err)
	}
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return postgres.New(db, eventcodec.New(validator)), db
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
					events = append(events, r.Event)
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

// TestTheSearchCanUseItsIndex fails when the query is written so that PostgreSQL must
// read every document. It may choose to when there are few.
func TestTheSearchCanUseItsIndex(t *testing.T) {
	t.Parallel()
	_, db := open(t)
	var plan strings.Builder
	err := db.Read(t.Context(), func(tx *platform.Tx) error {
		if _, err := tx.Exec(t.Context(), `SET LOCAL enable_seqscan = off`); err != nil {
			return err
		}
		rows, err := tx.Query(t.Context(), `EXPLAIN `+postgres.SearchQuery, "'a':* & 'b':*", "", false, false, "", "", "", "", 20)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		plan.WriteString(strings.Join(lines, "\n"))
		return err
	})
	if err != nil || !strings.Contains(plan.String(), "document_by_words") {
		t.Errorf("the plan is %v\n%s", err, &plan)
	}
}

// save saves pages that all speak of opera.
func save(tb testing.TB, store *postgres.Store, pages int) {
	tb.Helper()
	ctx := context.Background()
	if err := store.Write(ctx, func(tx app.Tx) error {
		for i := range pages {
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
		tb.Fatal(err)
	}
}

func BenchmarkSearch(b *testing.B) {
	store, _ := open(b)
	save(b, store, 3000)
	for name, terms := range map[string][]string{"one": {"1234"}, "all": {"opera", "hall"}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Search(context.Background(), search.Query{Terms: terms, Limit: 20}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
