package tickets_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/service"

	"ticketmesh.dev/services/tickets/embedded"
)

// start is when the tests' clock begins.
var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// house is the service over real adapters, with a clock that the test moves and
// an outbox that the test reads.
type house struct {
	t        *testing.T
	dir      string
	shows    string // base URL of what the service fetches seat maps from
	payments embedded.Payments
	clock    *clock.Manual
	service  *service.Service
	stop     func()

	api       *contracttest.API
	handler   http.Handler // the API, every answer held to its document
	published *contracttest.Events
	heard     *contracttest.Events
}

// schemas are the dataschemas of what the tests feed the service.
var schemas = map[string]string{
	showsevents.TypePerformanceScheduled:   showsevents.SchemaPerformanceScheduled,
	showsevents.TypePerformanceRescheduled: showsevents.SchemaPerformanceRescheduled,
	showsevents.TypePerformanceCancelled:   showsevents.SchemaPerformanceCancelled,
}

// tokens are "<sub>" or "<sub>,<group>": whoever sends one is it.
type tokens struct{}

func (tokens) Verify(_ context.Context, token string) (auth.Caller, error) {
	sub, group, _ := strings.Cut(token, ",")
	if sub == "" {
		return auth.Caller{}, auth.ErrUnauthenticated
	}
	c := auth.Caller{Sub: sub, Email: sub + "@example.com"}
	if group == "unreachable" {
		c.Email = ""
	}
	if group != "" {
		c.Groups = []string{group}
	}
	return c, nil
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return openHouse(t, "http://127.0.0.1:0", embedded.Payments{})
}

// newHouseWith is a house whose money is collected so.
func newHouseWith(t *testing.T, payments embedded.Payments) *house {
	t.Helper()
	return openHouse(t, "http://127.0.0.1:0", payments)
}

// openHouse is a house that fetches seat maps from the URL.
func openHouse(t *testing.T, shows string, payments embedded.Payments) *house {
	t.Helper()
	h := &house{
		t: t, dir: t.TempDir(), shows: shows, payments: payments, clock: clock.NewManual(start),
		api: contracttest.Document(t, "tickets"), published: contracttest.Published(t, "tickets"), heard: contracttest.Published(t, "shows"),
	}
	h.open()
	t.Cleanup(func() { h.close() })
	return h
}

func (h *house) open() {
	h.t.Helper()
	opened, err := embedded.Open(h.t.Context(), embedded.Config{
		DataDir: h.dir, BaseURL: h.shows, Clock: h.clock, Logger: slog.New(slog.NewTextHandler(h.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		Verifier: tokens{}, Payments: h.payments,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.service, h.handler = opened, h.api.Check(h.t, opened.API)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, job := range opened.Jobs {
		running.Go(func() {
			if err := job.Run(ctx); err != nil {
				h.t.Errorf("job %s: %v", job.Name, err)
			}
		})
	}
	h.stop = func() { cancel(); running.Wait() }
}

func (h *house) close() {
	h.t.Helper()
	h.stop()
	h.events() // all that the test published
	if err := h.service.Close(); err != nil {
		h.t.Error(err)
	}
}

// reopen closes the service and opens it on the same data.
func (h *house) reopen() {
	h.t.Helper()
	h.close()
	h.open()
}

// answer is an HTTP answer, read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
}

// code returns the problem's code.
func (a answer) code() string {
	var p struct{ Code string }
	_ = json.Unmarshal(a.body, &p) // no problem has no code
	return p.Code
}

func (h *house) do(method, path, token string, body any, headers ...string) answer {
	h.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	r := httptest.NewRequest(method, path, content)
	if content != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	if w.Code >= 500 {
		h.t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}

// must returns the answer when it has the status.
func (h *house) must(status int, method, path, token string, body any, headers ...string) answer {
	h.t.Helper()
	a := h.do(method, path, token, body, headers...)
	if a.status != status {
		h.t.Fatalf("%s %s: %d %s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

// refuses checks that the answer is a problem of the status and code.
func (h *house) refuses(status int, code, method, path, token string, body any, headers ...string) answer {
	h.t.Helper()
	a := h.do(method, path, token, body, headers...)
	if a.status != status || a.code() != code {
		h.t.Errorf("%s %s: %d %s, want %d %s", method, path, a.status, a.body, status, code)
	}
	return a
}

// tell hands an event to whoever subscribes to it.
func (h *house) tell(e event.Event) error {
	for _, s := range h.service.Subscriptions {
		for _, wanted := range s.Types {
			if wanted == e.Type {
				return s.Handle(event.WithTrace(h.t.Context(), e.Follow()), e)
			}
		}
	}
	return fmt.Errorf("nobody subscribes to %s", e.Type)
}

// performance is a small performance: 2 rows of 4 seats, the second with a
// wheelchair place, and a floor for 10.
func (h *house) performance(change func(*showsevents.Performance)) id.ID {
	h.t.Helper()
	p := showsevents.Performance{
		PerformanceID: id.New(), Version: 1, ShowID: id.New(), OrganizerID: "olga", ShowTitle: "Les Misérables",
		Status: showsevents.PerformanceStatusScheduled, StartsAt: "2027-06-01T20:00", TimeZone: "Europe/Vienna",
		StartsAtUtc: time.Date(2027, 6, 1, 18, 0, 0, 0, time.UTC), Currency: "EUR", SeatMapVersion: 1,
		PriceCategories: []showsevents.PriceCategory{
			{ID: "I", Name: "First", Price: showsevents.Money{Amount: 4200, Currency: "EUR"}},
			{ID: "floor", Name: "Floor", Price: showsevents.Money{Amount: 1500, Currency: "EUR"}},
		},
		SeatMap: showsevents.NewOptSeatMap(showsevents.SeatMap{Areas: []showsevents.Area{
			{ID: "stalls", Kind: showsevents.AreaKindSeated, PriceCategory: "I", Rows: []showsevents.Row{
				{Row: "A", Seats: "1-4", AisleAfter: []string{"2"}}, {Row: "B", Seats: "1-4", Wheelchair: []string{"4"}},
			}},
			{ID: "floor", Kind: showsevents.AreaKindGeneral, PriceCategory: "floor", Capacity: showsevents.NewOptInt(10)},
		}}),
	}
	if change != nil {
		change(&p)
	}
	h.publish(showsevents.TypePerformanceScheduled, p)
	return p.PerformanceID
}

// publish tells a performance as shows would.
func (h *house) publish(eventType string, p showsevents.Performance) {
	h.t.Helper()
	data, err := p.MarshalJSON()
	if err != nil {
		h.t.Fatal(err)
	}
	e := event.New(h.t.Context(), showsevents.Source, eventType, p.PerformanceID.String(), schemas[eventType], h.clock.Now(), data)
	encoded, err := e.MarshalCloudEvent()
	if err != nil {
		h.t.Fatal(err)
	}
	h.heard.Check(h.t, encoded) // a test that feeds the service what shows would not say shows nothing
	if err := h.tell(e); err != nil {
		h.t.Fatal(err)
	}
}

// events returns what waits in the outbox, of the types, oldest first. All of it
// is held to the contracts.
func (h *house) events(types ...string) []event.Event {
	h.t.Helper()
	records, err := h.service.Outbox.Pending(context.Background(), 10_000)
	if err != nil {
		h.t.Fatal(err)
	}
	var found []event.Event
	for _, record := range records {
		h.published.Check(h.t, record.Encoded)
		if slices.Contains(types, record.Event.Type) {
			found = append(found, record.Event)
		}
	}
	return found
}

// eventually waits for the condition: jobs run beside the test.
func (h *house) eventually(what string, condition func() bool) {
	h.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			h.t.Fatalf("still not so: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

type heldAnswer struct {
	HoldID    string    `json:"holdId"`
	ExpiresAt time.Time `json:"expiresAt"`
	Items     []struct {
		AreaID   string   `json:"areaId"`
		Seats    []string `json:"seats"`
		Quantity int      `json:"quantity"`
	} `json:"items"`
	Total struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	} `json:"total"`
}

type orderedAnswer struct {
	OrderID string `json:"orderId"`
	Code    string `json:"code"`
	Status  string `json:"status"`
	Total   struct {
		Amount int64 `json:"amount"`
	} `json:"total"`
	Tickets []struct {
		TicketID string `json:"ticketId"`
		AreaID   string `json:"areaId"`
		Seat     string `json:"seat"`
		Status   string `json:"status"`
	} `json:"tickets"`
}

func seats(area string, ids ...string) map[string]any {
	return map[string]any{"areaId": area, "seats": ids}
}

func places(area string, n int) map[string]any {
	return map[string]any{"areaId": area, "quantity": n}
}

func best(area string, n int) map[string]any {
	return map[string]any{"areaId": area, "bestAvailable": n}
}

func holdBody(performanceID id.ID, items ...map[string]any) map[string]any {
	return map[string]any{"performanceId": performanceID, "items": items}
}

func orderBody(holdID, token string) map[string]any {
	return map[string]any{"holdId": holdID, "payment": map[string]any{"provider": "test", "token": token}}
}

func (h *house) hold(token string, performanceID id.ID, items ...map[string]any) heldAnswer {
	h.t.Helper()
	var held heldAnswer
	h.must(http.StatusCreated, "POST", "/tickets/holds", token, holdBody(performanceID, items...)).json(h.t, &held)
	return held
}

func (h *house) order(token string, held heldAnswer) orderedAnswer {
	h.t.Helper()
	var ordered orderedAnswer
	h.must(http.StatusCreated, "POST", "/tickets/orders", token, orderBody(held.HoldID, "tok_ok")).json(h.t, &ordered)
	return ordered
}

func (h *house) buy(token string, performanceID id.ID, items ...map[string]any) orderedAnswer {
	h.t.Helper()
	return h.order(token, h.hold(token, performanceID, items...))
}

// code returns a ticket's code, as its holder reads it.
func (h *house) code(token, ticketID string) string {
	h.t.Helper()
	var ticket struct{ Code string }
	h.must(http.StatusOK, "GET", "/tickets/"+ticketID, token, nil).json(h.t, &ticket)
	return ticket.Code
}

// seatStates returns the state of every seat of an area.
func (h *house) seatStates(performanceID id.ID, area string) map[string]string {
	h.t.Helper()
	var told struct {
		Areas []struct {
			AreaID                          string
			Seats                           map[string]string
			Capacity, Available, Held, Sold int
		}
	}
	h.must(http.StatusOK, "GET", "/tickets/performances/"+performanceID.String()+"/seats", "", nil).json(h.t, &told)
	for _, a := range told.Areas {
		if a.AreaID == area {
			if a.Seats == nil {
				return map[string]string{"counts": fmt.Sprintf("%d=%d+%d+%d", a.Capacity, a.Available, a.Held, a.Sold)}
			}
			return a.Seats
		}
	}
	h.t.Fatalf("no area %s", area)
	return nil
}

// secret signs the test provider's webhooks.
func (h *house) secret() string {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, "test-webhook-secret"))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}
