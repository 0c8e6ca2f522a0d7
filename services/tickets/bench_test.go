package tickets_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/service"

	"ticketmesh.dev/services/tickets/embedded"
)

// BenchmarkSale is one hold and one order, through the HTTP handler, durable,
// its events in the outbox. The house is large enough for every iteration.
func BenchmarkSale(b *testing.B) {
	for _, house := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("house=%d", house), func(b *testing.B) { benchmarkSale(b, house) })
	}
}

func benchmarkSale(b *testing.B, house int) {
	opened, err := embedded.Open(b.Context(), embedded.Config{
		DataDir: b.TempDir(), BaseURL: "http://127.0.0.1:0", Clock: clock.System{}, Logger: slog.New(slog.DiscardHandler),
		Verifier: tokens{},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer opened.Close()
	var sold atomic.Int64
	current := scheduleHouse(b, opened, house)
	var performanceID atomic.Pointer[id.ID]
	performanceID.Store(&current)
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		token := "Bearer " + id.New().String()
		for pb.Next() {
			n := int(sold.Add(1)) - 1
			p := *performanceID.Load()
			if n > 0 && n%house == 0 { // sold out: the next house opens
				fresh := scheduleHouse(b, opened, house)
				performanceID.Store(&fresh)
				p = fresh
			}
			seat := strconv.Itoa(n%house/50+1) + "-" + strconv.Itoa(n%50+1)
			body := `{"performanceId":"` + p.String() + `","items":[{"areaId":"a","seats":["` + seat + `"]}]}`
			answer := post(opened, "/tickets/holds", token, body)
			if answer.Code != http.StatusCreated {
				continue // a seat of the house before, asked for while the next one opened
			}
			_, rest, _ := bytes.Cut(answer.Body.Bytes(), []byte(`"holdId":"`))
			body = `{"holdId":"` + string(rest[:36]) + `","payment":{"provider":"test","token":"tok_ok"}}`
			if answer := post(opened, "/tickets/orders", token, body); answer.Code != http.StatusCreated {
				b.Errorf("order: %d %s", answer.Code, answer.Body)
			}
		}
	})
}

func post(s *service.Service, path, authorization, body string) *httptest.ResponseRecorder {
	r, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, path, io.NopCloser(bytes.NewReader([]byte(body))))
	r.Header["Content-Type"], r.Header["Authorization"] = []string{"application/json"}, []string{authorization}
	r.ContentLength = int64(len(body))
	w := httptest.NewRecorder()
	s.API.ServeHTTP(w, r)
	return w
}

func scheduleHouse(b *testing.B, s *service.Service, house int) id.ID {
	b.Helper()
	area := showsevents.Area{ID: "a", Kind: showsevents.AreaKindSeated, PriceCategory: "I"}
	for row := range house / 50 {
		area.Rows = append(area.Rows, showsevents.Row{Row: strconv.Itoa(row + 1), Seats: "1-50"})
	}
	p := showsevents.Performance{
		PerformanceID: id.New(), Version: 1, ShowID: id.New(), OrganizerID: "o", ShowTitle: "Benchmark", Status: showsevents.PerformanceStatusScheduled,
		StartsAt: "2037-06-01T20:00", TimeZone: "UTC", StartsAtUtc: time.Date(2037, 6, 1, 20, 0, 0, 0, time.UTC), Currency: "EUR", SeatMapVersion: 1,
		PriceCategories: []showsevents.PriceCategory{{ID: "I", Name: "I", Price: showsevents.Money{Amount: 4200, Currency: "EUR"}}},
		SeatMap:         showsevents.NewOptSeatMap(showsevents.SeatMap{Areas: []showsevents.Area{area}}),
	}
	data, err := p.MarshalJSON()
	if err != nil {
		b.Fatal(err)
	}
	e := event.New(b.Context(), showsevents.Source, showsevents.TypePerformanceScheduled, p.PerformanceID.String(), "", time.Now(), data)
	if err := s.Subscriptions[0].Handle(b.Context(), e); err != nil {
		b.Fatal(err)
	}
	return p.PerformanceID
}
