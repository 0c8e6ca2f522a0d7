package shows_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/service"
	"ticketmesh.dev/services/shows/embedded"
)

// tokens verifies tokens that are the callers' names.
type tokens map[string]auth.Caller

// Verify implements auth.Verifier.
func (v tokens) Verify(_ context.Context, token string) (auth.Caller, error) {
	c, known := v[token]
	if !known {
		return auth.Caller{}, auth.ErrUnauthenticated
	}
	return c, nil
}

const (
	nobody    = ""
	organizer = "ada"
	other     = "bob"
	admin     = "root"
	customer  = "eve"
	former    = "ada, no longer an organizer"
)

var callers = tokens{
	organizer: {Sub: "sub-ada", Groups: []string{"organizer"}},
	other:     {Sub: "sub-bob", Groups: []string{"organizer"}},
	admin:     {Sub: "sub-root", Groups: []string{"admin"}},
	customer:  {Sub: "sub-eve"},
	former:    {Sub: "sub-ada"},
}

// begin is when the tests' clock stands.
var begin = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

// mesh is the service over real adapters, behind a server.
type mesh struct {
	*service.Service
	t      testing.TB
	dir    string
	server *httptest.Server
	sale   *ticketOffice
	closed bool

	api       *contracttest.API
	published *contracttest.Events
}

func start(t testing.TB) *mesh {
	t.Helper()
	m := &mesh{t: t, sale: newTicketOffice(t), dir: t.TempDir(), api: contracttest.Document(t, "shows"), published: contracttest.Published(t, "shows")}
	m.open()
	t.Cleanup(m.stop)
	return m
}

func config(t testing.TB, dir, baseURL string) embedded.Config {
	t.Helper()
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return embedded.Config{
		DataDir: dir, BaseURL: baseURL, Clock: clock.NewManual(begin),
		Logger: slog.New(slog.DiscardHandler), Verifier: callers, Validator: validator, CORSOrigins: []string{"https://shop.example"},
	}
}

func (m *mesh) open() {
	m.t.Helper()
	opened, err := embedded.Open(context.Background(), config(m.t, m.dir, m.sale.server.URL))
	if err != nil {
		m.t.Fatal(err)
	}
	m.Service, m.closed = opened, false
	handler := opened.API
	if _, measures := m.t.(*testing.B); !measures {
		handler = m.api.Check(m.t, handler)
	}
	m.server = httptest.NewServer(handler)
}

func (m *mesh) stop() {
	m.server.Close()
	m.close()
}

// close closes the service under its server, once.
func (m *mesh) close() {
	m.t.Helper()
	if m.closed {
		return
	}
	m.told() // all that the test published
	m.closed = true
	if err := m.Close(); err != nil {
		m.t.Error(err)
	}
}

func (m *mesh) reopen() {
	m.t.Helper()
	m.stop()
	m.open()
}

// document is a JSON object.
type document = map[string]any

// answer is what a request was answered.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	text   []byte
	body   document
}

type option func(*http.Request)

func header(name, value string) option { return func(r *http.Request) { r.Header.Set(name, value) } }

// do sends a request. The body is a string or something to encode; nil is none.
func (m *mesh) do(caller, method, path string, body any, options ...option) answer {
	m.t.Helper()
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			m.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, m.server.URL+path, reader)
	if err != nil {
		m.t.Fatal(err)
	}
	if reader != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if caller != nobody {
		r.Header.Set("Authorization", "Bearer "+caller)
	}
	for _, o := range options {
		o(r)
	}
	response, err := m.server.Client().Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer response.Body.Close()
	a := answer{t: m.t, status: response.StatusCode, header: response.Header}
	if a.text, err = io.ReadAll(response.Body); err != nil {
		m.t.Fatal(err)
	}
	if len(a.text) > 0 && json.Unmarshal(a.text, &a.body) != nil {
		m.t.Fatalf("%s %s: the answer is not JSON: %s", method, path, a.text)
	}
	return a
}

// want checks the status, and of a problem the code.
func (a answer) want(status int, code ...string) answer {
	a.t.Helper()
	if a.status != status || (len(code) > 0 && a.body["code"] != code[0]) {
		a.t.Fatalf("got %d %s, want %d %v", a.status, a.text, status, code)
	}
	if status >= 400 && a.header.Get("Content-Type") != "application/problem+json" {
		a.t.Fatalf("a problem of type %q", a.header.Get("Content-Type"))
	}
	return a
}

// field checks that a 400 complains of the field.
func (a answer) field(name string) {
	a.t.Helper()
	a.want(http.StatusBadRequest, "invalid_request")
	errs, _ := a.body["errors"].([]any)
	for _, e := range errs {
		if e.(document)["field"] == name {
			return
		}
	}
	a.t.Fatalf("no error for %s in %s", name, a.text)
}

func (a answer) string(name string) string {
	a.t.Helper()
	s, ok := a.body[name].(string)
	if !ok {
		a.t.Fatalf("no %s in %s", name, a.text)
	}
	return s
}

func (a answer) items() []document {
	a.t.Helper()
	items, ok := a.body["items"].([]any)
	if !ok {
		a.t.Fatalf("no items in %s", a.text)
	}
	all := make([]document, len(items))
	for i, item := range items {
		all[i] = item.(document)
	}
	return all
}

func newShow() document {
	return document{"title": "Hamlet", "description": "A prince.", "category": "theatre"}
}

func newPerformance() document {
	return document{
		"startsAt": "2027-06-01T20:00", "timeZone": "Europe/Vienna",
		"seatMap": document{
			"areas": []any{
				document{
					"id": "stalls", "name": "Parkett", "kind": "seated", "priceCategory": "I",
					"rows": []any{document{"row": "A", "seats": "1-11,13,15", "aisleAfter": []any{"7"}, "wheelchair": []any{"15"}}},
				},
				document{"id": "standing", "kind": "general", "capacity": 248.0, "priceCategory": "II"},
			},
			"priceCategories": []any{
				document{"id": "I", "name": "First", "price": document{"amount": 4200.0, "currency": "EUR"}},
				document{"id": "II", "name": "Standing", "price": document{"amount": 1200.0, "currency": "EUR"}},
			},
		},
	}
}

func (m *mesh) createShow() string {
	m.t.Helper()
	return "/shows/" + m.do(organizer, "POST", "/shows", newShow()).want(201).string("showId")
}

func (m *mesh) publishedShow() string {
	m.t.Helper()
	path := m.createShow()
	m.do(organizer, "POST", path+"/publish", nil).want(200)
	return path
}

func (m *mesh) schedule(showPath string) string {
	m.t.Helper()
	return showPath + "/performances/" + m.do(organizer, "POST", showPath+"/performances", newPerformance()).want(201).string("performanceId")
}

// told returns the events that were committed, each held to the contracts.
func (m *mesh) told() []event.Event {
	m.t.Helper()
	records, err := m.Outbox.Pending(context.Background(), 1000)
	if err != nil {
		m.t.Fatal(err)
	}
	var events []event.Event
	for _, r := range records {
		m.published.Check(m.t, r.Encoded)
		events = append(events, r.Event)
	}
	return events
}

// facts names the events: "show.published@2".
func (m *mesh) facts() []string {
	m.t.Helper()
	var facts []string
	for _, e := range m.told() {
		var data struct{ Version int }
		if err := json.Unmarshal(e.Data, &data); err != nil {
			m.t.Fatal(err)
		}
		facts = append(facts, fmt.Sprintf("%s@%d", strings.TrimSuffix(strings.TrimPrefix(e.Type, "ticketmesh.shows."), ".v1"), data.Version))
	}
	return facts
}
