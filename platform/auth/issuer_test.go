package auth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"

	"github.com/go-jose/go-jose/v4"
)

func TestAnIssuerIsAskedWithTheFirstTokenAndAgainOnceItCanAnswer(t *testing.T) {
	t.Parallel()
	s := startIssuer(t, jose.JSONWebKey{Key: rsaKey.Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"})
	var down atomic.Bool
	var asked atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if down.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		s.Config.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.Host = proxy.Listener.Addr().String()
		return http.DefaultTransport.RoundTrip(r)
	})}
	now := clock.NewManual(start)
	v, err := auth.NewVerifier(auth.Config{Issuer: s.URL, ClientIDs: []string{"web"}, KeySet: auth.Issuer(s.URL, client, now), Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("asked %d times before there was a token", n)
	}

	token := signAs(t, "k1", rsaKey, with(map[string]any{"iss": s.URL}))
	down.Store(true)
	for range 3 {
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, auth.ErrUnavailable) {
			t.Fatalf("error = %v, want ErrUnavailable", err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times within ten seconds, want 1", n)
	}

	down.Store(false)
	now.Advance(10 * time.Second)
	for range 3 {
		if c, err := v.Verify(t.Context(), token); err != nil || c.Sub != "u-1" {
			t.Fatalf("got %+v, %v", c, err)
		}
	}
	if n := asked.Load(); n != 3 { // and then for its document and its keys
		t.Errorf("asked %d times, want 3", n)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
