package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"ticketmesh.dev/platform/clock"
)

const (
	fetchTimeout = 5 * time.Second
	// refetchAfter bounds how often tokens with made-up key ids make us ask the
	// issuer: go-oidc asks for each.
	refetchAfter = 10 * time.Second
	maxKeysBytes = 1 << 20
)

// Remote returns the keys behind a JWKS URL. They are fetched when the first
// token arrives, and again, at most every ten seconds, when a token names a key
// that is not among them.
func Remote(url string, client *http.Client, c clock.Clock) oidc.KeySet {
	if client == nil {
		client = &http.Client{Timeout: fetchTimeout}
	}
	if c == nil {
		c = clock.System{}
	}
	limited := *client
	limited.Transport = &keyTransport{next: client.Transport, clock: c}
	ctx := oidc.ClientContext(context.Background(), &limited)
	return &remoteKeys{keys: oidc.NewRemoteKeySet(ctx, url)}
}

// Discover asks the issuer where its keys are and returns them as Remote does.
// It fails when the issuer cannot be reached or calls itself by another name.
func Discover(ctx context.Context, issuer string, client *http.Client, c clock.Clock) (oidc.KeySet, error) {
	if client == nil {
		client = &http.Client{Timeout: fetchTimeout}
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, client), issuer)
	if err != nil {
		return nil, fmt.Errorf("auth: discover %s: %w", issuer, err)
	}
	var document struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&document); err != nil {
		return nil, fmt.Errorf("auth: discover %s: %w", issuer, err)
	}
	if document.Keys == "" {
		return nil, fmt.Errorf("auth: discover %s: the document names no keys", issuer)
	}
	return Remote(document.Keys, client, c), nil
}

// outageKey finds, in a context, where remoteKeys leaves the reason of an
// outage: go-oidc turns it into text that looks like a bad signature.
type outageKey struct{}

type remoteKeys struct {
	keys oidc.KeySet
}

func (k *remoteKeys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.keys.VerifySignature(ctx, token)
	var outage *fetchError
	if errors.As(err, &outage) {
		if at, ok := ctx.Value(outageKey{}).(*error); ok {
			*at = outage
		}
	}
	return payload, err
}

type fetchError struct{ reason error }

func (e *fetchError) Error() string { return "fetch keys: " + e.reason.Error() }
func (e *fetchError) Unwrap() error { return e.reason }

// keyTransport answers a repeated request from memory until refetchAfter has
// passed. It serves one URL.
type keyTransport struct {
	next  http.RoundTripper
	clock clock.Clock

	mu      sync.Mutex
	fetched time.Time
	body    []byte
	header  http.Header
	failed  error
}

func (t *keyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.clock.Now(); t.fetched.IsZero() || !now.Before(t.fetched.Add(refetchAfter)) {
		header, body, err := t.fetch(r)
		t.fetched, t.failed = now, err
		if err == nil {
			t.header, t.body = header, body
		}
	}
	// Keys that were good seconds ago outlive a failed attempt to renew them.
	if t.body == nil {
		return nil, &fetchError{t.failed}
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: t.header.Clone(), Body: io.NopCloser(bytes.NewReader(t.body)), ContentLength: int64(len(t.body)), Request: r,
	}, nil
}

func (t *keyTransport) fetch(r *http.Request) (http.Header, []byte, error) {
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	res, err := next.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("the issuer answered %s", res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxKeysBytes))
	if err != nil {
		return nil, nil, err
	}
	return res.Header, body, nil
}
