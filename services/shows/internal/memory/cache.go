// Package memory keeps what everybody sees of shows in this process, bounded in
// size. It must not decide how long that may be shown.
package memory

import (
	"context"
	"strconv"
	"sync"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/services/shows/internal/app"
)

// DefaultBytes is what a process may spend on it.
const DefaultBytes = 16 << 20

// Cache is app.Cache in memory.
type Cache struct {
	clock clock.Clock
	limit int

	mu     sync.Mutex
	pages  map[string]page
	bytes  int // of pages, about
	claims map[string]time.Time
	marks  map[string]mark
	last   uint64 // mark that was given
}

type page struct {
	kept  app.Kept
	until time.Time
	bytes int
}

type mark struct {
	value string
	until time.Time
}

var _ app.Cache = (*Cache)(nil)

// New returns an empty cache of about so many bytes.
func New(bytes int, c clock.Clock) *Cache {
	return &Cache{clock: c, limit: bytes, pages: map[string]page{}, claims: map[string]time.Time{}, marks: map[string]mark{}}
}

// Get implements app.Cache.
func (c *Cache) Get(_ context.Context, scope, key string) (*app.Kept, string) {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	value := ""
	if m := c.marks[scope]; now.Before(m.until) {
		value = m.value
	}
	if p, there := c.pages[key]; there && now.Before(p.until) {
		return &p.kept, value
	}
	return nil, value
}

// Put implements app.Cache.
func (c *Cache) Put(_ context.Context, key string, kept app.Kept, life time.Duration) {
	p := page{kept: kept, until: c.clock.Now().Add(life), bytes: size(key, kept)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(key)
	if p.bytes > c.limit {
		return
	}
	// The order of a map is random, which is as good as least recently used here:
	// what is lost is loaded again.
	for other := range c.pages {
		if c.bytes+p.bytes <= c.limit {
			break
		}
		c.drop(other)
	}
	c.pages[key] = p
	c.bytes += p.bytes
}

func (c *Cache) drop(key string) {
	c.bytes -= c.pages[key].bytes
	delete(c.pages, key)
}

// size is about what a page takes.
func size(key string, kept app.Kept) int {
	const overhead = 300 // of a show's fields and of an entry
	bytes := overhead + len(key)
	for _, s := range kept.Page.Shows {
		state := s.State()
		bytes += overhead + len(state.Title) + len(state.Description) + len(state.Reason) + 16*len(state.ArtistIDs)
	}
	return bytes
}

// Claim implements app.Cache.
func (c *Cache) Claim(_ context.Context, key string, lease time.Duration) bool {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Before(c.claims[key]) {
		return false
	}
	c.claims[key] = now.Add(lease)
	return true
}

// Release implements app.Cache.
func (c *Cache) Release(_ context.Context, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.claims, key)
}

// Renew implements app.Cache.
func (c *Cache) Renew(_ context.Context, life time.Duration, scopes ...string) {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for scope, m := range c.marks {
		if !now.Before(m.until) {
			delete(c.marks, scope)
		}
	}
	for _, scope := range scopes {
		c.last++
		c.marks[scope] = mark{strconv.FormatUint(c.last, 10), now.Add(life)}
	}
}
