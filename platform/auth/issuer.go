package auth

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"ticketmesh.dev/platform/clock"
)

// Issuer returns an issuer's keys as Discover does, but asks nobody until the first
// token has arrived: a process that may never see one does not wait for it. While
// the issuer cannot be asked, tokens are ErrUnavailable; it is asked again at most
// every ten seconds.
func Issuer(issuer string, client *http.Client, c clock.Clock) oidc.KeySet {
	if c == nil {
		c = clock.System{}
	}
	return &issuerKeys{issuer: issuer, client: client, clock: c}
}

type issuerKeys struct {
	issuer string
	client *http.Client
	clock  clock.Clock

	mu     sync.Mutex
	keys   oidc.KeySet
	asked  time.Time
	failed error
}

// VerifySignature implements oidc.KeySet.
func (k *issuerKeys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	keys, err := k.discover(ctx)
	if err != nil {
		outage := &fetchError{err}
		if at, ok := ctx.Value(outageKey{}).(*error); ok {
			*at = outage
		}
		return nil, outage
	}
	return keys.VerifySignature(ctx, token)
}

// discover has all who wait at the same time wait for one answer.
func (k *issuerKeys) discover(ctx context.Context) (oidc.KeySet, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys != nil {
		return k.keys, nil
	}
	if k.failed != nil && k.clock.Now().Sub(k.asked) < refetchAfter {
		return nil, k.failed
	}
	// The answer is for all, so it does not end with the request of the first.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	keys, err := Discover(ctx, k.issuer, k.client, k.clock)
	k.keys, k.failed, k.asked = keys, err, k.clock.Now()
	return keys, err
}
