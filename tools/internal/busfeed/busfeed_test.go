package busfeed_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/sqlitebus"

	"ticketmesh.dev/tools/internal/busfeed"
)

const (
	confirmed = "ticketmesh.tickets.order.confirmed.v1"
	refunded  = "ticketmesh.tickets.order.refunded.v1"
)

// callers are who has which token.
var callers = verifier{
	"ada":   {Sub: "ada", Groups: []string{"subscriber"}},
	"ben":   {Sub: "ben", Groups: []string{"subscriber"}},
	"admin": {Sub: "admin", Groups: []string{"admin"}},
	"org":   {Sub: "org", Groups: []string{"organizer", "gate"}},
	"cus":   {Sub: "cus"},
}

type verifier map[string]auth.Caller

func (v verifier) Verify(_ context.Context, token string) (auth.Caller, error) {
	c, ok := v[token]
	if !ok {
		return auth.Caller{}, auth.ErrUnauthenticated
	}
	return c, nil
}

type fixture struct {
	t     *testing.T
	bus   *sqlitebus.Bus
	clock *clock.Manual
	feed  http.Handler
	stop  context.CancelFunc // as when the mesh drains
}

func newFeed(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.NewManual(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))}
	bus, err := sqlitebus.Open(t.Context(), filepath.Join(t.TempDir(), "bus.db"), sqlitebus.Options{Clock: f.clock, Owner: true, PollInterval: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
	f.bus = bus
	if err := bus.Subscriber(sqlitebus.SubscriberConfig{Queue: "ledger"}).SubscribeInitialize(event.Topic); err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	f.stop = stop
	f.feed, err = busfeed.New(running, busfeed.Config{
		Bus: bus, Verifier: callers, Types: []string{confirmed, refunded}, Services: []string{"tickets"},
		Clock: f.clock, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// call sends a request of a caller and returns the answer, decoded into.
func (f *fixture) call(caller, method, path, body string, into any) int {
	f.t.Helper()
	r := httptest.NewRequest(method, "/bus/subscriptions"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if caller != "" {
		r.Header.Set("Authorization", "Bearer "+caller)
	}
	w := httptest.NewRecorder()
	f.feed.ServeHTTP(w, r)
	if into != nil && w.Code < 300 {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			f.t.Fatalf("%s %s: %d %s: %v", method, path, w.Code, w.Body, err)
		}
	}
	return w.Code
}

// refused checks that a request is answered with a problem, and returns its fields.
func (f *fixture) refused(name, caller, method, path, body string, status int, code string) (fields []string) {
	f.t.Helper()
	r := httptest.NewRequest(method, "/bus/subscriptions"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+caller)
	if caller == "" {
		r.Header.Del("Authorization")
	}
	w := httptest.NewRecorder()
	f.feed.ServeHTTP(w, r)
	var problem struct {
		Code   string
		Errors []struct{ Field string }
	}
	err := json.Unmarshal(w.Body.Bytes(), &problem)
	if err != nil || w.Code != status || problem.Code != code || w.Header().Get("Content-Type") != "application/problem+json" {
		f.t.Errorf("%s: %d %s, want %d %s", name, w.Code, w.Body, status, code)
	}
	for _, e := range problem.Errors {
		fields = append(fields, e.Field)
	}
	return fields
}

type received struct {
	Items []struct {
		LockToken     string
		DeliveryCount int
		Event         json.RawMessage
	}
}

type settled struct {
	Succeeded []string
	Failed    []struct{ LockToken, Code string }
}

// publish publishes an event and returns its envelope.
func (f *fixture) publish(eventType string) []byte {
	f.t.Helper()
	e := event.New(context.Background(), "/x", eventType, "subject", "", f.clock.Now(), json.RawMessage(`{"email":"ada@example.com","n":9007199254740993}`))
	raw, err := e.MarshalCloudEvent()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.bus.Publisher().Publish(event.Topic, event.ToMessage(e, raw)); err != nil {
		f.t.Fatal(err)
	}
	return raw
}

func (f *fixture) put(caller, name string) {
	f.t.Helper()
	if status := f.call(caller, "PUT", "/"+name, `{"types":["`+confirmed+`"]}`, nil); status != http.StatusCreated {
		f.t.Fatalf("put %s: %d", name, status)
	}
}

func (f *fixture) receive(caller, name string) received {
	f.t.Helper()
	var got received
	if status := f.call(caller, "POST", "/"+name+"/receive", `{"maxEvents":100,"lockSeconds":60}`, &got); status != http.StatusOK {
		f.t.Fatalf("receive: %d", status)
	}
	return got
}

func TestASubscriberGetsEventsWhole(t *testing.T) {
	t.Parallel()
	f := newFeed(t)
	f.put("ada", "box")
	want := f.publish(confirmed)
	f.publish(refunded)
	got := f.receive("ada", "box")
	if len(got.Items) != 1 || string(got.Items[0].Event) != string(want) || got.Items[0].DeliveryCount != 1 {
		t.Fatalf("received %+v, want %s", got, want)
	}
	var state struct {
		Name, Owner           string
		Types                 []string
		Depth, InFlight, Dead int
	}
	if f.call("ada", "GET", "/box", "", &state); state.InFlight != 1 || state.Owner != "ada" || !slices.Equal(state.Types, []string{confirmed}) {
		t.Errorf("the subscription is %+v", state)
	}
	token := got.Items[0].LockToken
	var s settled
	if f.call("ada", "POST", "/box/acknowledge", `{"lockTokens":["`+token+`","made up"]}`, &s); !slices.Equal(s.Succeeded, []string{token}) ||
		len(s.Failed) != 1 || s.Failed[0].LockToken != "made up" || s.Failed[0].Code != "lock_lost" {
		t.Errorf("acknowledged %+v", s)
	}
	if f.call("ada", "POST", "/box/acknowledge", `{"lockTokens":["`+token+`"]}`, &s); len(s.Succeeded) != 0 || len(s.Failed) != 1 {
		t.Errorf("acknowledged again %+v", s)
	}
}

func TestEachRouteSettles(t *testing.T) {
	t.Parallel()
	tests := []struct{ route, more, want string }{ // depth, in flight, dead
		{"acknowledge", ``, "000"},
		{"release", ``, "100"},
		{"release", `,"delaySeconds":3600`, "100"},
		{"reject", `,"reason":"poison"`, "001"},
		{"renew", `,"lockSeconds":300`, "010"},
	}
	for _, tt := range tests {
		t.Run(tt.route+tt.more, func(t *testing.T) {
			t.Parallel()
			f := newFeed(t)
			f.put("ada", "box")
			f.publish(confirmed)
			token := f.receive("ada", "box").Items[0].LockToken
			var s settled
			if f.call("ada", "POST", "/box/"+tt.route, `{"lockTokens":["`+token+`"]`+tt.more+`}`, &s); !slices.Equal(s.Succeeded, []string{token}) {
				t.Errorf("settled %+v", s)
			}
			f.clock.Advance(time.Minute)
			var state struct{ Depth, InFlight, Dead byte }
			f.call("ada", "GET", "/box", "", &state)
			if got := string([]byte{'0' + state.Depth, '0' + state.InFlight, '0' + state.Dead}); got != tt.want {
				t.Errorf("the subscription is at %s, want %s", got, tt.want)
			}
			comesAgain := tt.want == "100" && tt.more == ""
			if got := f.receive("ada", "box"); len(got.Items) > 0 != comesAgain {
				t.Errorf("a minute later %d items come", len(got.Items))
			}
		})
	}
}

func TestSubscriptionsAreTheirOwners(t *testing.T) {
	t.Parallel()
	f := newFeed(t)
	f.put("ada", "box")
	f.put("ben", "bens")
	const types = `{"types":["` + confirmed + `"]}`
	const locks = `{"lockTokens":["x"]}`
	for _, tt := range []struct{ method, path, body string }{
		{"GET", "", ""},
		{"GET", "/box", ""},
		{"PUT", "/box", types},
		{"DELETE", "/box", ""},
		{"POST", "/box/receive", `{}`},
		{"POST", "/box/acknowledge", locks},
		{"POST", "/box/release", locks},
		{"POST", "/box/reject", `{"lockTokens":["x"],"reason":"r"}`},
		{"POST", "/box/renew", locks},
	} {
		name := tt.method + " " + tt.path
		f.refused(name+" by nobody", "", tt.method, tt.path, tt.body, 401, "unauthenticated")
		f.refused(name+" by a customer", "cus", tt.method, tt.path, tt.body, 403, "forbidden")
		f.refused(name+" by an organizer", "org", tt.method, tt.path, tt.body, 403, "forbidden")
		if tt.path == "" {
			continue
		}
		if tt.method == "PUT" {
			f.refused(name+" by another", "ben", tt.method, tt.path, tt.body, 409, "subscription_taken")
		} else {
			f.refused(name+" by another", "ben", tt.method, tt.path, tt.body, 404, "not_found")
		}
		for _, own := range []string{"ledger", "tickets", "tickets-new"} {
			f.refused(name+" of "+own, "admin", tt.method, strings.Replace(tt.path, "box", own, 1), tt.body, 409, "subscription_reserved")
		}
	}
	for caller, want := range map[string][]string{"ada": {"box"}, "ben": {"bens"}, "admin": {"bens", "box"}} {
		if got := f.list(caller, 100); !slices.Equal(got, want) {
			t.Errorf("%s sees %v, want %v", caller, got, want)
		}
	}
	if status := f.call("admin", "PUT", "/box", `{"types":["`+refunded+`"]}`, nil); status != http.StatusOK {
		t.Errorf("put by an admin: %d", status)
	}
	f.publish(refunded)
	if got := f.receive("ada", "box"); len(got.Items) != 1 {
		t.Errorf("the owner received %d items", len(got.Items))
	}
	for range 2 {
		if status := f.call("admin", "DELETE", "/box", "", nil); status != http.StatusNoContent {
			t.Errorf("delete: %d", status)
		}
	}
	f.refused("the deleted", "ada", "GET", "/box", "", 404, "not_found")
}

// list returns the names of all a caller's subscriptions, read by pages.
func (f *fixture) list(caller string, limit int) (names []string) {
	f.t.Helper()
	cursor := ""
	for {
		var page struct {
			Items      []struct{ Name string }
			NextCursor string
		}
		path := fmt.Sprintf("?limit=%d", limit)
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		if status := f.call(caller, "GET", path, "", &page); status != http.StatusOK {
			f.t.Fatalf("list: %d", status)
		}
		if len(page.Items) > limit {
			f.t.Errorf("a page of %d items", len(page.Items))
		}
		for _, item := range page.Items {
			names = append(names, item.Name)
		}
		if cursor = page.NextCursor; cursor == "" {
			return names
		}
	}
}

func TestListsComeInPages(t *testing.T) {
	t.Parallel()
	f := newFeed(t)
	want := []string{"a", "b", "c", "d", "e"}
	for _, name := range want {
		f.put("ada", name)
	}
	for _, limit := range []int{1, 2, 5, 100} {
		if got := f.list("ada", limit); !slices.Equal(got, want) {
			t.Errorf("by %d: %v, want %v", limit, got, want)
		}
	}
}

func TestASubscriptionBeginsWhereItIsTold(t *testing.T) {
	t.Parallel()
	f := newFeed(t)
	f.publish(confirmed)
	f.clock.Advance(time.Hour)
	f.publish(confirmed)
	for from, want := range map[string]int{
		`"now"`: 0, `"2026-11-25T13:00:00+00:00"`: 1, `"2026-11-25T13:59:59.999+02:00"`: 2, `"2026-11-25T14:00:00.001+02:00"`: 1, `"0001-01-01T00:00:00Z"`: 2, `"2100-01-01T00:00:00Z"`: 0,
	} {
		name := "s" + strings.ToLower(strings.NewReplacer(`"`, "", ":", "", "+", "", ".", "").Replace(from))
		body := `{"types":["` + confirmed + `"],"from":` + from + `}`
		if first, second := f.call("ada", "PUT", "/"+name, body, nil), f.call("ada", "PUT", "/"+name, body, nil); first != 201 || second != 200 {
			t.Errorf("%s: %d, then %d", from, first, second)
		}
		if got := f.receive("ada", name); len(got.Items) != want {
			t.Errorf("from %s came %d events, want %d", from, len(got.Items), want)
		}
	}
}

func TestBadInputIsRefused(t *testing.T) {
	t.Parallel()
	f := newFeed(t)
	f.put("ada", "box")
	many := strings.TrimSuffix(strings.Repeat(`"x",`, 101), ",")
	long := strings.Repeat("x", 1001)
	tests := []struct{ name, method, path, body, field string }{
		{"an unknown type", "PUT", "/new", `{"types":["` + confirmed + `","ticketmesh.unheard.of.v1"]}`, "types[1]"},
		{"no type", "PUT", "/new", `{"types":[]}`, "types"},
		{"no types", "PUT", "/new", `{}`, "types"},
		{"a type twice", "PUT", "/new", `{"types":["` + confirmed + `","` + confirmed + `"]}`, "types"},
		{"no time", "PUT", "/new", `{"types":["` + confirmed + `"],"from":"yesterday"}`, "from"},
		{"an empty time", "PUT", "/new", `{"types":["` + confirmed + `"],"from":""}`, "from"},
		{"a local time", "PUT", "/new", `{"types":["` + confirmed + `"],"from":"2026-11-25T12:00:00"}`, "from"},
		{"an upper-case name", "PUT", "/New", `{"types":["` + confirmed + `"]}`, "name"},
		{"a name too long", "PUT", "/" + strings.Repeat("a", 64), `{"types":["` + confirmed + `"]}`, "name"},
		{"no event", "POST", "/box/receive", `{"maxEvents":0}`, "maxEvents"},
		{"101 events", "POST", "/box/receive", `{"maxEvents":101}`, "maxEvents"},
		{"waiting too long", "POST", "/box/receive", `{"maxWaitSeconds":31}`, "maxWaitSeconds"},
		{"waiting backwards", "POST", "/box/receive", `{"maxWaitSeconds":-1}`, "maxWaitSeconds"},
		{"a short lock", "POST", "/box/receive", `{"lockSeconds":4}`, "lockSeconds"},
		{"a long lock", "POST", "/box/receive", `{"lockSeconds":301}`, "lockSeconds"},
		{"half a second", "POST", "/box/receive", `{"lockSeconds":5.5}`, "lockSeconds"},
		{"no token", "POST", "/box/acknowledge", `{"lockTokens":[]}`, "lockTokens"},
		{"an empty token", "POST", "/box/acknowledge", `{"lockTokens":[""]}`, "lockTokens[0]"},
		{"a token twice", "POST", "/box/acknowledge", `{"lockTokens":["x","x"]}`, "lockTokens"},
		{"too many tokens", "POST", "/box/acknowledge", `{"lockTokens":[` + many + `]}`, "lockTokens"},
		{"a long token", "POST", "/box/acknowledge", `{"lockTokens":["` + long + `"]}`, "lockTokens[0]"},
		{"a rest backwards", "POST", "/box/release", `{"lockTokens":["x"],"delaySeconds":-1}`, "delaySeconds"},
		{"a long rest", "POST", "/box/release", `{"lockTokens":["x"],"delaySeconds":3601}`, "delaySeconds"},
		{"no reason", "POST", "/box/reject", `{"lockTokens":["x"]}`, "reason"},
		{"an empty reason", "POST", "/box/reject", `{"lockTokens":["x"],"reason":""}`, "reason"},
		{"a long reason", "POST", "/box/reject", `{"lockTokens":["x"],"reason":"` + long + `"}`, "reason"},
		{"renewing for ever", "POST", "/box/renew", `{"lockTokens":["x"],"lockSeconds":1000000000000}`, "lockSeconds"},
		{"an unknown member", "POST", "/box/renew", `{"lockTokens":["x"],"forever":true}`, "forever"},
	}
	for _, tt := range tests {
		fields := f.refused(tt.name, "ada", tt.method, tt.path, tt.body, 400, "invalid_request")
		if !slices.Equal(fields, []string{tt.field}) {
			t.Errorf("%s: the fields are %v, want %s", tt.name, fields, tt.field)
		}
	}
	for i := range sqlitebus.MaxQueuesPerOwner - 1 {
		f.put("ada", "more-"+string(rune('a'+i)))
	}
	f.refused("too many", "ada", "PUT", "/one-too-many", `{"types":["`+confirmed+`"]}`, 409, "too_many_subscriptions")
}

// TestWhatIsNoJSONSpoilsNothing: it could not be sent.
func TestWhatIsNoJSONSpoilsNothing(t *testing.T) {
	t.Parallel()
	f := newFeed(t)
	f.put("ada", "box")
	bad := message.NewMessage("bad", message.Payload(`{"type":`))
	bad.Metadata.Set(event.MetaType, confirmed)
	if err := f.bus.Publisher().Publish(event.Topic, bad); err != nil {
		t.Fatal(err)
	}
	f.publish(confirmed)
	if got := f.receive("ada", "box"); len(got.Items) != 1 {
		t.Errorf("received %d items, want the good one", len(got.Items))
	}
	letter, err := f.bus.DeadLetter(t.Context(), "box", "bad")
	if err != nil || letter.Reason != "is not JSON" {
		t.Errorf("the dead letter is %+v, %v", letter, err)
	}
}

// TestWaitingEndsWithTheMesh, and with the client.
func TestWaitingEndsWithTheMesh(t *testing.T) {
	t.Parallel()
	f := newFeed(t)
	f.put("ada", "box")
	server := httptest.NewServer(f.feed)
	t.Cleanup(server.Close)
	wait := func(ctx context.Context) (string, error) {
		r, err := http.NewRequestWithContext(ctx, "POST", server.URL+"/bus/subscriptions/box/receive", strings.NewReader(`{"maxWaitSeconds":30}`))
		if err != nil {
			return "", err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer ada")
		w, err := server.Client().Do(r)
		if err != nil {
			return "", err
		}
		defer w.Body.Close()
		var got received
		if err := json.NewDecoder(w.Body).Decode(&got); err != nil || len(got.Items) > 0 {
			return "", errors.Join(err, errors.New("not an empty list"))
		}
		return w.Status, nil
	}
	gone, leave := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if _, err := wait(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("the client that left got %v", err)
		}
	})
	waiting.Go(func() {
		if status, err := wait(t.Context()); err != nil || status != "200 OK" {
			t.Errorf("when the mesh drains: %s, %v", status, err)
		}
	})
	leave()
	f.stop()
	waiting.Wait()
	f.publish(confirmed)
	if got := f.receive("ada", "box"); len(got.Items) > 0 {
		t.Errorf("a mesh that drains hands out %+v", got)
	}
	if infos, err := f.bus.PullQueues(t.Context(), "ada", "", 1); err != nil || infos[0].Depth != 1 {
		t.Errorf("afterwards the queue is %+v, %v", infos, err)
	}
}
