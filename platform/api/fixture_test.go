package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/api/internal/fixtureapi"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
)

const (
	thingID = "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b"
	secret  = "dial tcp 10.0.0.7:5432: connection refused"
)

// things implements the fixture's handler; what a test wants it to do is in
// make and get.
type things struct {
	logger *slog.Logger
	make   func(ctx context.Context, req *fixtureapi.MakeThing) (*fixtureapi.ThingHeaders, error)
	get    func(ctx context.Context) (*fixtureapi.Thing, error)

	mu   sync.Mutex
	made int
}

func (h *things) GetThing(ctx context.Context, p fixtureapi.GetThingParams) (*fixtureapi.Thing, error) {
	if h.get != nil {
		return h.get(ctx)
	}
	return &fixtureapi.Thing{ThingId: p.ThingId, Name: "a"}, nil
}

func (h *things) ListThings(ctx context.Context, _ fixtureapi.ListThingsParams) (*fixtureapi.Thing, error) {
	name := "nobody"
	if c, ok := auth.CallerFrom(ctx); ok {
		name = c.Sub
	}
	return &fixtureapi.Thing{Name: name}, nil
}

func (h *things) MakeThing(ctx context.Context, req *fixtureapi.MakeThing) (*fixtureapi.ThingHeaders, error) {
	h.mu.Lock()
	h.made++
	h.mu.Unlock()
	if h.make != nil {
		return h.make(ctx, req)
	}
	v := idempotency.ResourceID(ctx)
	return &fixtureapi.ThingHeaders{
		Location: fixtureapi.NewOptString("/things/" + v.String()),
		ETag:     fixtureapi.NewOptString(api.ETag(1)),
		Response: fixtureapi.Thing{ThingId: v, Name: "made"},
	}, nil
}

func (h *things) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.made
}

func (h *things) NewError(ctx context.Context, err error) *fixtureapi.ProblemStatusCode {
	p := api.ProblemOf(ctx, h.logger, err)
	answer := fixtureapi.Problem{Type: p.Type(), Title: p.Title, Status: p.Status, Code: p.Code}
	answer.Detail.SetTo(p.Detail)
	return &fixtureapi.ProblemStatusCode{StatusCode: p.Status, Response: answer}
}

type security struct{}

func (security) HandleBearer(ctx context.Context, _ fixtureapi.OperationName, _ fixtureapi.Bearer) (context.Context, error) {
	return api.Bearer(ctx)
}

// tokens is a Verifier of made-up tokens.
type tokens map[string]auth.Caller

func (t tokens) Verify(_ context.Context, token string) (auth.Caller, error) {
	if token == "outage" {
		return auth.Caller{}, auth.ErrUnavailable
	}
	c, ok := t[token]
	if !ok {
		return auth.Caller{}, auth.ErrUnauthenticated
	}
	return c, nil
}

// memory is an idempotency.Store that keeps what it is told for ever.
type memory struct {
	clock clock.Clock
	fail  error

	mu      sync.Mutex
	entries map[idempotency.Key]*memoryEntry
}

type memoryEntry struct {
	hash    [32]byte
	id      id.ID
	running bool
	until   time.Time
	answer  *idempotency.Response
}

func (m *memory) Claim(_ context.Context, k idempotency.Key, hash [32]byte, lease time.Duration) (idempotency.Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return idempotency.Claim{}, m.fail
	}
	if m.entries == nil {
		m.entries = make(map[idempotency.Key]*memoryEntry)
	}
	e := m.entries[k]
	switch {
	case e == nil:
		e = &memoryEntry{id: id.New()}
		m.entries[k] = e
	case e.hash != hash && (e.running || e.answer != nil):
		return idempotency.Claim{}, idempotency.ErrReused
	case e.answer != nil:
		return idempotency.Claim{ResourceID: e.id, Replay: e.answer}, nil
	case e.running && m.clock.Now().Before(e.until):
		return idempotency.Claim{}, idempotency.ErrInProgress
	}
	e.hash, e.running, e.until = hash, true, m.clock.Now().Add(lease)
	return idempotency.Claim{ResourceID: e.id}, nil
}

func (m *memory) Finish(ctx context.Context, k idempotency.Key, r idempotency.Response) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[k]
	if e == nil || !e.running {
		return idempotency.ErrNotClaimed
	}
	e.running, e.answer = false, &r
	return nil
}

func (m *memory) Abandon(_ context.Context, k idempotency.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[k]; e != nil {
		e.running = false
	}
	return nil
}

func (m *memory) ReleaseLeases(context.Context) error { return errors.New("not needed here") }

// fixture is a wrapped server with one user, `alice`, and an organizer, `olga`.
type fixture struct {
	http.Handler
	things *things
	store  *memory
	clock  *clock.Manual
	log    *logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newFixture(tb testing.TB) *fixture {
	tb.Helper()
	f := &fixture{clock: clock.NewManual(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)), log: &logBuffer{}}
	logger := slog.New(slog.NewJSONHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f.store = &memory{clock: f.clock}
	f.things = &things{logger: logger}
	server, err := fixtureapi.NewServer(f.things, security{},
		fixtureapi.WithErrorHandler(api.ErrorHandler(logger)),
		fixtureapi.WithNotFound(api.NotFound),
		fixtureapi.WithMethodNotAllowed(api.MethodNotAllowed))
	if err != nil {
		tb.Fatal(err)
	}
	f.Handler = api.Wrap(server, api.Options{
		Verifier: tokens{
			"alice": {Sub: "alice"}, "bob": {Sub: "bob"}, "olga": {Sub: "olga", Groups: []string{"organizer"}},
		},
		Idempotency: f.store,
		CORSOrigins: []string{"https://shop.example.com"},
		Logger:      logger,
		Clock:       f.clock,
	})
	return f
}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("the body is not a JSON object: %v: %q", err, a.body)
	}
	return v
}

// problem fails unless the answer is a problem of this status and code.
func (a answer) problem(t *testing.T, status int, code string) map[string]any {
	t.Helper()
	if a.status != status {
		t.Fatalf("status = %d, want %d: %s", a.status, status, a.body)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type = %q", got)
	}
	v := a.json(t)
	if v["code"] != code || v["status"] != float64(status) {
		t.Errorf("got %v %v, want %s", v["status"], v["code"], code)
	}
	return v
}

func do(t *testing.T, h http.Handler, method, target, body string, header ...string) answer {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "http://api.example.com/", reader)
	u, err := r.URL.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r.URL = u
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		if header[i+1] == "" {
			r.Header.Del(header[i])
			continue
		}
		r.Header.Add(header[i], header[i+1])
		if header[i] == "Content-Type" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// quiet logs warnings and worse to nobody.
var quiet = slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn}))

const validBody = `{"ownerId":"` + thingID + `","items":[{"areaId":"a","quantity":1}]}`

func (f *fixture) post(t *testing.T, body string, header ...string) answer {
	t.Helper()
	return do(t, f, "POST", "/things", body, append([]string{"Authorization", "Bearer alice"}, header...)...)
}
