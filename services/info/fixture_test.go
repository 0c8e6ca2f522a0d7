package info_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/service"
	"ticketmesh.dev/services/info/embedded"
)

// callers takes the name of a group for a token; "customer" is in none.
type callers struct{}

func (callers) Verify(_ context.Context, token string) (auth.Caller, error) {
	switch token {
	case "organizer", "admin", "gate":
		return auth.Caller{Sub: "user-" + token, Groups: []string{token}}, nil
	case "customer":
		return auth.Caller{Sub: "user-customer"}, nil
	default:
		return auth.Caller{}, auth.ErrUnauthenticated
	}
}

// begin is when the tests' clock stands.
var begin = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// mesh is the service behind a real listener.
type mesh struct {
	dir     string
	server  *httptest.Server
	service *service.Service
	clock   *clock.Manual

	api       *contracttest.API
	published *contracttest.Events
}

func start(t *testing.T, dir string) *mesh {
	t.Helper()
	m := &mesh{dir: dir, clock: clock.NewManual(begin), api: contracttest.Document(t, "info"), published: contracttest.Published(t, "info")}
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	m.server = httptest.NewUnstartedServer(nil)
	m.service, err = embedded.Open(t.Context(), embedded.Config{
		DataDir:     dir,
		BaseURL:     "http://" + m.server.Listener.Addr().String(),
		Clock:       m.clock,
		Logger:      slog.New(slog.DiscardHandler),
		Verifier:    callers{},
		Validator:   validator,
		CORSOrigins: []string{"https://shop.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.server.Config.Handler = m.api.Check(t, m.service.API)
	m.server.Start()
	t.Cleanup(func() { m.stop(t) })
	return m
}

// stop may be called twice.
func (m *mesh) stop(t *testing.T) {
	t.Helper()
	m.server.Close()
	m.close(t)
}

// close closes the service under its server, once.
func (m *mesh) close(t *testing.T) {
	t.Helper()
	if m.service == nil {
		return
	}
	m.announced(t) // all that the test published
	if err := m.service.Close(); err != nil {
		t.Error(err)
	}
	m.service = nil
}

// request is one call; the zero token is none.
type request struct {
	method, path, token string
	body                any
	header              map[string]string
}

type answer struct {
	status int
	header http.Header
	raw    []byte
	// body is the decoded JSON, nil for anything else.
	body map[string]any
}

func (a answer) text(name string) string { return fmt.Sprint(a.body[name]) }

func (m *mesh) do(t *testing.T, r request) answer {
	t.Helper()
	var body io.Reader
	contentType := ""
	switch content := r.body.(type) {
	case nil:
	case string:
		body, contentType = bytes.NewReader([]byte(content)), "application/json"
	default:
		text, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		body, contentType = bytes.NewReader(text), "application/json"
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, m.server.URL+r.path, body)
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	response, err := m.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: response.StatusCode, header: response.Header, raw: raw}
	_ = json.Unmarshal(raw, &a.body)
	return a
}

// must is do for what has to succeed with a status.
func (m *mesh) must(t *testing.T, status int, r request) answer {
	t.Helper()
	a := m.do(t, r)
	if a.status != status {
		t.Fatalf("%s %s answers %d %s, want %d", r.method, r.path, a.status, a.raw, status)
	}
	return a
}

// announced returns what waits in the outbox, each held to its contract; also
// when the test is over.
func (m *mesh) announced(t *testing.T) []event.Event {
	t.Helper()
	records, err := m.service.Outbox.Pending(context.Background(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	events := make([]event.Event, len(records))
	for i, r := range records {
		m.published.Check(t, r.Encoded)
		if events[i], err = event.ParseCloudEvent(r.Encoded); err != nil {
			t.Fatal(err)
		}
	}
	return events
}

type object = map[string]any

func hall(name string) object {
	return object{"name": name, "city": "Graz", "country": "AT", "timeZone": "Europe/Vienna"}
}
