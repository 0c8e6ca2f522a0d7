// Package idempotency remembers what a request with an Idempotency-Key was
// answered, so that its repetition gets the same answer and creates nothing
// twice. It knows no HTTP: the middleware that does lives in platform/api.
package idempotency

import (
	"context"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"
)

// TTL is how long a key is remembered, from its last change.
const TTL = 24 * time.Hour

var (
	// ErrReused: the key was used with another body.
	ErrReused = errors.New("idempotency key was used with another request")
	// ErrInProgress: the first request with the key is still running.
	ErrInProgress = errors.New("request with this idempotency key is in progress")
	// ErrNotClaimed: there is no running claim to finish; it expired, or it is
	// finished already.
	ErrNotClaimed = errors.New("idempotency key is not claimed")
)

// Key is what a caller's key is unique within.
type Key struct {
	Caller string // who: the token's subject
	Method string
	Path   string
	Key    string // the header's value
}

// Response is what is replayed.
type Response struct {
	Status      int
	ContentType string
	Location    string
	Body        []byte
}

// Claim is the right to run the request, or its earlier answer.
type Claim struct {
	// ResourceID is the id of what the request creates. It is the same for
	// every execution under one key, so that one that follows a crash finds
	// what the earlier one left.
	ResourceID id.ID
	// Replay is the answer to give instead of running; nil means run.
	Replay *Response
}

// Store is where keys are remembered. All methods may be called concurrently,
// also by several processes, and have taken durable effect when they return.
type Store interface {
	// Claim takes k for lease. A key that is finished answers with Replay; one
	// that runs under a live lease with ErrInProgress; one whose lease is over
	// or that was abandoned is taken over with the ResourceID it had. A body
	// with another hash is ErrReused, except after Abandon, which leaves the
	// key as new to it. A key older than TTL is new.
	Claim(ctx context.Context, k Key, bodyHash [32]byte, lease time.Duration) (Claim, error)
	// Finish keeps r for TTL. The first answer stays: a later one, and one for
	// a key that is not claimed, is ErrNotClaimed.
	Finish(ctx context.Context, k Key, r Response) error
	// Abandon frees a running key after an answer that must not be replayed.
	// It does nothing for a key that is finished or unknown.
	Abandon(ctx context.Context, k Key) error
	// ReleaseLeases ends every lease. It is for the start of a process that
	// shares its store with no other.
	ReleaseLeases(ctx context.Context) error
}

type resourceKey struct{}

// WithResourceID returns a context whose ResourceID is v.
func WithResourceID(ctx context.Context, v id.ID) context.Context {
	return context.WithValue(ctx, resourceKey{}, v)
}

// ResourceID returns the id for what the request creates: the claimed one, or
// a new one with every call when the request has no key.
func ResourceID(ctx context.Context) id.ID {
	if v, ok := ctx.Value(resourceKey{}).(id.ID); ok {
		return v
	}
	return id.New()
}

// Claimed reports whether the request has a key. Without one its ResourceID is
// new, and nobody needs to look whether what has it exists.
func Claimed(ctx context.Context) bool {
	_, ok := ctx.Value(resourceKey{}).(id.ID)
	return ok
}
