package memory_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/app/cachetest"
	"ticketmesh.dev/services/shows/internal/memory"
	"ticketmesh.dev/services/shows/internal/show"
)

func TestCacheConforms(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(*testing.T) app.Cache { return memory.New(memory.DefaultBytes, clock.System{}) })
}

func TestACacheKeepsToItsSize(t *testing.T) {
	t.Parallel()
	cache := memory.New(100_000, clock.System{})
	of := func(bytes int) app.Kept {
		return app.Kept{Page: app.ShowPage{Shows: []show.Show{show.Restore(show.State{
			ID: id.New(), Details: show.Details{Description: strings.Repeat("x", bytes)},
		})}}}
	}
	held := func(keys int) (n int) {
		for i := range keys {
			if kept, _ := cache.Get(t.Context(), "", fmt.Sprint(i)); kept != nil {
				n++
			}
		}
		return n
	}
	for i := range 1000 {
		cache.Put(t.Context(), fmt.Sprint(i), of(9000), time.Hour)
		if kept, _ := cache.Get(t.Context(), "", fmt.Sprint(i)); kept == nil {
			t.Fatalf("page %d is not kept", i)
		}
	}
	if n := held(1000); n != 10 {
		t.Errorf("%d pages of about 9,600 bytes are kept in 100,000", n)
	}
	for range 100 { // the same again takes no more
		cache.Put(t.Context(), "999", of(9000), time.Hour)
	}
	if n := held(1000); n != 10 {
		t.Errorf("%d pages are kept after one was put again", n)
	}
	cache.Put(t.Context(), "999", of(100_000), time.Hour) // too large
	if n := held(1000); n != 9 {
		t.Errorf("%d pages are kept after one that is too large", n)
	}
}
