package issuer_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/tools/internal/issuer"
)

const (
	clientID = "web"
	password = "correct horse"
)

var start = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// mesh is an issuer behind a real server.
type mesh struct {
	*issuer.Issuer
	url   string
	dir   string
	clock *clock.Manual
}

func open(t *testing.T, dir, url string, now clock.Clock) *issuer.Issuer {
	t.Helper()
	i, err := issuer.Open(t.Context(), issuer.Config{
		DataDir: dir, IssuerURL: url, ClientID: clientID, Clock: now,
		CORSOrigins: []string{"https://shop.example.com"},
		Logger:      slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	return i
}

func startMesh(t *testing.T) *mesh {
	t.Helper()
	m := &mesh{dir: t.TempDir(), clock: clock.NewManual(start)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.Handler().ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	m.url = server.URL
	m.Issuer = open(t, m.dir, m.url, m.clock)
	return m
}

type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) text(name string) string {
	s, _ := a.body[name].(string)
	return s
}

func (m *mesh) do(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, m.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header}
	if err := json.NewDecoder(res.Body).Decode(&a.body); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return a
}

func credentials(email, password string) string {
	b, _ := json.Marshal(map[string]string{"email": email, "password": password})
	return string(b)
}

func (m *mesh) signIn(t *testing.T, email, password string) answer {
	t.Helper()
	return m.do(t, "POST", "/auth/token", credentials(email, password))
}

func payload(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a token: %q", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSignUpAndSignIn(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	up := m.do(t, "POST", "/auth/signup", credentials("  Ann@Example.COM ", password))
	if up.status != 201 || up.text("email") != "ann@example.com" || up.text("userId") == "" {
		t.Fatalf("sign-up: %+v", up)
	}
	in := m.signIn(t, "ANN@example.com", password)
	if in.status != 200 || in.text("token_type") != "Bearer" || in.body["expires_in"] != 3600.0 || in.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("sign-in: %+v", in)
	}
	for name, want := range map[string]map[string]any{
		"access_token": {
			"sub": up.text("userId"), "iss": m.url, "client_id": clientID, "token_use": "access", "scope": "openid email",
			"username": up.text("userId"), "email": "ann@example.com",
		},
		"id_token": {
			"sub": up.text("userId"), "iss": m.url, "aud": clientID, "token_use": "id", "email": "ann@example.com", "email_verified": false,
			"cognito:username": up.text("userId"),
		},
	} {
		got := payload(t, in.text(name))
		if got["jti"] == "" {
			t.Errorf("%s has no jti", name)
		}
		delete(got, "jti")
		want["iat"], want["auth_time"], want["exp"] = float64(start.Unix()), float64(start.Unix()), float64(start.Add(time.Hour).Unix())
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v\nwant %v", name, got, want)
		}
	}
}

func TestTheAPITakesTheAccessTokenOnly(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	if created, err := m.AddUser(t.Context(), "olga@example.com", password, "organizer", "gate"); err != nil || !created {
		t.Fatalf("AddUser: %t, %v", created, err)
	}
	in := m.signIn(t, "olga@example.com", password)
	discovered, err := auth.Discover(t.Context(), m.url, nil, m.clock)
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string]oidc.KeySet{"in process": m.KeySet(), "discovered": discovered} {
		v, err := auth.NewVerifier(auth.Config{Issuer: m.url, ClientIDs: []string{clientID}, KeySet: keys, Clock: m.clock})
		if err != nil {
			t.Fatal(err)
		}
		c, err := v.Verify(t.Context(), in.text("access_token"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !c.In("organizer") || !c.In("gate") || c.In("admin") || c.Email != "olga@example.com" || c.ClientID != clientID || c.Sub == "" {
			t.Errorf("%s: %+v", name, c)
		}
		for _, other := range []string{"id_token", "refresh_token"} {
			if _, err := v.Verify(t.Context(), in.text(other)); !errors.Is(err, auth.ErrUnauthenticated) {
				t.Errorf("%s: the %s is taken: %v", name, other, err)
			}
		}
	}
	m.clock.Advance(time.Hour)
	v, _ := auth.NewVerifier(auth.Config{Issuer: m.url, ClientIDs: []string{clientID}, KeySet: m.KeySet(), Clock: m.clock})
	if _, err := v.Verify(t.Context(), in.text("access_token")); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("after an hour: %v", err)
	}
}

func TestAnOIDCClientCanUseTheIssuer(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	m.do(t, "POST", "/auth/signup", credentials("ann@example.com", password))
	provider, err := oidc.NewProvider(t.Context(), m.url)
	if err != nil {
		t.Fatal(err)
	}
	v := provider.Verifier(&oidc.Config{ClientID: clientID, Now: m.clock.Now})
	if _, err := v.Verify(t.Context(), m.signIn(t, "ann@example.com", password).text("id_token")); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json"} {
		a := m.do(t, "GET", path, "", "Origin", "https://shop.example.com")
		if a.status != 200 || a.header.Get("Cache-Control") != "public, max-age=300" || a.header.Get("Access-Control-Allow-Origin") == "" {
			t.Errorf("%s: %+v", path, a)
		}
		if strings.Contains(strings.Join(keysOf(a.body), " "), " d ") {
			t.Errorf("%s shows a private key", path)
		}
	}
}

func keysOf(v any) (names []string) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			names = append(append(names, "", k, ""), keysOf(inner)...)
		}
	case []any:
		for _, inner := range v {
			names = append(names, keysOf(inner)...)
		}
	}
	return names
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	m.do(t, "POST", "/auth/signup", credentials("ann@example.com", password))
	tests := []struct {
		name   string
		path   string
		give   string
		status int
		code   string
		field  string
	}{
		{"taken", "/auth/signup", credentials("ann@example.com", password), 409, "email_taken", ""},
		{"taken in another spelling", "/auth/signup", credentials(" ANN@example.com", "another password"), 409, "email_taken", ""},
		{"not an address", "/auth/signup", credentials("nobody", password), 400, "invalid_request", "email"},
		{"a name and an address", "/auth/signup", credentials("Ann <a@example.com>", password), 400, "invalid_request", "email"},
		{"two addresses", "/auth/signup", credentials("a@example.com, b@example.com", password), 400, "invalid_request", "email"},
		{"a line break", "/auth/signup", credentials("a@example.com\r\nBcc: b@example.com", password), 400, "invalid_request", "email"},
		{"a hidden character", "/auth/signup", credentials("a\u202e@example.com", password), 400, "invalid_request", "email"},
		{"a long address", "/auth/signup", credentials(strings.Repeat("a", 250)+"@example.com", password), 400, "invalid_request", "email"},
		{"a short password", "/auth/signup", credentials("b@example.com", "1234567"), 400, "invalid_request", "password"},
		{"a long password", "/auth/signup", credentials("b@example.com", strings.Repeat("a", 129)), 400, "invalid_request", "password"},
		{"no password", "/auth/signup", `{"email":"b@example.com"}`, 400, "invalid_request", "password"},
		{"choosing a group", "/auth/signup", `{"email":"b@example.com","password":"12345678","groups":["admin"]}`, 400, "invalid_request", "groups"},
		{"a wrong password", "/auth/token", credentials("ann@example.com", "wrong horse"), 401, "unauthenticated", ""},
		{"a short wrong password", "/auth/token", credentials("ann@example.com", "x"), 401, "unauthenticated", ""},
		{"an unknown address", "/auth/token", credentials("bob@example.com", password), 401, "unauthenticated", ""},
		{"something else than an address", "/auth/token", credentials("bob", password), 401, "unauthenticated", ""},
		{"an unknown refresh token", "/auth/token", `{"refresh_token":"made up"}`, 401, "unauthenticated", ""},
		{"an empty refresh token", "/auth/token", `{"refresh_token":""}`, 400, "invalid_request", "refresh_token"},
		{"nothing", "/auth/token", `{}`, 400, "invalid_request", "body"},
		{"both", "/auth/token", `{"email":"ann@example.com","password":"correct horse","refresh_token":"x"}`, 400, "invalid_request", "body"},
		{"form encoding", "/auth/token", ``, 415, "unsupported_media_type", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := m.do(t, "POST", tt.path, tt.give)
			if a.status != tt.status || a.text("code") != tt.code || a.header.Get("Content-Type") != "application/problem+json" {
				t.Fatalf("got %d %s %v, want %d %s", a.status, a.text("code"), a.body, tt.status, tt.code)
			}
			if tt.field != "" {
				errs, _ := a.body["errors"].([]any)
				if len(errs) == 0 || errs[0].(map[string]any)["field"] != tt.field {
					t.Errorf("errors %v, want field %s", errs, tt.field)
				}
			}
		})
	}
}

func TestARefusedAddressIsToldInWords(t *testing.T) {
	t.Parallel()
	a := startMesh(t).do(t, "POST", "/auth/signup", credentials("nobody", password))
	if !strings.Contains(a.text("detail"), "email must be an e-mail address") {
		t.Errorf("got %v", a.body)
	}
}

func TestASignInIsRenewed(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	m.do(t, "POST", "/auth/signup", credentials("ann@example.com", password))
	refresh := m.signIn(t, "ann@example.com", password).text("refresh_token")
	renew := func() answer { return m.do(t, "POST", "/auth/token", `{"refresh_token":"`+refresh+`"}`) }

	m.clock.Advance(29 * 24 * time.Hour)
	for range 2 {
		a := renew()
		if a.status != 200 || a.text("refresh_token") != refresh {
			t.Fatalf("got %+v", a)
		}
		claims := payload(t, a.text("access_token"))
		if claims["iat"] != float64(m.clock.Now().Unix()) || claims["auth_time"] != float64(start.Unix()) {
			t.Errorf("iat %v, auth_time %v", claims["iat"], claims["auth_time"])
		}
	}
	m.clock.Advance(24 * time.Hour)
	if a := renew(); a.status != 401 {
		t.Errorf("after 30 days: %+v", a)
	}
}

func TestRevokeEndsEverySignIn(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	for _, email := range []string{"ann@example.com", "bob@example.com"} {
		m.do(t, "POST", "/auth/signup", credentials(email, password))
	}
	ann := m.signIn(t, "ann@example.com", password).text("refresh_token")
	bob := m.signIn(t, "bob@example.com", password).text("refresh_token")
	if err := m.Revoke(t.Context(), "ANN@example.com"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Renew(t.Context(), ann); !errors.Is(err, issuer.ErrCredentials) {
		t.Errorf("revoked: %v", err)
	}
	if _, err := m.Renew(t.Context(), bob); err != nil {
		t.Errorf("another's: %v", err)
	}
}

func TestASignUpMayBeRepeatedUnderItsKey(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	up := func(key, email, password string) answer {
		return m.do(t, "POST", "/auth/signup", credentials(email, password), "Idempotency-Key", key)
	}
	first := up("k1", "ann@example.com", password)
	again := up("k1", "ann@example.com", password)
	if first.status != 201 || again.status != 201 || !reflect.DeepEqual(first.body, again.body) {
		t.Fatalf("got %+v and %+v", first, again)
	}
	if first.header.Get("Idempotency-Replayed") != "" || again.header.Get("Idempotency-Replayed") != "true" {
		t.Error("Idempotency-Replayed does not tell them apart")
	}
	for name, a := range map[string]answer{
		"another password": up("k1", "ann@example.com", "another password"),
		"another address":  up("k1", "bob@example.com", password),
	} {
		if a.status != 422 || a.text("code") != "idempotency_key_reused" {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if a := up("k2", "ann@example.com", password); a.status != 409 {
		t.Errorf("another key: %+v", a)
	}
	if a := up(strings.Repeat("k", 256), "eve@example.com", password); a.status != 400 {
		t.Errorf("a long key: %+v", a)
	}
	m.clock.Advance(24 * time.Hour)
	if a := up("k1", "bob@example.com", password); a.status != 201 {
		t.Errorf("a day later: %+v", a)
	}
}

func TestFailedSignInsAreLimitedPerAddress(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	m.do(t, "POST", "/auth/signup", credentials("ann@example.com", password))
	for n := range 10 {
		if a := m.signIn(t, "ann@example.com", "wrong horse"); a.status != 401 {
			t.Fatalf("attempt %d: %+v", n+1, a)
		}
		m.clock.Advance(time.Second)
	}
	for _, given := range []string{"wrong horse", password} {
		a := m.signIn(t, " Ann@example.com", given)
		if a.status != 429 || a.text("code") != "rate_limited" || a.header.Get("Retry-After") != "50" {
			t.Errorf("with %q: %+v", given, a)
		}
	}
	if a := m.signIn(t, "bob@example.com", password); a.status != 401 {
		t.Errorf("another address: %+v", a)
	}
	m.clock.Advance(50 * time.Second)
	if a := m.signIn(t, "ann@example.com", password); a.status != 200 {
		t.Errorf("after the minute: %+v", a)
	}
	if a := m.signIn(t, "ann@example.com", "wrong horse"); a.status != 401 {
		t.Errorf("a success does not clear the count: %+v", a)
	}
}

func TestGuessesSentAtOnceAreLimitedToo(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	var mu sync.Mutex
	got := map[int]int{}
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			status := 0
			_, err := m.SignIn(context.Background(), "nobody@example.com", password)
			var limited *issuer.RateLimitedError
			switch {
			case errors.As(err, &limited):
				status = 429
			case errors.Is(err, issuer.ErrCredentials):
				status = 401
			}
			mu.Lock()
			got[status]++
			mu.Unlock()
		})
	}
	wg.Wait()
	// One more may be under way when the tenth fails.
	if got[401] < 10 || got[401] > 11 || got[401]+got[429] != 30 {
		t.Errorf("got %v", got)
	}
}

func TestManySignInsAtOnceAreNotFailures(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	if _, err := m.AddUser(t.Context(), "ann@example.com", password); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := m.SignIn(context.Background(), "ann@example.com", password); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestAddUser(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	if created, err := m.AddUser(t.Context(), "Gate@example.com", password, "gate"); err != nil || !created {
		t.Fatalf("got %t, %v", created, err)
	}
	if created, err := m.AddUser(t.Context(), "gate@example.com", "another password", "admin"); err != nil || created {
		t.Errorf("again: %t, %v", created, err)
	}
	if claims := payload(t, m.signIn(t, "gate@example.com", password).text("id_token")); !reflect.DeepEqual(claims["cognito:groups"], []any{"gate"}) || claims["email_verified"] != true {
		t.Errorf("got %v", claims)
	}
	for _, tt := range []struct {
		email, password, group string
		want                   error
	}{
		{"x", password, "gate", issuer.ErrEmail},
		{"x@example.com", "short", "gate", issuer.ErrPassword},
		{"x@example.com", password, "Ga te", issuer.ErrGroup},
	} {
		if _, err := m.AddUser(t.Context(), tt.email, tt.password, tt.group); !errors.Is(err, tt.want) {
			t.Errorf("AddUser(%q, %q, %q) = %v, want %v", tt.email, tt.password, tt.group, err, tt.want)
		}
	}
}

func TestEverythingSurvivesAReopening(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	m.do(t, "POST", "/auth/signup", credentials("ann@example.com", password))
	in := m.signIn(t, "ann@example.com", password)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m.Issuer = open(t, m.dir, m.url, m.clock)
	v, err := auth.NewVerifier(auth.Config{Issuer: m.url, ClientIDs: []string{clientID}, KeySet: m.KeySet(), Clock: m.clock})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), in.text("access_token")); err != nil {
		t.Errorf("the key is another: %v", err)
	}
	if _, err := m.Renew(t.Context(), in.text("refresh_token")); err != nil {
		t.Errorf("the refresh token: %v", err)
	}
	if a := m.signIn(t, "ann@example.com", password); a.status != 200 {
		t.Errorf("the account: %+v", a)
	}
}

func TestTwoProcessesShareOneKey(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), clock.NewManual(start)
	var wg sync.WaitGroup
	var opened [2]*issuer.Issuer
	for n := range opened {
		wg.Go(func() {
			i, err := issuer.Open(context.Background(), issuer.Config{DataDir: dir, IssuerURL: "http://mesh", ClientID: clientID, Clock: now})
			if err != nil {
				t.Error(err)
				return
			}
			opened[n] = i
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for _, i := range opened {
		defer i.Close()
	}
	if _, err := opened[0].AddUser(t.Context(), "ann@example.com", password); err != nil {
		t.Fatal(err)
	}
	tokens, err := opened[1].SignIn(t.Context(), "ann@example.com", password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opened[0].KeySet().VerifySignature(t.Context(), tokens.Access); err != nil {
		t.Error(err)
	}
}

func TestSecretsStayInAPrivateFile(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	m.do(t, "POST", "/auth/signup", credentials("ann@example.com", password))
	refresh := m.signIn(t, "ann@example.com", password).text("refresh_token")
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(m.dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for what, secret := range map[string]string{"the password": password, "the refresh token": refresh} {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds %s", name, what)
			}
		}
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	if _, err := issuer.Open(t.Context(), issuer.Config{}); err == nil {
		t.Error("want an error")
	}
}

func BenchmarkSignIn(b *testing.B) {
	i, err := issuer.Open(b.Context(), issuer.Config{DataDir: b.TempDir(), IssuerURL: "http://mesh", ClientID: clientID})
	if err != nil {
		b.Fatal(err)
	}
	defer i.Close()
	if _, err := i.AddUser(b.Context(), "ann@example.com", password); err != nil {
		b.Fatal(err)
	}
	tokens, err := i.SignIn(b.Context(), "ann@example.com", password)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("password", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := i.SignIn(b.Context(), "ann@example.com", password); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("refresh", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := i.Renew(b.Context(), tokens.Refresh); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestAddGroups(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	if _, err := m.AddUser(t.Context(), "ann@example.com", password, "gate"); err != nil {
		t.Fatal(err)
	}
	in := m.signIn(t, "ann@example.com", password)
	for range 2 {
		all, err := m.AddGroups(t.Context(), "Ann@example.com", "organizer", "gate")
		if err != nil || !reflect.DeepEqual(all, []string{"gate", "organizer"}) {
			t.Errorf("got %v, %v", all, err)
		}
	}
	// The password is what it was, and a sign-in from before tells once it is renewed.
	want := []any{"gate", "organizer"}
	if got := payload(t, m.signIn(t, "ann@example.com", password).text("access_token"))["cognito:groups"]; !reflect.DeepEqual(got, want) {
		t.Errorf("signed in again: got %v, want %v", got, want)
	}
	renewed, err := m.Renew(t.Context(), in.text("refresh_token"))
	if err != nil {
		t.Fatal(err)
	}
	if got := payload(t, renewed.Access)["cognito:groups"]; !reflect.DeepEqual(got, want) {
		t.Errorf("renewed: got %v, want %v", got, want)
	}
	for _, tt := range []struct {
		email, group string
		want         error
	}{
		{"ben@example.com", "gate", issuer.ErrNoAccount},
		{"ben", "gate", issuer.ErrEmail},
		{"ann@example.com", "Ga te", issuer.ErrGroup},
	} {
		if _, err := m.AddGroups(t.Context(), tt.email, tt.group); !errors.Is(err, tt.want) {
			t.Errorf("AddGroups(%q, %q) = %v, want %v", tt.email, tt.group, err, tt.want)
		}
	}
}
