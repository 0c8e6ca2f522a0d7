package subscribe_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/showsclient"
	store "ticketmesh.dev/services/tickets/internal/sqlite"
	"ticketmesh.dev/services/tickets/internal/subscribe"
)

var start = time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)

// shows is the shows service as far as a consumer of its events needs it.
type shows struct {
	*httptest.Server
	requests atomic.Int32
	answers  atomic.Pointer[http.HandlerFunc]
}

// answer says how the server answers from now on. Clients may repeat a request
// whose connection broke, so one may still be on its way.
func (s *shows) answer(handle http.HandlerFunc) { s.answers.Store(&handle) }

const hall = `{"areas":[{"id":"floor","kind":"general","capacity":70,"priceCategory":"I"}]}`

func seatMap(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(text))
	}
}

// consuming is the subscription over a real store and a real HTTP server.
type consuming struct {
	t            *testing.T
	store        *store.Store
	subscription consumer.Subscription
	shows        *shows
}

// emptyStore is the file of a store that nothing was put into: to make one takes
// ten times as long as to copy it, and the tests need hundreds.
var emptyStore = sync.OnceValue(func() []byte {
	folder, err := os.MkdirTemp("", "tickets")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "tickets.db")
	db, err := sqlite.Open(context.Background(), sqlite.Config{Path: file, Migrations: store.Migrations(), Clock: clock.NewManual(start)})
	if err != nil {
		panic(err)
	}
	if err := db.Close(); err != nil {
		panic(err)
	}
	empty, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	return empty
})

func newConsuming(t *testing.T) *consuming {
	t.Helper()
	s := &shows{}
	s.answer(seatMap(hall))
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		(*s.answers.Load())(w, r)
	}))
	t.Cleanup(s.Close)
	client, err := showsclient.New(s.URL, s.Client())
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewManual(start)
	file := filepath.Join(t.TempDir(), "tickets.db")
	if err := os.WriteFile(file, emptyStore(), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: file, Migrations: store.Migrations(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	opened, err := store.New(t.Context(), db, c)
	if err != nil {
		t.Fatal(err)
	}
	selling := app.New(opened, nil, app.Payments{}, c, slog.New(slog.DiscardHandler))
	subscriptions := subscribe.Subscriptions(selling, client)
	if len(subscriptions) != 1 || subscriptions[0].Name != subscribe.PerformancesQueue {
		t.Fatalf("subscriptions = %+v", subscriptions)
	}
	return &consuming{t: t, store: opened, subscription: subscriptions[0], shows: s}
}

func (c *consuming) tell(e event.Event) error {
	c.t.Helper()
	if !slices.Contains(c.subscription.Types, e.Type) {
		c.t.Fatalf("nobody subscribes to %s", e.Type)
	}
	return c.subscription.Handle(event.WithTrace(c.t.Context(), e.Follow()), e)
}

func (c *consuming) must(events ...event.Event) {
	c.t.Helper()
	for _, e := range events {
		if err := c.tell(e); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *consuming) performance(performanceID id.ID) *performance.Performance {
	c.t.Helper()
	p, err := c.store.Performance(c.t.Context(), performanceID)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// told is an event of a small performance.
func told(t *testing.T, performanceID id.ID, version int, change func(*showsevents.Performance)) event.Event {
	t.Helper()
	p := showsevents.Performance{
		PerformanceID: performanceID, Version: version, ShowID: id.New(), OrganizerID: "olga", ShowTitle: "Les Misérables",
		Status: showsevents.PerformanceStatusScheduled, StartsAt: "2027-06-01T20:00", TimeZone: "Europe/Vienna",
		StartsAtUtc: time.Date(2027, 6, 1, 18, 0, 0, 0, time.UTC), Currency: "EUR", SeatMapVersion: 1,
		PriceCategories: []showsevents.PriceCategory{{ID: "I", Name: "First", Price: showsevents.Money{Amount: 4200, Currency: "EUR"}}},
		SeatMap: showsevents.NewOptSeatMap(showsevents.SeatMap{Areas: []showsevents.Area{
			{ID: "floor", Kind: showsevents.AreaKindGeneral, PriceCategory: "I", Capacity: showsevents.NewOptInt(10)},
		}}),
	}
	if change != nil {
		change(&p)
	}
	data, err := p.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	eventType := showsevents.TypePerformanceScheduled
	if p.Status == showsevents.PerformanceStatusCancelled {
		eventType = showsevents.TypePerformanceCancelled
	}
	return event.New(t.Context(), showsevents.Source, eventType, performanceID.String(), showsevents.SchemaPerformanceScheduled, start, data)
}

func byReference(p *showsevents.Performance) {
	p.SeatMap.Reset()
	p.SeatMapRef = showsevents.NewOptString("/shows/" + p.ShowID.String() + "/performances/" + p.PerformanceID.String() + "/seatmaps/1")
}

func TestADuplicateChangesNothing(t *testing.T) {
	t.Parallel()
	c := newConsuming(t)
	performanceID := id.New()
	cancelled := told(t, performanceID, 1, func(p *showsevents.Performance) { p.Status = showsevents.PerformanceStatusCancelled })
	c.must(cancelled)
	if err := c.store.CancellationDone(t.Context(), performanceID); err != nil {
		t.Fatal(err)
	}
	c.must(cancelled, cancelled)
	if pending, err := c.store.CancelledPerformances(t.Context()); err != nil || len(pending) != 0 {
		t.Errorf("a duplicate cancels the performance's orders again: %v, %v", pending, err)
	}
	if p := c.performance(performanceID); p.Version != 1 || !p.Cancelled {
		t.Errorf("performance = %+v", p)
	}
}

func TestTheNewestVersionWinsInAnyOrder(t *testing.T) {
	t.Parallel()
	titles := []string{"", "one", "two", "three"}
	for _, order := range [][]int{{1, 2, 3}, {3, 2, 1}, {2, 3, 1}, {2, 1, 3}, {3, 3, 1, 3, 2}} {
		c := newConsuming(t)
		performanceID := id.New()
		for _, version := range order {
			c.must(told(t, performanceID, version, func(p *showsevents.Performance) { p.ShowTitle = titles[version] }))
		}
		if p := c.performance(performanceID); p.Version != 3 || p.Title != "three" {
			t.Errorf("versions %v left %d %q", order, p.Version, p.Title)
		}
	}
}

func TestPoisonIsPermanent(t *testing.T) {
	t.Parallel()
	c := newConsuming(t)
	right := told(t, id.New(), 1, nil)
	for _, give := range []string{``, `null`, `{}`, `[]`, `{"performanceId":1}`} {
		poison := right
		poison.Data = []byte(give)
		if err := c.tell(poison); !consumer.IsPermanent(err) {
			t.Errorf("%q: %v, want a permanent error", give, err)
		}
	}
	malformed := told(t, id.New(), 1, func(p *showsevents.Performance) { p.SeatMap.Value.Areas[0].PriceCategory = "II" })
	if err := c.tell(malformed); !consumer.IsPermanent(err) {
		t.Errorf("an area without a price: %v, want a permanent error", err)
	}
	// It blocks nothing behind it.
	c.must(right)
}

func TestASeatMapComesByReference(t *testing.T) {
	t.Parallel()
	c := newConsuming(t)
	performanceID := id.New()
	var path string
	c.shows.answer(func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.Path
		seatMap(hall)(w, r)
	})
	e := told(t, performanceID, 1, byReference)
	c.must(e)
	p := c.performance(performanceID)
	if p.Layout.Places() != 70 || len(p.Areas) != 1 {
		t.Errorf("layout of %d places, want 70", p.Layout.Places())
	}
	if want := "/shows/" + p.ShowID.String() + "/performances/" + performanceID.String() + "/seatmaps/1"; path != want {
		t.Errorf("asked for %s, want %s", path, want)
	}
}

func TestAReferenceThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request)
	}{
		{"503", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }},
		{"404, for the event may be faster than the API", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }},
		{"half an answer", seatMap(hall[:len(hall)/2])},
		{"a page in HTML", seatMap("<html>")},
		{"the connection breaks", func(w http.ResponseWriter, _ *http.Request) {
			if hijacked, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_ = hijacked.Close()
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newConsuming(t)
			performanceID := id.New()
			e := told(t, performanceID, 1, byReference)
			c.shows.answer(tt.answer)
			err := c.tell(e)
			if err == nil || consumer.IsPermanent(err) {
				t.Fatalf("Handle() = %v, want an error that passes", err)
			}
			if _, err := c.store.Performance(t.Context(), performanceID); !errors.Is(err, performance.ErrNotFound) {
				t.Errorf("it is known all the same: %v", err)
			}
			c.shows.answer(seatMap(hall))
			c.must(e)
			if p := c.performance(performanceID); p.Layout.Places() != 70 {
				t.Errorf("layout of %d places, want 70", p.Layout.Places())
			}
		})
	}
	t.Run("the server is gone", func(t *testing.T) {
		t.Parallel()
		c := newConsuming(t)
		c.shows.Close()
		if err := c.tell(told(t, id.New(), 1, byReference)); err == nil || consumer.IsPermanent(err) {
			t.Errorf("Handle() = %v, want an error that passes", err)
		}
	})
	t.Run("the time is up", func(t *testing.T) {
		t.Parallel()
		c := newConsuming(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.subscription.Handle(ctx, told(t, id.New(), 1, byReference)); !errors.Is(err, context.Canceled) || consumer.IsPermanent(err) {
			t.Errorf("Handle() = %v, want context.Canceled", err)
		}
	})
}

func TestAReferencedSeatMapThatCannotBeLaidOutIsPermanent(t *testing.T) {
	t.Parallel()
	for _, give := range []string{
		`{"areas":[]}`,
		`{"areas":[{"id":"floor","kind":"general","capacity":0,"priceCategory":"I"}]}`,
		`{"areas":[{"id":"floor","kind":"general","capacity":10,"priceCategory":"III"}]}`,
		`{"areas":[{"id":"a","kind":"seated","priceCategory":"I","rows":[{"row":"A","seats":"1-3,2"}]}]}`,
	} {
		c := newConsuming(t)
		c.shows.answer(seatMap(give))
		if err := c.tell(told(t, id.New(), 1, byReference)); !consumer.IsPermanent(err) {
			t.Errorf("%s: %v, want a permanent error", give, err)
		}
	}
}

// TestEveryExampleIsConsumed takes the contract's examples, each of which tells
// the same performance.
func TestEveryExampleIsConsumed(t *testing.T) {
	t.Parallel()
	const folder = "events/shows/examples"
	entries, err := fs.ReadDir(contracts.Files, folder)
	if err != nil {
		t.Fatal(err)
	}
	consumed := map[string]int{}
	for _, entry := range entries {
		text, err := contracts.Files.ReadFile(path.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		e, err := event.ParseCloudEvent(text)
		if err != nil {
			t.Fatal(err)
		}
		c := newConsuming(t)
		// Whatever the categories of an example are, the hall of the reference uses one of them.
		c.shows.answer(func(w http.ResponseWriter, r *http.Request) {
			var p showsevents.Performance
			if err := p.UnmarshalJSON(e.Data); err == nil {
				seatMap(`{"areas":[{"id":"floor","kind":"general","capacity":70,"priceCategory":"`+p.PriceCategories[0].ID+`"}]}`)(w, r)
			}
		})
		if !slices.Contains(c.subscription.Types, e.Type) {
			continue
		}
		consumed[e.Type]++
		c.must(e, e)
		subject, err := id.Parse(e.Subject)
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == showsevents.TypeShowUpdated {
			if s, err := c.store.Show(t.Context(), subject); err != nil || s.Title == "" {
				t.Errorf("%s: %+v, %v", entry.Name(), s, err)
			}
			continue
		}
		if p := c.performance(subject); p.Layout.Places() == 0 {
			t.Errorf("%s: %+v has no places", entry.Name(), p)
		}
	}
	for _, eventType := range []string{showsevents.TypePerformanceScheduled, showsevents.TypePerformanceRescheduled, showsevents.TypePerformanceCancelled, showsevents.TypeShowUpdated} {
		if consumed[eventType] < 3 {
			t.Errorf("%d examples of %s, want at least 3", consumed[eventType], eventType)
		}
	}
}
