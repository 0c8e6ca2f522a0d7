// Package cachetest is the conformance suite of app.Cache, alone and with the use
// cases over it. Every adapter runs it; what only one of them does is a bug.
package cachetest

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/show"
)

// Run runs the suite; open is called once for every test and returns a cache that
// has nothing and goes by the real time.
func Run(t *testing.T, open func(t *testing.T) app.Cache) {
	tests := []struct {
		name string
		run  func(t *testing.T, cache app.Cache)
	}{
		{"a page is kept under its key as it was put", keep},
		{"a page ends", pageEnds},
		{"a renewed scope has a mark that it never had", renew},
		{"a mark ends", markEnds},
		{"a claim is one caller's until it is released", claim},
		{"a claim ends", claimEnds},
		{"of claims at the same time one succeeds", claimConcurrently},

		{"what is fresh is not loaded again", displayFresh},
		{"what is old is loaded again", displayOld},
		{"a change is displayed at once", displayChange},
		{"what changed while it was loaded is loaded again", displayRacedChange},
		{"of all who find nothing one loads", displaySingleFlight},
		{"what another has just loaded is not loaded again", displayOvertaken},
		{"what is old is displayed while it is loaded", displayStale},
		{"nobody waits long for another's load", displaySlow},
		{"what is old is displayed when the store fails", displayFailing},
		{"a load that failed is tried again by the next", displayFailedLoad},
		{"a load that its caller gave up is tried again by the next", displayCancelledLoad},
		{"who is signed in sees what the store has", displaySignedIn},
		{"a draft is displayed to nobody", displayDraft},
		{"queries are apart", displayQueries},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, open(t))
		})
	}
}

const (
	long  = time.Hour
	short = 20 * time.Millisecond
)

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("\n got %+v\nwant %+v", got, want)
	}
}

// eventually waits for the condition.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for !is() {
		select {
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}

func published(title string) show.Show {
	return show.Restore(show.State{
		ID: id.New(), OrganizerID: "ada", Status: show.Published, PublishedAt: at, Version: 2,
		Details: show.Details{Title: title, Category: "theatre"},
	})
}

func full() app.Kept {
	return app.Kept{
		Mark: "7",
		At:   at.Add(time.Minute),
		Page: app.ShowPage{
			Next: id.New(),
			Shows: []show.Show{published("Hamlet"), show.Restore(show.State{
				ID: id.New(), OrganizerID: "ada", Status: show.Cancelled, Reason: "flood", PublishedAt: at, Version: 7,
				Details: show.Details{
					Title: "Ödipus \x01 '\"%_", Description: "京劇\n", Category: "théâtre", VenueID: id.New(), ArtistIDs: []id.ID{id.New(), id.New()},
				},
			})},
		},
	}
}

func keep(t *testing.T, cache app.Cache) {
	kept, mark := cache.Get(t.Context(), "s", "a")
	equal(t, kept, (*app.Kept)(nil))
	equal(t, mark, "")
	a, b, empty := full(), app.Kept{At: at, Page: app.ShowPage{Shows: []show.Show{published("b")}}}, app.Kept{At: at}
	cache.Put(t.Context(), "a", full(), long)
	cache.Put(t.Context(), "a", a, long)
	cache.Put(t.Context(), "b", b, long)
	cache.Put(t.Context(), "a key of \"any\" ☃ text", empty, long)
	for key, want := range map[string]app.Kept{"a": a, "b": b, "a key of \"any\" ☃ text": empty} {
		kept, _ := cache.Get(t.Context(), "s", key)
		equal(t, kept, &want)
	}
}

func pageEnds(t *testing.T, cache app.Cache) {
	cache.Put(t.Context(), "a", full(), short)
	cache.Put(t.Context(), "b", full(), long)
	eventually(t, "the page ends", func() bool { kept, _ := cache.Get(t.Context(), "s", "a"); return kept == nil })
	if kept, _ := cache.Get(t.Context(), "s", "b"); kept == nil {
		t.Error("another page ended with it")
	}
}

func renew(t *testing.T, cache app.Cache) {
	seen := map[string]bool{"": true}
	mark := func(scope string) string { _, m := cache.Get(t.Context(), scope, "a"); return m }
	for range 3 {
		cache.Renew(t.Context(), long, "s", "t")
		if seen[mark("s")] {
			t.Errorf("mark %q again", mark("s"))
		}
		equal(t, mark("s"), mark("s"))
		seen[mark("s")] = true
	}
	before := mark("t")
	cache.Renew(t.Context(), long, "s")
	equal(t, mark("t"), before)
	equal(t, mark("u"), "")
}

func markEnds(t *testing.T, cache app.Cache) {
	cache.Renew(t.Context(), short, "s")
	eventually(t, "the mark ends", func() bool { _, m := cache.Get(t.Context(), "s", "a"); return m == "" })
}

func claim(t *testing.T, cache app.Cache) {
	equal(t, cache.Claim(t.Context(), "a", long), true)
	equal(t, cache.Claim(t.Context(), "a", long), false)
	equal(t, cache.Claim(t.Context(), "b", long), true)
	cache.Release(t.Context(), "a")
	equal(t, cache.Claim(t.Context(), "b", long), false)
	equal(t, cache.Claim(t.Context(), "a", long), true)
}

func claimEnds(t *testing.T, cache app.Cache) {
	cache.Claim(t.Context(), "a", short)
	eventually(t, "the claim ends", func() bool { return cache.Claim(t.Context(), "a", long) })
}

func claimConcurrently(t *testing.T, cache app.Cache) {
	var claimed atomic.Int32
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if cache.Claim(t.Context(), "a", long) {
				claimed.Add(1)
			}
		})
	}
	all.Wait()
	equal(t, claimed.Load(), int32(1))
}

func titles(page app.ShowPage) string {
	text := ""
	for _, s := range page.Shows {
		text += fmt.Sprint(s.State().Title, " ")
	}
	return text
}
