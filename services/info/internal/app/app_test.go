package app_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	database "ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/artist"
	"ticketmesh.dev/services/info/internal/eventcodec"
	"ticketmesh.dev/services/info/internal/markdown"
	"ticketmesh.dev/services/info/internal/page"
	"ticketmesh.dev/services/info/internal/sqlite"
	"ticketmesh.dev/services/info/internal/venue"
)

func open(t *testing.T) (*app.Info, *database.DB) {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{Path: filepath.Join(t.TempDir(), "info.db"), Migrations: sqlite.Migrations()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewManual(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	return app.New(sqlite.New(db, eventcodec.New(validator)), nil, markdown.New(), c), db
}

func announcements(t *testing.T, db *database.DB) int {
	t.Helper()
	pending, err := db.Outbox().Pending(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	return len(pending)
}

// A request may be carried out again under its id when the first answer was lost.
func TestACreationThatComesAgainFindsWhatItMade(t *testing.T) {
	t.Parallel()
	info, db := open(t)
	ctx, creation := t.Context(), id.New()
	details := venue.Details{Name: "Hall", City: "Graz", Country: "AT", TimeZone: "Europe/Vienna"}
	key := page.Key{Slug: "about", Language: "en"}
	for range 2 {
		v, err := info.CreateVenue(ctx, creation, details)
		if err != nil || v.Version() != 1 || v.ID() != creation {
			t.Errorf("venue %+v, %v", v.State(), err)
		}
		a, err := info.CreateArtist(ctx, creation, artist.Details{Name: "Anna"})
		if err != nil || a.Version() != 1 || a.ID() != creation {
			t.Errorf("artist %+v, %v", a.State(), err)
		}
		p, err := info.CreatePage(ctx, key, page.Content{Title: "About", Markdown: "*x*"}, creation)
		if err != nil || p.Version() != 1 || p.HTML != "<p><em>x</em></p>\n" {
			t.Errorf("page %+v, %v", p, err)
		}
	}
	if n := announcements(t, db); n != 2 {
		t.Errorf("%d announcements, want one of the venue and one of the page", n)
	}
	if _, err := info.CreatePage(ctx, key, page.Content{Title: "About"}, id.New()); !errors.Is(err, app.ErrPageExists) {
		t.Errorf("another request: %v, want %v", err, app.ErrPageExists)
	}
}

func TestDeletingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	info, db := open(t)
	ctx, key := t.Context(), page.Key{Slug: "about", Language: "en"}
	if _, _, err := info.PutPage(ctx, key, app.AnyVersion, page.Content{Title: "About"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		// The version that was expected is the one that went.
		if err := info.DeletePage(ctx, key, 1); err != nil {
			t.Error(err)
		}
		if err := info.DeletePages(ctx, key.Slug); err != nil {
			t.Error(err)
		}
	}
	if n := announcements(t, db); n != 2 {
		t.Errorf("%d announcements, want two", n)
	}
	if err := info.DeletePages(ctx, "never"); !errors.Is(err, app.ErrNotFound) {
		t.Errorf("err = %v, want %v", err, app.ErrNotFound)
	}
}
