package cachetest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/show"
)

var at = time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)

// How old something is that is loaded again, and that is not shown any more.
const (
	old  = 6 * time.Second
	dead = 11 * time.Minute
)

var errStore = errors.New("the store fails")

// store has one show. It counts what is asked of it.
type store struct {
	app.Store // for what these tests do not use

	mu    sync.Mutex
	show  show.Show
	err   error
	loads int
	// gate is where loads wait once they looked, if it is not nil.
	gate chan struct{}
}

func (s *store) load(ctx context.Context) (show.Show, error) {
	s.mu.Lock()
	s.loads++
	found, err, gate := s.show, s.err, s.gate
	s.mu.Unlock()
	if gate == nil {
		return found, err
	}
	select {
	case <-gate:
		return found, err
	case <-ctx.Done():
		return show.Show{}, ctx.Err()
	}
}

// ListShows implements app.Store.
func (s *store) ListShows(ctx context.Context, _ app.ShowQuery) (app.ShowPage, error) {
	found, err := s.load(ctx)
	return app.ShowPage{Shows: []show.Show{found}}, err
}

// Show implements app.Store.
func (s *store) Show(ctx context.Context, _ id.ID) (show.Show, error) { return s.load(ctx) }

// SaveShow implements app.Store.
func (s *store) SaveShow(_ context.Context, next show.Show, _ int, _ bool, _ ...app.Fact) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.show = next
	return nil
}

func (s *store) set(change func(s *store)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *store) loaded() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loads
}

// stage is the use cases over the cache and a store of one show, "Hamlet".
type stage struct {
	*app.App
	t     *testing.T
	store *store
	clock *clock.Manual
}

func newStage(t *testing.T, cache app.Cache) *stage {
	s := &stage{t: t, store: &store{show: published("Hamlet")}, clock: clock.NewManual(at)}
	s.App = app.New(s.store, cache, s.clock, slog.New(slog.DiscardHandler))
	return s
}

func (s *stage) list() string {
	s.t.Helper()
	page, err := s.ListShows(s.t.Context(), app.Caller{}, app.ShowQuery{Limit: 10})
	if err != nil {
		s.t.Fatal(err)
	}
	return titles(page)
}

func (s *stage) one() string {
	s.t.Helper()
	found, err := s.Show(s.t.Context(), app.Caller{}, s.store.show.ID())
	if err != nil {
		s.t.Fatal(err)
	}
	return found.State().Title + " "
}

func (s *stage) rename(title string) {
	s.t.Helper()
	_, err := s.UpdateShow(s.t.Context(), app.Caller{Subject: "ada", Organizer: true}, s.store.show.ID(), app.Patch{Title: &title}, 0)
	if err != nil {
		s.t.Fatal(err)
	}
}

// hold has loads wait until the returned function is called.
func (s *stage) hold() (release func()) {
	gate := make(chan struct{})
	s.store.set(func(s *store) { s.gate = gate })
	return sync.OnceFunc(func() {
		s.store.set(func(s *store) { s.gate = nil })
		close(gate)
	})
}

func displayFresh(t *testing.T, cache app.Cache) {
	s := newStage(t, cache)
	for _, look := range []func() string{s.list, s.one} {
		before := s.store.loaded()
		for range 3 {
			equal(t, look(), "Hamlet ")
			s.clock.Advance(time.Second)
		}
		equal(t, s.store.loaded(), before+1)
	}
}

func displayOld(t *testing.T, cache app.Cache) {
	s := newStage(t, cache)
	s.list()
	s.one()
	s.store.set(func(s *store) { s.show = published("Lear") }) // by another process, whose mark got lost
	equal(t, s.list(), "Hamlet ")
	s.clock.Advance(old)
	equal(t, s.list(), "Lear ")
}

func displayChange(t *testing.T, cache app.Cache) {
	s := newStage(t, cache)
	for _, title := range []string{"Lear", "Macbeth"} {
		s.list()
		s.one()
		s.rename(title)
		equal(t, s.list(), title+" ")
		equal(t, s.one(), title+" ")
	}
	before := s.store.loaded()
	s.list()
	s.one()
	equal(t, s.store.loaded(), before)
}

func displayRacedChange(t *testing.T, cache app.Cache) {
	s := newStage(t, cache)
	release := s.hold()
	defer release()
	var all sync.WaitGroup
	all.Go(func() { _, _ = s.ListShows(t.Context(), app.Caller{}, app.ShowQuery{Limit: 10}) })
	eventually(t, "the list is loaded", func() bool { return s.store.loaded() == 1 })
	s.store.set(func(s *store) { s.gate = nil }) // for all but the one that waits
	s.rename("Lear")
	release()
	all.Wait()
	equal(t, s.list(), "Lear ")
}

func displaySingleFlight(t *testing.T, cache app.Cache) {
	s := newStage(t, cache)
	release := s.hold()
	defer release()
	const callers = 32
	var all, begun sync.WaitGroup
	begun.Add(callers)
	got := make([]string, callers)
	for i := range callers {
		all.Go(func() {
			begun.Done()
			page, err := s.ListShows(t.Context(), app.Caller{}, app.ShowQuery{Limit: 10})
			if err == nil {
				got[i] = titles(page)
			}
		})
	}
	begun.Wait()
	eventually(t, "somebody loads", func() bool { return s.store.loaded() > 0 })
	release()
	all.Wait()
	for _, text := range got {
		equal(t, text, "Hamlet ")
	}
	equal(t, s.store.loaded(), 1)
}

func displayStale(t *testing.T, cache app.Cache) {
	s := newStage(t, cache)
	s.list()
	s.clock.Advance(old)
	s.store.set(func(s *store) { s.show = published("Lear") })
	release := s.hold()
	defer release()
	loading := make(chan string, 1)
	go func() {
		page, _ := s.ListShows(t.Context(), app.Caller{}, app.ShowQuery{Limit: 10})
		loading <- titles(page)
	}()
	eventually(t, "the list is loaded", func() bool { return s.store.loaded() == 2 })
	equal(t, s.list(), "Hamlet ")
	release()
	equal(t, <-loading, "Lear ")
	equal(t, s.list(), "Lear ")
	equal(t, s.store.loaded(), 2)
}

// taken is a cache in which somebody else always has the claim.
type taken struct{ app.Cache }

// Claim implements app.Cache.
func (taken) Claim(context.Context, string, time.Duration) bool { return false }

func displaySlow(t *testing.T, cache app.Cache) {
	s := newStage(t, taken{cache})
	equal(t, s.list(), "Hamlet ")
}

// overtaken is a cache in which somebody is faster than the first who claims.
type overtaken struct {
	app.Cache
	once   sync.Once
	faster func()
}

// Claim implements app.Cache.
func (o *overtaken) Claim(ctx context.Context, key string, lease time.Duration) bool {
	o.once.Do(o.faster)
	return o.Cache.Claim(ctx, key, lease)
}

func displayOvertaken(t *testing.T, cache app.Cache) {
	fast := newStage(t, cache)
	slow := newStage(t, &overtaken{Cache: cache, faster: func() { fast.list() }})
	equal(t, slow.list(), "Hamlet ")
	equal(t, slow.store.loaded(), 0)
}

func displayFailing(t *testing.T, cache app.Cache) {
	s := newStage(t, cache)
	s.list()
	s.store.set(func(s *store) { s.err = errStore })
	s.clock.Advance(old)
	equal(t, s.list(), "Hamlet ")
	equal(t, s.list(), "Hamlet ")
	equal(t, s.store.loaded(), 3) // each of them tried
	s.clock.Advance(dead)
	if _, err := s.ListShows(t.Context(), app.Caller{}, app.ShowQuery{Limit: 10}); !errors.Is(err, errStore) {
		t.Errorf("got %v", err)
	}
}

func displayFailedLoad(t *testing.T, cache app.Cache) {
	s := newStage(t, cache)
	s.store.set(func(s *store) { s.err = errStore })
	if _, err := s.ListShows(t.Context(), app.Caller{}, app.ShowQuery{Limit: 10}); !errors.Is(err, errStore) {
		t.Fatalf("got %v", err)
	}
	s.store.set(func(s *store) { s.err = nil })
	equal(t, s.list(), "Hamlet ")
	equal(t, s.store.loaded(), 2)
}

func displayCancelledLoad(t *testing.T, cache app.Cache) {
	s := newStage(t, cache)
	release := s.hold()
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _, _ = s.ListShows(ctx, app.Caller{}, app.ShowQuery{Limit: 10}) })
	eventually(t, "the list is loaded", func() bool { return s.store.loaded() == 1 })
	cancel()
	all.Wait()
	release()
	equal(t, s.list(), "Hamlet ")
	equal(t, s.store.loaded(), 2)
	equal(t, s.list(), "Hamlet ")
	equal(t, s.store.loaded(), 2)
}

func displaySignedIn(t *testing.T, cache app.Cache) {
	s := newStage(t, cache)
	s.list()
	s.one()
	s.store.set(func(s *store) { s.show = published("Lear") })
	for _, caller := range []app.Caller{{Subject: "eve"}, {Subject: "ada", Organizer: true}, {Subject: "root", Admin: true}} {
		page, err := s.ListShows(t.Context(), caller, app.ShowQuery{Limit: 10})
		if err != nil || titles(page) != "Lear " {
			t.Errorf("%+v: %q, %v", caller, titles(page), err)
		}
		found, err := s.Show(t.Context(), caller, s.store.show.ID())
		if err != nil || found.State().Title != "Lear" {
			t.Errorf("%+v: %+v, %v", caller, found.State(), err)
		}
	}
	equal(t, s.list(), "Hamlet ")
}

func displayDraft(t *testing.T, cache app.Cache) {
	s := newStage(t, cache)
	draft := s.store.show.State()
	draft.Status, draft.PublishedAt = show.Draft, time.Time{}
	s.store.set(func(s *store) { s.show = show.Restore(draft) })
	for range 2 {
		if _, err := s.Show(t.Context(), app.Caller{}, draft.ID); !errors.Is(err, app.ErrNotFound) {
			t.Fatalf("got %v", err)
		}
	}
	draft.Status, draft.PublishedAt = show.Published, at
	s.store.set(func(s *store) { s.show = show.Restore(draft) })
	equal(t, s.one(), "Hamlet ")
}

func displayQueries(t *testing.T, cache app.Cache) {
	s := newStage(t, cache)
	queries := []app.ShowQuery{
		{Limit: 10},
		{Limit: 11},
		{Limit: 10, Text: "a"},
		{Limit: 10, Category: "a"},
		{Limit: 10, From: at},
		{Limit: 10, To: at},
		{Limit: 10, Before: id.New()},
		{Limit: 10, Text: "a b", Category: "c"},
		{Limit: 10, Text: "a", Category: "b c"},
	}
	for range 2 {
		for _, q := range queries {
			if _, err := s.ListShows(t.Context(), app.Caller{}, q); err != nil {
				t.Fatal(err)
			}
		}
	}
	equal(t, s.store.loaded(), len(queries))
}
