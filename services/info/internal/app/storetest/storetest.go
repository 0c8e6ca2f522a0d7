// Package storetest is the conformance suite of app.Store: what every adapter
// does alike. It is for tests only.
package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/artist"
	"ticketmesh.dev/services/info/internal/page"
	"ticketmesh.dev/services/info/internal/search"
	"ticketmesh.dev/services/info/internal/venue"
)

// Fixture is an empty store and a look at what it has announced, in order.
type Fixture struct {
	Store     app.Store
	Announced func(t *testing.T) []event.Event
}

// Run runs the suite; open returns a fixture of its own for every test.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	tests := []struct {
		name string
		run  func(t *testing.T, f Fixture)
	}{
		{"what was never saved is not found", neverSaved},
		{"a venue is read as it was saved", venueRoundTrip},
		{"an artist is read as it was saved", artistRoundTrip},
		{"a page is read as it was saved", pageRoundTrip},
		{"a transaction reads what it saved", readOwnWrites},
		{"a failed transaction leaves nothing", rollback},
		{"transactions do not lose updates", concurrentWrites},
		{"state and its announcement commit together", announcements},
		{"lists go by name and id, also while they grow", lists},
		{"pages are listed by slug and language", pageLists},
		{"deleted entities are neither listed nor found", deleted},
		{"a search finds the beginnings of words", searchWords},
		{"a search ranks titles first and pages through", searchOrder},
		{"a search follows changes", searchChanges},
		{"no term breaks a search", hostileTerms},
		{"the store is ready", ready},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, open(t))
		})
	}
}

// At is when the suite says that things happen.
var At = time.Date(2026, 11, 25, 12, 0, 0, 7_000_000, time.UTC)

func neverSaved(t *testing.T, f Fixture) {
	ctx := t.Context()
	if _, err := f.Store.Venue(ctx, id.New()); !errors.Is(err, app.ErrNotFound) {
		t.Errorf("venue: %v, want %v", err, app.ErrNotFound)
	}
	if _, err := f.Store.Artist(ctx, id.New()); !errors.Is(err, app.ErrNotFound) {
		t.Errorf("artist: %v, want %v", err, app.ErrNotFound)
	}
	if _, err := f.Store.Page(ctx, page.Key{Slug: "a", Language: "en"}); !errors.Is(err, app.ErrNotFound) {
		t.Errorf("page: %v, want %v", err, app.ErrNotFound)
	}
	if pages, err := f.Store.Pages(ctx, "a"); err != nil || len(pages) != 0 {
		t.Errorf("pages: %v, %v, want none", pages, err)
	}
}

func venueRoundTrip(t *testing.T, f Fixture) {
	for _, state := range []venue.State{
		{ID: id.New(), Version: 1, Details: venue.Details{Name: "蔵", City: "京都市", Country: "JP", TimeZone: "Asia/Tokyo"}},
		{ID: id.New(), Version: 9, Deleted: true, Details: venue.Details{
			Name: "O'Neill; DROP TABLE venue;--", Address: "Line 1\nLine 2", City: "Zürich", Country: "CH", TimeZone: "Europe/Zurich", Capacity: venue.MaxCapacity,
		}},
	} {
		f.saveVenue(t, venue.Restore(state))
		got, err := f.Store.Venue(t.Context(), state.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.State() != state {
			t.Errorf("got %+v, want %+v", got.State(), state)
		}
	}
}

func artistRoundTrip(t *testing.T, f Fixture) {
	for _, state := range []artist.State{
		{ID: id.New(), Version: 1, Details: artist.Details{Name: "Ensemble"}},
		{ID: id.New(), Version: 2, Details: artist.Details{
			Name: "Đặng Thái Sơn", Description: "Piano.\n\"Quoted\"", Links: []artist.Link{{Label: "Site", URL: "https://artist.example/?a=1&b=2"}, {Label: "日本", URL: "http://x.example"}},
		}},
	} {
		f.saveArtist(t, artist.Restore(state))
		got, err := f.Store.Artist(t.Context(), state.ID)
		if err != nil {
			t.Fatal(err)
		}
		if g := got.State(); g.ID != state.ID || g.Name != state.Name || g.Description != state.Description ||
			g.Version != state.Version || g.Deleted != state.Deleted || !slices.Equal(g.Links, state.Links) {
			t.Errorf("got %+v, want %+v", g, state)
		}
	}
}

func pageRoundTrip(t *testing.T, f Fixture) {
	english := page.State{Key: page.Key{Slug: "about", Language: "en"}, Content: page.Content{Title: "About", Markdown: "# A\n"}, Version: 1, Creation: id.New()}
	german := page.State{Key: page.Key{Slug: "about", Language: "de-AT"}, Content: page.Content{Title: "Über"}, Version: 3, Deleted: true}
	f.savePage(t, page.Restore(english), "A")
	f.savePage(t, page.Restore(german), "")
	for _, want := range []page.State{english, german} {
		got, err := f.Store.Page(t.Context(), want.Key)
		if err != nil {
			t.Fatal(err)
		}
		if got.State() != want {
			t.Errorf("got %+v, want %+v", got.State(), want)
		}
	}
	pages, err := f.Store.Pages(t.Context(), "about")
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) != 2 || pages[0].State() != german || pages[1].State() != english {
		t.Errorf("pages = %+v, want German and English", pages)
	}
}

func readOwnWrites(t *testing.T, f Fixture) {
	v := newVenue(t, "Hall")
	f.write(t, func(tx app.Tx) error {
		if err := tx.SaveVenue(t.Context(), v, At); err != nil {
			return err
		}
		got, err := tx.Venue(t.Context(), v.ID())
		if err != nil {
			return err
		}
		if got.State() != v.State() {
			return fmt.Errorf("the transaction reads %+v", got.State())
		}
		return nil
	})
}

func rollback(t *testing.T, f Fixture) {
	v, p := newVenue(t, "Hall"), newPage(t, "rules", "en", "Rules")
	failure := errors.New("on purpose")
	err := f.Store.Write(t.Context(), func(tx app.Tx) error {
		if err := tx.SaveVenue(t.Context(), v, At); err != nil {
			return err
		}
		if err := tx.SavePage(t.Context(), p, "text", At); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Fatalf("err = %v, want %v", err, failure)
	}
	if _, err := f.Store.Venue(t.Context(), v.ID()); !errors.Is(err, app.ErrNotFound) {
		t.Errorf("venue: %v, want %v", err, app.ErrNotFound)
	}
	if got := f.search(t, search.Query{Terms: []string{"rules"}, Limit: 10}); len(got) != 0 {
		t.Errorf("the search finds %v", got)
	}
	if got := f.Announced(t); len(got) != 0 {
		t.Errorf("announced %v", got)
	}
}

func concurrentWrites(t *testing.T, f Fixture) {
	const writers = 16
	v := newVenue(t, "Hall")
	f.saveVenue(t, v)
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			err := f.Store.Write(t.Context(), func(tx app.Tx) error {
				current, err := tx.Venue(t.Context(), v.ID())
				if err != nil {
					return err
				}
				next, err := current.Replace(current.Details())
				if err != nil {
					return err
				}
				return tx.SaveVenue(t.Context(), next, At)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got, err := f.Store.Venue(t.Context(), v.ID())
	if err != nil {
		t.Fatal(err)
	}
	if got.Version() != 1+writers {
		t.Errorf("version = %d, want %d", got.Version(), 1+writers)
	}
	if announced := f.Announced(t); len(announced) != 1+writers {
		t.Errorf("%d announcements, want %d", len(announced), 1+writers)
	}
}

func announcements(t *testing.T, f Fixture) {
	v, a, p := newVenue(t, "Hall"), newArtist(t, "Singer"), newPage(t, "rules", "de-AT", "Hausordnung")
	ctx := event.WithTrace(t.Context(), event.Trace{CorrelationID: "request-1"})
	err := f.Store.Write(ctx, func(tx app.Tx) error {
		return errors.Join(tx.SaveVenue(ctx, v, At), tx.SaveArtist(ctx, a), tx.SavePage(ctx, p, "Text", At), tx.SaveVenue(ctx, v.Delete(), At))
	})
	if err != nil {
		t.Fatal(err)
	}
	type seen struct{ Type, Subject, Correlation string }
	var got []seen
	for _, e := range f.Announced(t) {
		got = append(got, seen{e.Type, e.Subject, e.CorrelationID})
		if !e.Time.Equal(At) {
			t.Errorf("%s has the time %v, want %v", e.Type, e.Time, At)
		}
	}
	want := []seen{
		{"ticketmesh.info.venue.updated.v1", v.ID().String(), "request-1"},
		{"ticketmesh.info.page.published.v1", "rules/de-AT", "request-1"},
		{"ticketmesh.info.venue.updated.v1", v.ID().String(), "request-1"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("announced %v, want %v", got, want)
	}
}

func lists(t *testing.T, f Fixture) {
	// Two have one name, so the id decides.
	for _, name := range []string{"Beta", "Alpha", "Éclair", "Beta", "alpha", "Ω"} {
		f.saveVenue(t, newVenue(t, name))
		f.saveArtist(t, newArtist(t, name))
	}
	want := []string{"Alpha", "Beta", "Beta", "alpha", "Éclair", "Ω"}

	var venues, artists []string
	var after *app.Place
	for {
		got, err := f.Store.Venues(t.Context(), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			break
		}
		for _, v := range got {
			venues = append(venues, v.Details().Name)
			after = &app.Place{Name: v.Details().Name, ID: v.ID()}
		}
		// What comes before the place that was reached changes nothing after it.
		f.saveVenue(t, newVenue(t, "AAA"))
	}
	if !slices.Equal(venues, want) {
		t.Errorf("venues = %v, want %v", venues, want)
	}

	after = nil
	for {
		got, err := f.Store.Artists(t.Context(), after, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			break
		}
		artists = append(artists, got[0].Details().Name)
		after = &app.Place{Name: got[0].Details().Name, ID: got[0].ID()}
	}
	if !slices.Equal(artists, want) {
		t.Errorf("artists = %v, want %v", artists, want)
	}
}

func pageLists(t *testing.T, f Fixture) {
	for _, key := range []page.Key{{Slug: "b", Language: "en"}, {Slug: "a", Language: "fr"}, {Slug: "a-1", Language: "de"}, {Slug: "a", Language: "de"}} {
		f.savePage(t, newPage(t, key.Slug, key.Language, "Title"), "text")
	}
	var got []page.Key
	var after *page.Key
	for {
		pages, err := f.Store.PageList(t.Context(), after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(pages) == 0 {
			break
		}
		for _, p := range pages {
			key := p.Key()
			got, after = append(got, key), &key
			if p.Content().Title != "Title" || p.Content().Markdown != "" {
				t.Errorf("%v has the content %+v, want the title alone", key, p.Content())
			}
		}
	}
	want := []page.Key{{Slug: "a", Language: "de"}, {Slug: "a", Language: "fr"}, {Slug: "a-1", Language: "de"}, {Slug: "b", Language: "en"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func deleted(t *testing.T, f Fixture) {
	v, a, p := newVenue(t, "Gone Hall"), newArtist(t, "Gone Singer"), newPage(t, "gone", "en", "Gone Page")
	f.saveVenue(t, v)
	f.saveArtist(t, a)
	f.savePage(t, p, "text")
	f.saveVenue(t, v.Delete())
	f.saveArtist(t, a.Delete())
	f.savePage(t, p.Delete(), "")

	if got, err := f.Store.Venues(t.Context(), nil, 10); err != nil || len(got) != 0 {
		t.Errorf("venues = %v, %v", got, err)
	}
	if got, err := f.Store.Artists(t.Context(), nil, 10); err != nil || len(got) != 0 {
		t.Errorf("artists = %v, %v", got, err)
	}
	if got, err := f.Store.PageList(t.Context(), nil, 10); err != nil || len(got) != 0 {
		t.Errorf("pages = %v, %v", got, err)
	}
	if got := f.search(t, search.Query{Terms: []string{"gone"}, Limit: 10}); len(got) != 0 {
		t.Errorf("the search finds %v", got)
	}
	if got, err := f.Store.Venue(t.Context(), v.ID()); err != nil || !got.Deleted() || got.Version() != 2 {
		t.Errorf("the deleted venue reads as %+v, %v", got.State(), err)
	}
}

func ready(t *testing.T, f Fixture) {
	if err := f.Store.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func (f Fixture) write(t *testing.T, fn func(app.Tx) error) {
	t.Helper()
	if err := f.Store.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (f Fixture) saveVenue(t *testing.T, v venue.Venue) {
	t.Helper()
	f.write(t, func(tx app.Tx) error { return tx.SaveVenue(t.Context(), v, At) })
}

func (f Fixture) saveArtist(t *testing.T, a artist.Artist) {
	t.Helper()
	f.write(t, func(tx app.Tx) error { return tx.SaveArtist(t.Context(), a) })
}

func (f Fixture) savePage(t *testing.T, p page.Page, text string) {
	t.Helper()
	f.write(t, func(tx app.Tx) error { return tx.SavePage(t.Context(), p, text, At) })
}

func (f Fixture) search(t *testing.T, q search.Query) []search.Result {
	t.Helper()
	results, err := f.Store.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("search %q: %v", q.Terms, err)
	}
	return results
}

func titles(results []search.Result) string {
	all := make([]string, len(results))
	for i, r := range results {
		all[i] = r.Title
	}
	return strings.Join(all, ", ")
}

func newVenue(t *testing.T, name string) venue.Venue {
	t.Helper()
	v, err := venue.New(id.New(), venue.Details{Name: name, City: "Graz", Country: "AT", TimeZone: "Europe/Vienna"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newArtist(t *testing.T, name string) artist.Artist {
	t.Helper()
	a, err := artist.New(id.New(), artist.Details{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func newPage(t *testing.T, slug, language, title string) page.Page {
	t.Helper()
	p, err := page.New(page.Key{Slug: slug, Language: language}, page.Content{Title: title, Markdown: "Text"}, id.New())
	if err != nil {
		t.Fatal(err)
	}
	return p
}
