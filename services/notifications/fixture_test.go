package notifications_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	wm "github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/outbox"
	"ticketmesh.dev/platform/service"
	"ticketmesh.dev/services/notifications/embedded"
)

var start = time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)

// tokens verifies a token that is the caller's sub.
type tokens struct{}

func (tokens) Verify(_ context.Context, token string) (auth.Caller, error) {
	if token == "bad" {
		return auth.Caller{}, auth.ErrUnauthenticated
	}
	return auth.Caller{Sub: token}, nil
}

// recorder is a bus that keeps what is published, and holds it to the contracts.
type recorder struct {
	t         testing.TB
	published *contracttest.Events
	mu        sync.Mutex
	events    []event.Event
}

func (r *recorder) Publish(_ string, messages ...*wm.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range messages {
		e, err := event.FromMessage(m)
		if err != nil {
			return err
		}
		if !measures(r.t) {
			r.published.Check(r.t, m.Payload)
		}
		r.events = append(r.events, e)
	}
	return nil
}

func (r *recorder) Close() error { return nil }

func (r *recorder) all() []event.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// mesh is the service as a process would run it.
type mesh struct {
	t       testing.TB
	dir     string
	clock   *clock.Manual
	bus     *recorder
	service *service.Service
	box     http.Handler
	stop    func()

	api     *contracttest.API
	handler http.Handler // the API, every answer held to its document
	heard   map[string]*contracttest.Events
}

func newMesh(t testing.TB) *mesh {
	t.Helper()
	m := &mesh{
		t: t, dir: t.TempDir(), clock: clock.NewManual(start), bus: &recorder{t: t, published: contracttest.Published(t, "notifications")},
		api: contracttest.Document(t, "notifications"), heard: map[string]*contracttest.Events{},
	}
	for _, service := range []string{"shows", "info", "tickets"} {
		m.heard["/ticketmesh/"+service] = contracttest.Published(t, service)
	}
	m.open()
	t.Cleanup(func() { m.close() })
	return m
}

// measures is whether time counts, so that nothing but the service may take any.
func measures(t testing.TB) bool {
	_, is := t.(*testing.B)
	return is
}

func validator(t testing.TB) *contracts.Validator {
	t.Helper()
	v, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (m *mesh) config() embedded.Config {
	return embedded.Config{
		DataDir: m.dir, BaseURL: "https://tickets.example.com", Clock: m.clock, Logger: slog.New(slog.DiscardHandler),
		Verifier: tokens{}, Validator: validator(m.t),
	}
}

func (m *mesh) open() {
	m.t.Helper()
	m.openWith(m.config())
}

func (m *mesh) openWith(config embedded.Config) {
	m.t.Helper()
	var err error
	if m.service, m.box, err = embedded.Open(context.Background(), config); err != nil {
		m.t.Fatal(err)
	}
	m.handler = m.api.Check(m.t, m.service.API)
	m.stop = func() {}
}

// run starts the jobs.
func (m *mesh) run() {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	relay := outbox.NewRelay(m.service.Outbox, m.bus, slog.New(slog.DiscardHandler))
	for _, job := range append(m.service.Jobs, service.Job{Name: "relay", Run: relay.Run}) {
		wg.Go(func() {
			if err := job.Run(ctx); err != nil {
				m.t.Errorf("job %s: %v", job.Name, err)
			}
		})
	}
	m.stop = func() {
		cancel()
		wg.Wait()
		m.stop = func() {}
	}
}

func (m *mesh) close() {
	m.stop()
	if m.service != nil {
		m.checkOutbox()
		if err := m.service.Close(); err != nil {
			m.t.Error(err)
		}
		m.service = nil
	}
}

// checkOutbox holds what the bus has not got yet to the contracts.
func (m *mesh) checkOutbox() {
	m.t.Helper()
	records, err := m.service.Outbox.Pending(context.Background(), 10_000)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, r := range records {
		m.bus.published.Check(m.t, r.Encoded)
	}
}

func (m *mesh) restart() {
	m.t.Helper()
	m.close()
	m.open()
	m.run()
}

// handle gives an event to the subscription that wants it.
func (m *mesh) handle(e event.Event) error {
	for _, s := range m.service.Subscriptions {
		if slices.Contains(s.Types, e.Type) {
			return s.Handle(event.WithTrace(context.Background(), e.Follow()), e)
		}
	}
	return fmt.Errorf("nobody wants %s", e.Type)
}

func (m *mesh) mustHandle(events ...event.Event) {
	m.t.Helper()
	for _, e := range events {
		if !measures(m.t) {
			encoded, err := e.MarshalCloudEvent()
			if err != nil {
				m.t.Fatal(err)
			}
			m.heard[e.Source].Check(m.t, encoded) // a test that feeds the service what nobody would say shows nothing
		}
		if err := m.handle(e); err != nil {
			m.t.Fatalf("%s: %v", e.Type, err)
		}
	}
}

type mail struct {
	ID, To, Subject, SentAt, Text, HTML string
	Headers                             map[string]string
	Attachments                         []struct {
		Name, ContentType string
		Size              int
	}
}

func (m *mesh) mails(query string) []mail {
	m.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/dev/mailbox?limit=1000"+query, nil)
	r.Header.Set("Accept", "application/json")
	w := httptest.NewRecorder()
	m.box.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		m.t.Fatalf("mailbox answered %d: %s", w.Code, w.Body)
	}
	var list struct{ Items []mail }
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		m.t.Fatal(err)
	}
	return list.Items
}

// eventually polls until condition is true; the deadline is only for a test that fails.
func (m *mesh) eventually(what string, condition func() bool) {
	m.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			m.t.Fatalf("never happened: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// wantMails waits for n mails and returns them, the newest first.
func (m *mesh) wantMails(n int, query string) []mail {
	m.t.Helper()
	var got []mail
	m.eventually(fmt.Sprintf("%d mails %s", n, query), func() bool {
		got = m.mails(query)
		return len(got) >= n
	})
	if len(got) != n {
		m.t.Fatalf("%d mails, want %d: %v", len(got), n, subjects(got))
	}
	return got
}

func subjects(mails []mail) (list []string) {
	for _, m := range mails {
		list = append(list, m.To+": "+m.Subject)
	}
	return list
}

type entry struct{ MessageID, Template, Subject, Status, SentAt, PerformanceID, OrderID string }

func (m *mesh) messages(customer string) []entry {
	m.t.Helper()
	w := m.call(http.MethodGet, "/notifications?limit=100", customer, "")
	var list struct{ Items []entry }
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != http.StatusOK {
		m.t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return list.Items
}

// wantStatus waits until the customer's messages have these statuses, by template.
func (m *mesh) wantStatus(customer string, want map[string]string) {
	m.t.Helper()
	var got map[string]string
	defer func() {
		if m.t.Failed() {
			m.t.Logf("messages of %s: %v, want %v", customer, got, want)
		}
	}()
	m.eventually("the statuses of "+customer, func() bool {
		got = map[string]string{}
		for _, e := range m.messages(customer) {
			got[e.Template] = e.Status
		}
		return fmt.Sprint(got) == fmt.Sprint(want)
	})
}

func (m *mesh) call(method, path, token, body string) *httptest.ResponseRecorder {
	var reader io.Reader
	if body != "" {
		reader = bytes.NewBufferString(body)
	}
	r := httptest.NewRequest(method, path, reader)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	m.handler.ServeHTTP(w, r)
	return w
}

// What follows makes events as other services publish them.

type stage struct {
	show, performance, venue id.ID
}

func newStage() stage { return stage{id.New(), id.New(), id.New()} }

func newEvent(source, eventType, subject string, data any) event.Event {
	b, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	service, name, _ := strings.Cut(strings.TrimPrefix(eventType, "ticketmesh."), ".")
	schema := "https://ticketmesh.dev/schemas/events/" + service + "/" + name + ".schema.json"
	return event.New(context.Background(), source, eventType, subject, schema, start, b)
}

type fields = map[string]any

func (s stage) scheduled(version int, change fields) event.Event {
	return s.performanceEvent(showsevents.TypePerformanceScheduled, version, change)
}

func (s stage) performanceEvent(eventType string, version int, change fields) event.Event {
	data := fields{
		"performanceId": s.performance, "version": version, "showId": s.show, "organizerId": "o-1", "showTitle": "Die Zauberflöte", "venueId": s.venue,
		"status": "scheduled", "startsAt": "2027-06-01T20:00", "timeZone": "Europe/Vienna", "startsAtUtc": "2027-06-01T18:00:00.000Z", "currency": "EUR",
		"priceCategories": []fields{{"id": "a", "name": "Kategorie A", "price": fields{"amount": 8950, "currency": "EUR"}}}, "seatMapVersion": 1,
		"seatMap": fields{"areas": []fields{{"id": "stalls", "name": "Parkett", "kind": "seated", "rows": []fields{{"row": "A", "seats": "1-20"}}, "priceCategory": "a"}}},
	}
	for k, v := range change {
		data[k] = v
	}
	return newEvent(showsevents.Source, eventType, s.performance.String(), data)
}

func (s stage) rescheduled(version int) event.Event {
	return s.performanceEvent(showsevents.TypePerformanceRescheduled, version, fields{
		"startsAt": "2027-06-08T19:30", "startsAtUtc": "2027-06-08T17:30:00.000Z", "previousStartsAtUtc": "2027-06-01T18:00:00.000Z",
	})
}

func (s stage) cancelled(version int) event.Event {
	return s.performanceEvent(showsevents.TypePerformanceCancelled, version, fields{"status": "cancelled", "reason": "The tenor is ill."})
}

func (s stage) venueUpdated() event.Event {
	return newEvent("/ticketmesh/info", "ticketmesh.info.venue.updated.v1", s.venue.String(), fields{
		"venueId": s.venue, "version": 1, "name": "Staatsoper", "address": "Opernring 2", "city": "Wien", "country": "AT", "timeZone": "Europe/Vienna", "deleted": false,
	})
}

type order struct {
	stage
	id       id.ID
	tickets  []id.ID
	customer string
	language string
}

func (s stage) order(customer string, tickets int) order {
	o := order{stage: s, id: id.New(), customer: customer, language: "en"}
	for range tickets {
		o.tickets = append(o.tickets, id.New())
	}
	return o
}

func person(customer, language string) fields {
	return fields{"customerId": customer, "email": customer + "@example.com", "language": language}
}

func (o order) event(eventType string, change fields) event.Event {
	data := fields{"orderId": o.id, "performanceId": o.performance, "version": 1, "recipient": person(o.customer, o.language)}
	for k, v := range change {
		data[k] = v
	}
	return newEvent(ticketsevents.Source, eventType, o.id.String(), data)
}

func (o order) confirmed() event.Event {
	tickets := []fields{}
	for i, ticket := range o.tickets {
		tickets = append(tickets, fields{
			"ticketId": ticket, "areaId": "stalls", "seat": fmt.Sprintf("A-%d", i+1), "priceCategory": "a",
			"price": fields{"amount": 8950, "currency": "EUR"}, "code": "tm1." + ticket.String() + ".q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6j7k8l9z0x1c2v3b4n5m6q7w8e9r0t1y2",
		})
	}
	return o.event(ticketsevents.TypeOrderConfirmed, fields{
		"code": "K7QF2M9D", "showId": o.show, "organizerId": "o-1", "total": fields{"amount": 8950 * len(o.tickets), "currency": "EUR"},
		"tickets": tickets, "confirmedAt": "2027-02-01T09:00:00.000Z",
	})
}

func (o order) references(n int) []fields {
	list := []fields{}
	for _, ticket := range o.tickets[:n] {
		list = append(list, fields{"ticketId": ticket, "areaId": "stalls", "seat": "A-1"})
	}
	return list
}

func (o order) cancelledBecause(reason string) event.Event {
	return o.event(ticketsevents.TypeOrderCancelled, fields{"reason": reason, "tickets": o.references(len(o.tickets))})
}

func (o order) refunded(n int, status string) event.Event {
	return o.event(ticketsevents.TypeOrderRefunded, fields{
		"refundId": id.New(), "amount": fields{"amount": 8950 * n, "currency": "EUR"}, "status": status, "reason": "on request", "tickets": o.references(n),
	})
}

func (o order) transferred(version int, from, to string) event.Event {
	return newEvent(ticketsevents.Source, ticketsevents.TypeTicketTransferred, o.tickets[0].String(), fields{
		"ticketId": o.tickets[0], "orderId": o.id, "performanceId": o.performance, "version": version, "areaId": "stalls", "seat": "A-1",
		"from": person(from, "en"), "to": person(to, "de"), "code": fmt.Sprintf("tm1.new-code-%d", version),
	})
}

func (s stage) offered(customer string, expires time.Time) event.Event {
	return newEvent(ticketsevents.Source, ticketsevents.TypeWaitlistOffered, s.performance.String(), fields{
		"entryId": id.New(), "performanceId": s.performance, "version": 1, "priceCategory": "a", "quantity": 2, "holdId": id.New(),
		"recipient": person(customer, "en"), "expiresAt": expires.UTC().Format(event.TimeFormat),
	})
}

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func (m *mesh) post(path, contentType, body string) *httptest.ResponseRecorder {
	var reader io.Reader
	if body != "" {
		reader = bytes.NewBufferString(body)
	}
	r := httptest.NewRequest(http.MethodPost, path, reader)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	m.handler.ServeHTTP(w, r)
	return w
}
