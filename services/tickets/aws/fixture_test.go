package aws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/apigateway"
	"ticketmesh.dev/platform/clock"
	platform "ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/tickets/aws/api"
	"ticketmesh.dev/services/tickets/aws/consumer"
	"ticketmesh.dev/services/tickets/aws/jobs"
	"ticketmesh.dev/services/tickets/aws/relay"
	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/dynamo"
	"ticketmesh.dev/services/tickets/internal/jose"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/testpay"
)

// functions are all functions of the service.
type functions struct {
	*cloud
	api http.Handler
}

func open(t *testing.T) functions {
	t.Helper()
	return newCloud(t).open()
}

// open opens the API in an environment that is changed, "NAME=value".
func (c *cloud) open(changes ...string) functions {
	c.Helper()
	handler, err := api.Open(c.Context(), c.with(changes...))
	c.ok(err)
	return functions{c, contracttest.Document(c.T, "tickets").Check(c.T, c.gateway(apigateway.Handler(handler)))}
}

func (f functions) call(method, path, caller string, body any, headers ...string) *httptest.ResponseRecorder {
	f.Helper()
	var content []byte
	switch b := body.(type) {
	case nil:
	case []byte:
		content = b
	default:
		var err error
		content, err = json.Marshal(b)
		f.ok(err)
	}
	r := httptest.NewRequestWithContext(f.Context(), method, path, bytes.NewReader(content))
	if content != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if caller != "" {
		r.Header.Set("Authorization", "Bearer "+f.token(caller))
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.api.ServeHTTP(w, r)
	return w
}

// must reads the answer into the value, which may be nil, when it has the status.
func (f functions) must(status int, into any, method, path, caller string, body any, headers ...string) {
	f.Helper()
	w := f.call(method, path, caller, body, headers...)
	if w.Code != status {
		f.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	if into != nil {
		f.ok(json.Unmarshal(w.Body.Bytes(), into))
	}
}

// refuses checks that the answer is a problem of the status and code.
func (f functions) refuses(status int, code, method, path, caller string, body any, headers ...string) {
	f.Helper()
	w := f.call(method, path, caller, body, headers...)
	var p struct{ Code string }
	if json.Unmarshal(w.Body.Bytes(), &p) != nil || w.Code != status || p.Code != code {
		f.Errorf("%s %s: %d %s, want %d %s", method, path, w.Code, w.Body, status, code)
	}
}

// performance has two rows of four seats, and a floor for three.
func performance() showsevents.Performance {
	starts := time.Now().UTC().AddDate(0, 2, 0).Truncate(time.Hour)
	return showsevents.Performance{
		PerformanceID: id.New(), Version: 1, ShowID: id.New(), OrganizerID: "olga", ShowTitle: "Les Misérables",
		Status: showsevents.PerformanceStatusScheduled, StartsAt: starts.Format("2006-01-02T15:04"), TimeZone: "UTC", StartsAtUtc: starts,
		Currency: "EUR", SeatMapVersion: 1,
		PriceCategories: []showsevents.PriceCategory{
			{ID: "I", Name: "First", Price: showsevents.Money{Amount: 4200, Currency: "EUR"}},
			{ID: "floor", Name: "Floor", Price: showsevents.Money{Amount: 1500, Currency: "EUR"}},
		},
		SeatMap: showsevents.NewOptSeatMap(showsevents.SeatMap{Areas: []showsevents.Area{
			{ID: "stalls", Kind: showsevents.AreaKindSeated, PriceCategory: "I", Rows: []showsevents.Row{{Row: "A", Seats: "1-4"}, {Row: "B", Seats: "1-4"}}},
			{ID: "floor", Kind: showsevents.AreaKindGeneral, PriceCategory: "floor", Capacity: showsevents.NewOptInt(3)},
		}}),
	}
}

// told is an event of shows about the performance.
func (f functions) told(eventType, schema string, p showsevents.Performance) []byte {
	f.Helper()
	data, err := p.MarshalJSON()
	f.ok(err)
	encoded, err := event.New(f.Context(), showsevents.Source, eventType, p.PerformanceID.String(), schema, time.Now(), data).MarshalCloudEvent()
	f.ok(err)
	contracttest.Published(f.T, "shows").Check(f.T, encoded)
	return encoded
}

func (f functions) scheduled(p showsevents.Performance) []byte {
	f.Helper()
	return f.told(showsevents.TypePerformanceScheduled, showsevents.SchemaPerformanceScheduled, p)
}

// onSale is a performance that the service has heard of.
func (f functions) onSale() showsevents.Performance {
	f.Helper()
	p := performance()
	f.consume(f.scheduled(p))
	return p
}

// consume has the consumer take events, and all of them handled.
func (f functions) consume(told ...[]byte) {
	f.Helper()
	if failed := f.consumed(nil, told...); len(failed) > 0 {
		f.Fatalf("not handled: %v", failed)
	}
}

// consumed returns which events were not handled.
func (f functions) consumed(changes []string, told ...[]byte) (failed []string) {
	f.Helper()
	handle, err := consumer.Open(f.Context(), f.with(changes...))
	f.ok(err)
	response, err := handle(f.within(30*time.Second), f.records("tickets-performances", told...))
	f.ok(err)
	for _, failure := range response.BatchItemFailures {
		failed = append(failed, failure.ItemIdentifier)
	}
	return failed
}

// flow passes on to the relay what the table's stream has, and returns what is on the bus then: of facts how often each
// was told, and of each partition its newest state.
func (f functions) flow() (facts map[string]int, availability map[string]free) {
	f.Helper()
	publish, err := relay.Open(f.Context(), f.runtime())
	f.ok(err)
	response, err := publish(f.within(30*time.Second), f.stream())
	if err != nil || len(response.BatchItemFailures) != 0 {
		f.Fatal(response, err)
	}
	facts, availability = map[string]int{}, map[string]free{}
	for _, e := range f.announced() {
		name := strings.TrimSuffix(strings.TrimPrefix(e.Type, "ticketmesh.tickets."), ".v1")
		if name != "availability.changed" {
			facts[name]++
			continue
		}
		var state free
		f.ok(json.Unmarshal(e.Data, &state))
		if state.Version > availability[e.Subject].Version {
			availability[e.Subject] = state
		}
	}
	return facts, availability
}

// free is how many places of a partition are.
type free struct{ Version, Available, Held, Sold int }

type placed struct{ HoldID string }

type ordered struct {
	OrderID, Status string
	Tickets         []struct{ TicketID, Status string }
}

func seats(ids ...string) map[string]any { return map[string]any{"areaId": "stalls", "seats": ids} }

func places(n int) map[string]any { return map[string]any{"areaId": "floor", "quantity": n} }

func holdOf(p showsevents.Performance, items ...map[string]any) map[string]any {
	return map[string]any{"performanceId": p.PerformanceID, "items": items}
}

func orderOf(holdID, provider, token string) map[string]any {
	return map[string]any{"holdId": holdID, "payment": map[string]any{"provider": provider, "token": token}}
}

func (f functions) hold(caller string, p showsevents.Performance, items ...map[string]any) string {
	f.Helper()
	var held placed
	f.must(http.StatusCreated, &held, "POST", "/tickets/holds", caller, holdOf(p, items...))
	return held.HoldID
}

func (f functions) buy(caller string, p showsevents.Performance, items ...map[string]any) (o ordered) {
	f.Helper()
	f.must(http.StatusCreated, &o, "POST", "/tickets/orders", caller, orderOf(f.hold(caller, p, items...), "test", "tok_ok"))
	return o
}

// status is an order's.
func (f functions) status(caller, orderID string) string {
	f.Helper()
	var o ordered
	f.must(http.StatusOK, &o, "GET", "/tickets/orders/"+orderID, caller, nil)
	return o.Status
}

// do has a job done, or all of them.
func (f functions) do(job string) error {
	f.Helper()
	handle, err := jobs.Open(f.Context(), f.runtime())
	f.ok(err)
	done, err := handle(f.within(55*time.Second), jobs.Request{Job: job})
	if job != "" && err == nil && !slices.Equal(done.Jobs, []string{job}) {
		f.Errorf("done %v, want %s", done.Jobs, job)
	}
	return err
}

// since is selling as it was some time ago, with a provider that may be silent. What it does is in the table.
func (f functions) since(ago time.Duration, silent bool) *app.Selling {
	f.Helper()
	past := clock.NewManual(time.Now().UTC().Add(-ago).Truncate(time.Millisecond))
	table := platform.New(dynamodb.NewFromConfig(f.config), f.table.Name, past)
	codes, err := jose.Parse(firstKey)
	f.ok(err)
	provider := app.Provider(testpay.New(past))
	if silent {
		provider = mute{provider}
	}
	return app.New(dynamo.New(table, past), codes, app.Payments{
		Providers: map[string]app.Provider{"test": provider, "stripe": provider}, Offered: []string{"test"}, Patience: app.DefaultPatience,
	}, past, slog.New(slog.DiscardHandler))
}

// heldSince is a hold of some time ago.
func (f functions) heldSince(ago time.Duration, caller string, p showsevents.Performance, seatIDs ...string) id.ID {
	f.Helper()
	held, err := f.since(ago, false).PlaceHold(f.Context(), app.Caller{CustomerID: caller, Email: caller + "@example.com"}, app.HoldRequest{
		HoldID: id.New(), PerformanceID: p.PerformanceID, Items: []app.HoldRequestItem{{AreaID: "stalls", Seats: seatIDs}},
	})
	f.ok(err)
	return held.ID
}

// orderedSince is an order of some time ago, of which is not known whether it was paid.
func (f functions) orderedSince(ago time.Duration, caller string, p showsevents.Performance, seatIDs ...string) order.Order {
	f.Helper()
	holdID := f.heldSince(ago, caller, p, seatIDs...)
	open, _, err := f.since(ago, true).PlaceOrder(f.Context(), app.Caller{CustomerID: caller, Email: caller + "@example.com"}, app.OrderRequest{
		OrderID: id.New(), HoldID: holdID, Provider: "test", Token: "tok_ok",
	})
	f.ok(err)
	return open
}

func idOf(t *testing.T, text string) id.ID {
	t.Helper()
	parsed, err := id.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// mute is a provider that answers nothing, and to which nothing gets through.
type mute struct{ app.Provider }

var errSilent = errors.New("no answer")

func (mute) Charge(context.Context, payment.ChargeRequest) (payment.ChargeResult, error) {
	return payment.ChargeResult{}, errSilent
}

func (mute) Refund(context.Context, payment.RefundRequest) (payment.RefundResult, error) {
	return payment.RefundResult{}, errSilent
}
