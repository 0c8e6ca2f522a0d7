package app

import (
	"context"
	"time"
)

// Cache keeps what everybody sees of shows, for display: no use case decides by
// it. It may forget anything at any time, which costs speed and nothing else. So
// no method fails: a cache that does not answer at once has nothing, and lets
// every caller load. Methods may be called concurrently, and what they take and
// return must not be changed.
type Cache interface {
	// Get returns what is kept under the key, and the scope's mark, which is
	// empty before the first Renew.
	Get(ctx context.Context, scope, key string) (kept *Kept, mark string)
	// Put keeps a page under the key for that long.
	Put(ctx context.Context, key string, kept Kept, life time.Duration)
	// Claim reports true to one caller, who is to load what belongs under the
	// key and then to Release it; to others it does so once that was released or
	// the lease is over.
	Claim(ctx context.Context, key string, lease time.Duration) bool
	// Release ends a claim.
	Release(ctx context.Context, key string)
	// Renew gives the scopes marks that they never had, for that long.
	Renew(ctx context.Context, life time.Duration, scopes ...string)
}

// Kept is a page of shows as it was once loaded; a single show is a page of one.
type Kept struct {
	Page ShowPage
	// Mark is what its scope had before the page was loaded. Something changed
	// since when the scope has another one.
	Mark string
	At   time.Time // when it was loaded
}
