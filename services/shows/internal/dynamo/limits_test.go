package dynamo_test

import (
	"reflect"
	"testing"

	"ticketmesh.dev/platform/clock"
	platform "ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/dynamo"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatplan"
	"ticketmesh.dev/services/shows/internal/series"
)

// TestWhatIsLargerThanAnItemReadsBack keeps seat maps that are larger than 400 KB
// when they are packed.
func TestWhatIsLargerThanAnItemReadsBack(t *testing.T) {
	t.Parallel()
	f := open(t)
	of, m := f.show("opera"), unpackable(100_000)
	p := f.performed(of, m, true)
	_, err := f.store.InsertPerformance(t.Context(), p, m, of.Version(), scheduled(of, p, m))
	f.ok(err)
	got, err := f.store.SeatMap(t.Context(), p.ID(), 1)
	f.ok(err)
	if !reflect.DeepEqual(got, m) {
		t.Error("a seat map is not what it was")
	}
	items, err := f.table.Query(t.Context(), platform.Query{PK: "performance#" + p.ID().String()})
	f.ok(err)
	if len(items) < 3 {
		t.Fatalf("the seat map fits into %d items, which tests nothing", len(items)-1)
	}

	plan := seatplan.Restore(seatplan.State{ID: id.New(), OrganizerID: "ada", Version: 1, Details: seatplan.Details{Name: "Saal", Areas: m.Areas()}})
	_, err = f.store.InsertSeatPlan(t.Context(), plan)
	f.ok(err)
	if got, err := f.store.SeatPlan(t.Context(), plan.State().ID, 0); err != nil || !reflect.DeepEqual(got, plan) {
		t.Errorf("a seat plan is not what it was, %v", err)
	}

	made, err := series.New(id.New(), of.ID(), "FREQ=DAILY", []string{"2027-06-01T20:00"}, series.Template{
		TimeZone: "Europe/Vienna", SeatMap: m, SeatPlan: performance.SeatPlan{ID: plan.State().ID, Version: 1},
	})
	f.ok(err)
	_, err = f.store.InsertSeries(t.Context(), made, of.Version())
	f.ok(err)
	if got, err := f.store.UnfinishedSeries(t.Context(), 10); err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], made) {
		t.Errorf("a series is not what it was, %v", err)
	}

	// Its events refer to the seat map.
	told, err := f.at.Events(t.Context())
	f.ok(err)
	if len(told) != 1 || len(told[0].Data) > 2000 {
		t.Errorf("told %d events", len(told))
	}
}

// TestAPlanOfManyVersionsIsDeleted has more versions than a unit of work takes.
func TestAPlanOfManyVersionsIsDeleted(t *testing.T) {
	t.Parallel()
	f := open(t)
	state := seatplan.State{ID: id.New(), OrganizerID: "ada", Version: 1, Details: seatplan.Details{Name: "Saal", Areas: house(1).Areas()}}
	_, err := f.store.InsertSeatPlan(t.Context(), seatplan.Restore(state))
	f.ok(err)
	for range platform.MaxActions {
		state.Version++
		f.ok(f.store.SaveSeatPlan(t.Context(), seatplan.Restore(state), state.Version-1))
	}
	f.ok(f.store.DeleteSeatPlan(t.Context(), state.ID, state.Version))
	left, err := f.table.Query(t.Context(), platform.Query{PK: "plan#" + state.ID.String()})
	f.ok(err)
	if len(left) != 0 {
		t.Errorf("%d items are left", len(left))
	}
}

// TestAPageWithFiltersLooksAtSoManyShows looks for the oldest of many.
func TestAPageWithFiltersLooksAtSoManyShows(t *testing.T) {
	t.Parallel()
	f := open(t)
	oldest := f.show("opera")
	for range 100 {
		f.show("theatre")
	}
	q := app.ShowQuery{Category: "opera", Limit: 2}
	page, err := f.store.ListShows(t.Context(), q)
	f.ok(err)
	if len(page.Shows) != 0 || page.Next == id.Nil {
		t.Fatalf("the first page has %d shows, and goes on at %s", len(page.Shows), page.Next)
	}
	q.Before = page.Next
	page, err = f.store.ListShows(t.Context(), q)
	f.ok(err)
	if len(page.Shows) != 1 || page.Shows[0].ID() != oldest.ID() || page.Next != id.Nil {
		t.Errorf("the second page has %d shows, and goes on at %s", len(page.Shows), page.Next)
	}
}

// TestDatesAreReadOnUntilOneCounts has more dates that do not count than are read
// at once.
func TestDatesAreReadOnUntilOneCounts(t *testing.T) {
	t.Parallel()
	f := open(t)
	of, m := f.show("opera"), house(1)
	var last performance.Performance
	for i := range 51 {
		p := f.performed(of, m, true)
		if i < 50 {
			var err error
			p, _, err = p.Cancel("") // ids rise, and with them places in the list
			f.ok(err)
		}
		_, err := f.store.InsertPerformance(t.Context(), p, m, of.Version())
		f.ok(err)
		last = p
	}
	page, err := f.store.ListShows(t.Context(), app.ShowQuery{From: last.State().StartsAtUTC, Limit: 1})
	f.ok(err)
	if len(page.Shows) != 1 {
		t.Error("the show is not found by its last performance")
	}
	pending, err := f.store.PendingPerformances(t.Context(), of.ID(), app.PendingCancel, 10)
	f.ok(err)
	if len(pending) != 1 || pending[0].ID() != last.ID() {
		t.Errorf("%d performances are pending", len(pending))
	}
}

func TestATableThatIsMissingIsNotReady(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.ok(f.store.Ready(t.Context()))
	missing := dynamo.New(platform.New(f.at.Client(t), "missing", clock.NewManual(now)), validator(t))
	if err := missing.Ready(t.Context()); err == nil {
		t.Error("a table that is missing is ready")
	}
}
