package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
)

const (
	issuer = "https://issuer.example.com/pool"
	client = "web"
)

var (
	start      = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	rsaKey     = must(rsa.GenerateKey(rand.Reader, 2048))
	otherKey   = must(rsa.GenerateKey(rand.Reader, 2048))
	ecKey      = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	staticKeys = &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{rsaKey.Public(), ecKey.Public()}}
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func good() map[string]any {
	return map[string]any{
		"sub": "u-1", "iss": issuer, "client_id": client, "token_use": "access", "email": "a@example.com",
		"cognito:groups": []string{"organizer", "gate"},
		"iat":            start.Unix(), "auth_time": start.Unix(), "exp": start.Add(time.Hour).Unix(),
	}
}

func with(changes map[string]any) map[string]any {
	c := good()
	maps.Copy(c, changes)
	for k, v := range c {
		if v == nil {
			delete(c, k)
		}
	}
	return c
}

func sign(tb testing.TB, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	tb.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
	if err != nil {
		tb.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		tb.Fatal(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		tb.Fatal(err)
	}
	return must(object.CompactSerialize())
}

func newVerifier(tb testing.TB, c clock.Clock) auth.Verifier {
	tb.Helper()
	v, err := auth.NewVerifier(auth.Config{Issuer: issuer, ClientIDs: []string{client, "app"}, KeySet: staticKeys, Clock: c})
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func raw(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestVerifyTakesAccessTokensOfTheIssuer(t *testing.T) {
	t.Parallel()
	want := auth.Caller{Sub: "u-1", ClientID: client, Email: "a@example.com", Groups: []string{"organizer", "gate"}}
	tests := []struct {
		name string
		give string
		want auth.Caller
	}{
		{"RS256", sign(t, jose.RS256, rsaKey, good()), want},
		{"ES256", sign(t, jose.ES256, ecKey, good()), want},
		{
			"of the other client", sign(t, jose.RS256, rsaKey, with(map[string]any{"client_id": "app"})),
			auth.Caller{Sub: "u-1", ClientID: "app", Email: want.Email, Groups: want.Groups},
		},
		{
			"without groups and email", sign(t, jose.RS256, rsaKey, with(map[string]any{"cognito:groups": nil, "email": nil})),
			auth.Caller{Sub: "u-1", ClientID: client},
		},
		{"issued a minute ahead", sign(t, jose.RS256, rsaKey, with(map[string]any{"iat": start.Unix() + 60, "nbf": start.Unix() + 60})), want},
		{"in its last second", sign(t, jose.RS256, rsaKey, with(map[string]any{"exp": start.Unix() + 1})), want},
	}
	v := newVerifier(t, clock.NewManual(start))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := v.Verify(t.Context(), tt.give)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(rsaKey.Public()))})
	payload := string(must(json.Marshal(good())))
	valid := sign(t, jose.RS256, rsaKey, good())
	parts := strings.Split(valid, ".")
	rs := func(changes map[string]any) string { return sign(t, jose.RS256, rsaKey, with(changes)) }
	tests := []struct{ name, give string }{
		{"nothing", ""},
		{"garbage", "garbage"},
		{"dots", ".."},
		{"alg none", raw(`{"alg":"none"}`) + "." + raw(payload) + "."},
		{"alg None with the signature", raw(`{"alg":"None"}`) + "." + parts[1] + "." + parts[2]},
		{"HS256 with the public key as its secret", sign(t, jose.HS256, publicPEM, good())},
		{"an algorithm that is not pinned", sign(t, jose.RS512, rsaKey, good())},
		{"another key", sign(t, jose.RS256, otherKey, good())},
		{"a changed payload", parts[0] + "." + raw(strings.Replace(payload, "u-1", "u-2", 1)) + "." + parts[2]},
		{"a cut signature", parts[0] + "." + parts[1] + "." + parts[2][:20]},
		{"another issuer", rs(map[string]any{"iss": "https://issuer.example.com/other"})},
		{"an issuer that only begins alike", rs(map[string]any{"iss": issuer + "/"})},
		{"an id token", rs(map[string]any{"token_use": "id", "aud": client})},
		{"no token_use", rs(map[string]any{"token_use": nil})},
		{"another client", rs(map[string]any{"client_id": "strange"})},
		{"no client", rs(map[string]any{"client_id": nil})},
		{"no sub", rs(map[string]any{"sub": nil})},
		{"an empty sub", rs(map[string]any{"sub": ""})},
		{"expired", rs(map[string]any{"exp": start.Unix() - 1})},
		{"expires now", rs(map[string]any{"exp": start.Unix()})},
		{"no expiry", rs(map[string]any{"exp": nil})},
		{"issued in the future", rs(map[string]any{"iat": start.Unix() + 61})},
		{"not valid yet", rs(map[string]any{"nbf": start.Unix() + 61})},
		{"groups of another type", rs(map[string]any{"cognito:groups": "admin"})},
		{"over 8 KiB", rs(map[string]any{"padding": strings.Repeat("x", 8<<10)})},
		{"JSON serialisation", must(jose.ParseSignedCompact(valid, []jose.SignatureAlgorithm{jose.RS256})).FullSerialize()},
		{"a part too many", valid + ".x"},
		{"space within", valid[:10] + " " + valid[10:]},
	}
	v := auth.Cached(newVerifier(t, clock.NewManual(start)), 64, clock.NewManual(start))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // the second time the cache could have learnt it
				c, err := v.Verify(t.Context(), tt.give)
				if !errors.Is(err, auth.ErrUnauthenticated) {
					t.Fatalf("error = %v, want ErrUnauthenticated", err)
				}
				if !reflect.DeepEqual(c, auth.Caller{}) {
					t.Errorf("a refusal names the caller %+v", c)
				}
			}
		})
	}
}

func TestNewVerifierRefusesToTakeAnyToken(t *testing.T) {
	t.Parallel()
	full := auth.Config{Issuer: issuer, ClientIDs: []string{client}, KeySet: staticKeys}
	tests := []struct {
		name string
		give func(*auth.Config)
	}{
		{"no issuer", func(c *auth.Config) { c.Issuer = "" }},
		{"no client", func(c *auth.Config) { c.ClientIDs = nil }},
		{"an empty client", func(c *auth.Config) { c.ClientIDs = []string{""} }},
		{"no keys", func(c *auth.Config) { c.KeySet = nil }},
		{"HMAC", func(c *auth.Config) { c.Algorithms = []string{"HS256"} }},
		{"none", func(c *auth.Config) { c.Algorithms = []string{"none"} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := full
			tt.give(&c)
			if _, err := auth.NewVerifier(c); err == nil {
				t.Error("want an error")
			}
		})
	}
}

func TestContextCarriesTheCaller(t *testing.T) {
	t.Parallel()
	if _, ok := auth.CallerFrom(t.Context()); ok {
		t.Error("a caller in an empty context")
	}
	c, ok := auth.CallerFrom(auth.WithCaller(t.Context(), auth.Caller{Sub: "u", Groups: []string{"gate"}}))
	if !ok || c.Sub != "u" || !c.In("gate") || c.In("admin") {
		t.Errorf("got %+v, %t", c, ok)
	}
}

type counting struct {
	next  auth.Verifier
	calls atomic.Int64
}

func (c *counting) Verify(ctx context.Context, token string) (auth.Caller, error) {
	c.calls.Add(1)
	return c.next.Verify(ctx, token)
}

func TestCacheVerifiesOnceUntilTheTokenExpires(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(start)
	counted := &counting{next: newVerifier(t, now)}
	v := auth.Cached(counted, 1024, now)
	token := sign(t, jose.RS256, rsaKey, with(map[string]any{"exp": start.Add(2 * time.Minute).Unix()}))
	for range 3 {
		if c, err := v.Verify(t.Context(), token); err != nil || c.Sub != "u-1" {
			t.Fatalf("got %+v, %v", c, err)
		}
	}
	if got := counted.calls.Load(); got != 1 {
		t.Errorf("verified %d times, want 1", got)
	}
	now.Advance(2 * time.Minute)
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("error = %v after the token's end, want ErrUnauthenticated", err)
	}
}

func TestCacheLooksAtTheSignatureAgainAfterFiveMinutes(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(start)
	counted := &counting{next: newVerifier(t, now)}
	v := auth.Cached(counted, 1024, now)
	token := sign(t, jose.RS256, rsaKey, good())
	for range 2 {
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		now.Advance(5 * time.Minute)
	}
	if got := counted.calls.Load(); got != 2 {
		t.Errorf("verified %d times, want 2", got)
	}
}

func TestCacheIsBoundedAndStillRight(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(start)
	counted := &counting{next: newVerifier(t, now)}
	const size, tokens = 32, 200
	v := auth.Cached(counted, size, now)
	var signed []string
	for i := range tokens {
		signed = append(signed, sign(t, jose.ES256, ecKey, with(map[string]any{"sub": "u-" + string(rune('a'+i))})))
	}
	for round := range 2 {
		for i, token := range signed {
			c, err := v.Verify(t.Context(), token)
			if want := "u-" + string(rune('a'+i)); err != nil || c.Sub != want {
				t.Fatalf("round %d: got %q, %v, want %q", round, c.Sub, err, want)
			}
		}
	}
	if got := counted.calls.Load(); got < 2*tokens-size {
		t.Errorf("verified %d times, so more than %d were remembered", got, size)
	}
}

func TestCacheTakesManyAtOnce(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(start)
	v := auth.Cached(newVerifier(t, now), 16, now)
	var signed []string
	for i := range 40 {
		signed = append(signed, sign(t, jose.ES256, ecKey, with(map[string]any{"sub": "u-" + string(rune('a'+i))})))
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, token := range signed {
				if c, err := v.Verify(context.Background(), token); err != nil || c.Sub != "u-"+string(rune('a'+i)) {
					t.Errorf("got %+v, %v", c, err)
				}
			}
		})
	}
	wg.Wait()
}

// issuerServer is an OIDC issuer whose keys can be changed and counted.
type issuerServer struct {
	*httptest.Server
	keys    atomic.Pointer[jose.JSONWebKeySet]
	fetches atomic.Int64
	broken  atomic.Bool
}

func startIssuer(t *testing.T, keys ...jose.JSONWebKey) *issuerServer {
	t.Helper()
	s := &issuerServer{}
	s.keys.Store(&jose.JSONWebKeySet{Keys: keys})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": s.URL, "jwks_uri": s.URL + "/keys", "authorization_endpoint": s.URL + "/a", "token_endpoint": s.URL + "/t"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		s.fetches.Add(1)
		if s.broken.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.keys.Load())
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func signAs(t *testing.T, kid string, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", kid)))
	return must(must(signer.Sign(must(json.Marshal(claims)))).CompactSerialize())
}

func TestDiscoverFindsKeysAndFollowsTheirRotation(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(start)
	s := startIssuer(t, jose.JSONWebKey{Key: rsaKey.Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"})
	keys, err := auth.Discover(t.Context(), s.URL, s.Client(), now)
	if err != nil {
		t.Fatal(err)
	}
	v := must(auth.NewVerifier(auth.Config{Issuer: s.URL, ClientIDs: []string{client}, KeySet: keys, Clock: now}))
	claims := with(map[string]any{"iss": s.URL})
	if _, err := v.Verify(t.Context(), signAs(t, "k1", rsaKey, claims)); err != nil {
		t.Fatalf("the first key: %v", err)
	}

	rotated := signAs(t, "k2", otherKey, claims)
	s.keys.Store(&jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: otherKey.Public(), KeyID: "k2", Algorithm: "RS256", Use: "sig"}}})
	if _, err := v.Verify(t.Context(), rotated); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("within ten seconds of a fetch: %v, want ErrUnauthenticated", err)
	}
	for range 20 {
		_, _ = v.Verify(t.Context(), rotated)
	}
	if got := s.fetches.Load(); got != 1 {
		t.Errorf("unknown keys made %d fetches, want 1", got)
	}
	now.Advance(10 * time.Second)
	if _, err := v.Verify(t.Context(), rotated); err != nil {
		t.Errorf("the rotated key: %v", err)
	}
}

func TestAnOutageOfTheIssuerIsNotABadToken(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(start)
	s := startIssuer(t, jose.JSONWebKey{Key: rsaKey.Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"})
	s.broken.Store(true)
	v := must(auth.NewVerifier(auth.Config{
		Issuer: s.URL, ClientIDs: []string{client}, KeySet: auth.Remote(s.URL+"/keys", s.Client(), now), Clock: now,
	}))
	token := signAs(t, "k1", rsaKey, with(map[string]any{"iss": s.URL}))
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, auth.ErrUnauthenticated) {
		t.Fatalf("error = %v, want ErrUnavailable", err)
	}
	s.broken.Store(false)
	now.Advance(10 * time.Second)
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Errorf("after the outage: %v", err)
	}
	s.broken.Store(true)
	now.Advance(time.Minute)
	if _, err := v.Verify(t.Context(), signAs(t, "k9", otherKey, with(map[string]any{"iss": s.URL}))); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("an unknown key during an outage with known keys: %v, want ErrUnauthenticated", err)
	}
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Errorf("a known key during an outage: %v", err)
	}
}

func TestDiscoverRefusesAnIssuerOfAnotherName(t *testing.T) {
	t.Parallel()
	s := startIssuer(t)
	if _, err := auth.Discover(t.Context(), s.URL+"/", s.Client(), nil); err == nil {
		t.Error("want an error")
	}
}

func FuzzVerify(f *testing.F) {
	valid := sign(f, jose.ES256, ecKey, good())
	f.Add(valid)
	f.Add(sign(f, jose.HS256, []byte("0123456789abcdef0123456789abcdef"), good()))
	f.Add(raw(`{"alg":"none"}`) + "." + raw(`{"sub":"x"}`) + ".")
	f.Add(strings.Replace(valid, ".", "..", 1))
	f.Add(`{"payload":"e30","protected":"e30","signature":""}`)
	f.Add("")
	now := clock.NewManual(start)
	v := auth.Cached(newVerifier(f, now), 64, now)
	f.Fuzz(func(t *testing.T, token string) {
		c, err := v.Verify(t.Context(), token)
		if err == nil {
			// ECDSA signatures are malleable and base64 has spare bits, so not only
			// the seed itself passes, but nothing else than its payload may.
			if c.Sub != "u-1" || strings.Split(token, ".")[1] != strings.Split(valid, ".")[1] {
				t.Fatalf("took %q as %+v", token, c)
			}
			return
		}
		if !errors.Is(err, auth.ErrUnauthenticated) {
			t.Fatalf("error = %v", err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	now := clock.NewManual(start)
	plain := newVerifier(b, now)
	for _, bb := range []struct {
		name  string
		v     auth.Verifier
		token string
	}{
		{"RS256", plain, sign(b, jose.RS256, rsaKey, good())},
		{"ES256", plain, sign(b, jose.ES256, ecKey, good())},
		{"cached", auth.Cached(plain, 1024, now), sign(b, jose.RS256, rsaKey, good())},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bb.v.Verify(b.Context(), bb.token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
