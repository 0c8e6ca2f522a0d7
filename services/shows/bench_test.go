package shows_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"ticketmesh.dev/platform/id"
)

// An on-sale changes hundreds of partitions a second; writes that come at the
// same time share a commit.
func BenchmarkAvailabilityChanged(b *testing.B) {
	m := start(b)
	path := m.schedule(m.publishedShow())
	var n atomic.Int64
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := int(n.Add(1))
			if err := m.Subscriptions[0].Handle(context.Background(), availabilityChanged(path, "stalls", i%64, i, 64, i%64)); err != nil {
				b.Error(err)
			}
		}
	})
}

// What every buyer's page asks for while tickets are sold.
func BenchmarkGetAvailability(b *testing.B) {
	m := start(b)
	path := m.schedule(m.publishedShow())
	for i := range 64 {
		m.deliver(availabilityChanged(path, "stalls", i, 1, 64, i%64))
	}
	get(b, m, path+"/availability")
}

func BenchmarkGetPerformance(b *testing.B) {
	m := start(b)
	get(b, m, m.schedule(m.publishedShow()))
}

func BenchmarkListShows(b *testing.B) {
	m := start(b)
	for range 100 {
		m.publishedShow()
	}
	get(b, m, "/shows")
}

func get(b *testing.B, m *mesh, path string) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w := httptest.NewRecorder()
			m.API.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			if w.Code != http.StatusOK {
				b.Errorf("%d %s", w.Code, w.Body)
			}
		}
	})
}

// A schedule of a large hall, checked, stored and told.
func BenchmarkSchedulePerformance(b *testing.B) {
	m := start(b)
	show := m.publishedShow()
	body := newPerformance()
	rows := []any{}
	for range 500 {
		rows = append(rows, document{"row": "R" + strings.ReplaceAll(id.New().String(), "-", "")[8:], "seats": "1-40,42,44"})
	}
	area(body, 0)["rows"] = rows
	b.ResetTimer()
	for range b.N {
		m.do(organizer, "POST", show+"/performances", body).want(201)
	}
}
