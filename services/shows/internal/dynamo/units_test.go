package dynamo_test

import (
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/availability"
)

// TestWhatItCosts holds the README's table: write units with those of indexes, and
// read units.
func TestWhatItCosts(t *testing.T) {
	t.Parallel()
	f := open(t)
	client, meter := f.at.Metered(t)
	f.use(client)
	cost := func(name string, write int, read float64) {
		t.Helper()
		counts := meter.Take()
		t.Logf("%s: %s", name, counts)
		if total := counts.Total(); total.Write != write || total.Read != read {
			t.Errorf("%s: %d write units and %v read units, want %d and %v", name, total.Write, total.Read, write, read)
		}
	}

	// What an on-sale does.
	p := availability.Partition{PerformanceID: id.New(), AreaID: "stalls", Number: 3, Version: 1, Capacity: 64, Available: 60}
	apply := func() { f.ok(f.store.ApplyPartition(t.Context(), p)) }
	apply()
	cost("the first report of a partition", 1, 0)
	p.Version = 2
	apply()
	cost("a report", 1, 0)
	apply()
	cost("a report that comes again", 1, 0)
	for n := range 313 { // of 20,000 places
		p.Number = n
		apply()
	}
	meter.Take()
	_, err := f.store.Reported(t.Context(), p.PerformanceID)
	f.ok(err)
	cost("the availability of 20,000 places", 0, 12)

	// What organizers do.
	draft := f.draft("opera")
	cost("a draft", 2, 1)
	published, _, err := draft.Publish(now)
	f.ok(err)
	f.ok(f.store.SaveShow(t.Context(), published, 1, true, app.ShowFact{Change: app.ShowPublished, At: now, Show: published}))
	cost("publishing", 7, 1)
	f.ok(f.store.Settled(t.Context(), published.ID(), 2))
	cost("settling", 2, 1)
	for _, tt := range []struct {
		name               string
		rows               int
		insert, reschedule int
	}{
		{"1,500 seats", 38, 10, 10},
		{"20,000 seats", 500, 14, 12},
	} {
		m := house(tt.rows)
		added := f.performed(published, m, true)
		_, err := f.store.InsertPerformance(t.Context(), added, m, 2, scheduled(published, added, m))
		f.ok(err)
		cost("a performance of "+tt.name, tt.insert, 2)
		times := added.Times()
		times.StartsAt = "2027-06-02T20:00"
		moved, _, err := added.Reschedule(times, time.Time{}, now)
		f.ok(err)
		f.ok(f.store.SavePerformance(t.Context(), moved, added, 2, app.PerformanceFact{
			Change: app.PerformanceRescheduled, At: now, Show: published, Performance: moved, SeatMap: m, PreviousStartsAtUTC: added.State().StartsAtUTC,
		}))
		cost("rescheduling one of "+tt.name, tt.reschedule, 3)
		_, err = f.store.SeatMap(t.Context(), added.ID(), 1)
		f.ok(err)
		cost("a seat map of "+tt.name, 0, 1)
	}

	// What buyers' pages ask for.
	_, err = f.store.Show(t.Context(), published.ID())
	f.ok(err)
	cost("a show", 0, 1)
	for range 20 {
		f.show("opera")
	}
	meter.Take()
	_, err = f.store.ListShows(t.Context(), app.ShowQuery{Limit: 20})
	f.ok(err)
	cost("a page of 20 shows", 0, 1.5)
}
