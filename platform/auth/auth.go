// Package auth says who calls: it verifies access tokens of one OIDC issuer and
// carries the caller in the context. It decides nothing about what a caller may
// do, issues no tokens and keeps no sessions.
package auth

import (
	"context"
	"errors"
	"slices"
)

var (
	// ErrUnauthenticated: the token is not a valid access token. The reason it
	// wraps is for logs, never for the client.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrUnavailable: the issuer's keys could not be had, so nothing can be said
	// about the token. The request may be tried again.
	ErrUnavailable = errors.New("the issuer's keys are unavailable")
)

// Caller is who an access token was issued to. Groups is shared between
// requests and must not be changed.
type Caller struct {
	Sub      string
	ClientID string
	Email    string
	Groups   []string
}

// In reports whether the caller belongs to the group.
func (c Caller) In(group string) bool { return slices.Contains(c.Groups, group) }

// Verifier turns a bearer token into its caller, or ErrUnauthenticated, or
// ErrUnavailable. It may be called at the same time any number of times.
type Verifier interface {
	Verify(ctx context.Context, bearerToken string) (Caller, error)
}

type callerKey struct{}

// WithCaller returns a context that carries c.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom returns the caller in ctx; false means nobody has signed in.
func CallerFrom(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok
}
