package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/show"
	"ticketmesh.dev/services/shows/internal/sqlite"
)

// flaky fails the saving of performances while broken, and the inserting once
// insertions are used up.
type flaky struct {
	*sqlite.Store
	broken     atomic.Bool
	limited    atomic.Bool
	insertions atomic.Int32
}

var errCrash = errors.New("crash")

func (f *flaky) InsertPerformance(ctx context.Context, p performance.Performance, m seatmap.Map, showVersion int, facts ...app.Fact) (performance.Performance, error) {
	if f.limited.Load() && f.insertions.Add(-1) < 0 {
		return performance.Performance{}, errCrash
	}
	return f.Store.InsertPerformance(ctx, p, m, showVersion, facts...)
}

func (f *flaky) SavePerformance(ctx context.Context, p, was performance.Performance, showVersion int, facts ...app.Fact) error {
	if f.broken.Load() {
		return errCrash
	}
	return f.Store.SavePerformance(ctx, p, was, showVersion, facts...)
}

// meddled runs a change of somebody else just before the first write of a
// performance.
type meddled struct {
	*sqlite.Store
	once   sync.Once
	meddle func()
}

func (m *meddled) InsertPerformance(ctx context.Context, p performance.Performance, plan seatmap.Map, showVersion int, facts ...app.Fact) (performance.Performance, error) {
	m.once.Do(m.meddle)
	return m.Store.InsertPerformance(ctx, p, plan, showVersion, facts...)
}

func (m *meddled) SavePerformance(ctx context.Context, p, was performance.Performance, showVersion int, facts ...app.Fact) error {
	m.once.Do(m.meddle)
	return m.Store.SavePerformance(ctx, p, was, showVersion, facts...)
}

var ada = app.Caller{Subject: "ada", Organizer: true}

func over(store app.Store) *app.App {
	return app.New(store, nil, clock.NewManual(start), slog.New(slog.DiscardHandler))
}

func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func create(t testing.TB, a *app.App) id.ID {
	t.Helper()
	return must(a.CreateShow(t.Context(), ada, id.New(), show.Details{Title: "Hamlet", Category: "theatre"}))(t).ID()
}

func schedule(t testing.TB, a *app.App, showID id.ID) id.ID {
	t.Helper()
	return must(a.SchedulePerformance(t.Context(), ada, showID, app.Schedule{
		ID:    id.New(),
		Times: performance.Times{StartsAt: "2027-06-01T20:00", TimeZone: "Europe/Vienna"},
		SeatMap: app.SeatMapSource{
			Areas:           []seatmap.Area{{ID: "all", Kind: seatmap.General, Capacity: 10, PriceCategory: "I"}},
			PriceCategories: []seatmap.PriceCategory{{ID: "I", Name: "First", Price: money.Money{Amount: 1, Currency: "EUR"}}},
		},
	}))(t).ID()
}

// facts are the events as "show.published" or "performance.scheduled <id>",
// those of performances sorted.
func facts(t testing.TB, store *sqlite.Store) []string {
	t.Helper()
	var all []string
	for _, e := range told(t, store) {
		fact := strings.TrimSuffix(strings.TrimPrefix(e.Type, "ticketmesh.shows."), ".v1")
		if strings.HasPrefix(fact, "performance.") {
			fact += " " + e.Subject
		}
		all = append(all, fact)
	}
	slices.Sort(all)
	return all
}

func want(t testing.TB, store *sqlite.Store, expected ...string) {
	t.Helper()
	slices.Sort(expected)
	if got := facts(t, store); !slices.Equal(got, expected) {
		t.Fatalf("told %q, want %q", got, expected)
	}
}

func TestPublishingAnnouncesWhatWasScheduledBefore(t *testing.T) {
	t.Parallel()
	store := open(t)
	a := over(store)
	showID := create(t, a)
	var told []string
	for range 60 { // more than a page
		told = append(told, "performance.scheduled "+schedule(t, a, showID).String())
	}
	want(t, store)
	must(a.PublishShow(t.Context(), ada, showID))(t)
	want(t, store, append(told, "show.published")...)

	told = append(told, "performance.scheduled "+schedule(t, a, showID).String())
	must(a.PublishShow(t.Context(), ada, showID))(t)
	want(t, store, append(told, "show.published")...)
	if ids := must(store.Unsettled(t.Context(), 10))(t); len(ids) != 0 {
		t.Errorf("unsettled: %v", ids)
	}
}

func TestWhatACrashLeftIsFinished(t *testing.T) {
	t.Parallel()
	store := &flaky{Store: open(t)}
	a := over(store)
	showID := create(t, a)
	first, second := schedule(t, a, showID), schedule(t, a, showID)

	store.broken.Store(true)
	must(a.PublishShow(t.Context(), ada, showID))(t)
	want(t, store.Store, "show.published")
	if err := a.Settle(t.Context()); !errors.Is(err, errCrash) {
		t.Fatalf("Settle() = %v while the store fails", err)
	}
	store.broken.Store(false)
	for range 2 {
		if err := a.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	scheduled := []string{"show.published", fmt.Sprint("performance.scheduled ", first), fmt.Sprint("performance.scheduled ", second)}
	want(t, store.Store, scheduled...)

	store.broken.Store(true)
	must(a.CancelShow(t.Context(), ada, showID, "flood"))(t)
	want(t, store.Store, append(scheduled, "show.cancelled")...)
	store.broken.Store(false)
	for range 2 {
		if err := a.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want(t, store.Store, append(scheduled, "show.cancelled", fmt.Sprint("performance.cancelled ", first), fmt.Sprint("performance.cancelled ", second))...)
	if p := must(store.Performance(t.Context(), showID, first))(t); p.State().Reason != "flood" {
		t.Errorf("the performance's reason is %q", p.State().Reason)
	}
}

func TestAPublishThatIsRepeatedFinishesItsWork(t *testing.T) {
	t.Parallel()
	store := &flaky{Store: open(t)}
	a := over(store)
	showID := create(t, a)
	performanceID := schedule(t, a, showID)
	store.broken.Store(true)
	must(a.PublishShow(t.Context(), ada, showID))(t)
	store.broken.Store(false)
	must(a.PublishShow(t.Context(), ada, showID))(t)
	want(t, store.Store, "show.published", fmt.Sprint("performance.scheduled ", performanceID))
}

func TestAPerformanceThatIsScheduledWhileItsShowIsPublishedIsAnnouncedOnce(t *testing.T) {
	t.Parallel()
	store := &meddled{Store: open(t)}
	a := over(store)
	showID := create(t, a)
	store.meddle = func() { must(over(store.Store).PublishShow(t.Context(), ada, showID))(t) }
	performanceID := schedule(t, a, showID)
	want(t, store.Store, "show.published", fmt.Sprint("performance.scheduled ", performanceID))
}

func TestAPerformanceIsNotScheduledWhileItsShowIsCancelled(t *testing.T) {
	t.Parallel()
	store := &meddled{Store: open(t)}
	a := over(store)
	showID := create(t, a)
	store.meddle = func() { must(over(store.Store).CancelShow(t.Context(), ada, showID, ""))(t) }
	_, err := a.SchedulePerformance(t.Context(), ada, showID, app.Schedule{
		ID:    id.New(),
		Times: performance.Times{StartsAt: "2027-06-01T20:00", TimeZone: "Europe/Vienna"},
		SeatMap: app.SeatMapSource{
			Areas:           []seatmap.Area{{ID: "all", Kind: seatmap.General, Capacity: 10, PriceCategory: "I"}},
			PriceCategories: []seatmap.PriceCategory{{ID: "I", Name: "First", Price: money.Money{Amount: 1, Currency: "EUR"}}},
		},
	})
	var cancelled *show.CancelledError
	if !errors.As(err, &cancelled) {
		t.Errorf("SchedulePerformance() = %v", err)
	}
}

func TestAShowThatIsCancelledWhileItsPerformancesAreAnnouncedCancelsThem(t *testing.T) {
	t.Parallel()
	store := &meddled{Store: open(t)}
	a := over(store)
	showID := create(t, a)
	performanceID := schedule(t, over(store.Store), showID)
	store.meddle = func() { must(over(store.Store).CancelShow(t.Context(), ada, showID, ""))(t) }
	must(a.PublishShow(t.Context(), ada, showID))(t)
	p := must(store.Performance(t.Context(), showID, performanceID))(t)
	if p.State().Status != performance.Cancelled {
		t.Errorf("the performance is %s", p.State().Status)
	}
	// Nobody had heard of it.
	want(t, store.Store, "show.published", "show.cancelled")
}

func TestNobodyIsToldOfADraftThatIsCancelled(t *testing.T) {
	t.Parallel()
	store := open(t)
	a := over(store)
	showID := create(t, a)
	performanceID := schedule(t, a, showID)
	must(a.ReschedulePerformance(t.Context(), ada, showID, performanceID, app.Reschedule{StartsAt: "2027-06-02T20:00"}))(t)
	must(a.CancelShow(t.Context(), ada, showID, ""))(t)
	want(t, store)
	if p := must(store.Performance(t.Context(), showID, performanceID))(t); p.State().Status != performance.Cancelled {
		t.Errorf("the performance is %s", p.State().Status)
	}
}

// daily is a rule that gives a date for each of its letters.
type daily struct{}

func (daily) Expand(rule string, start time.Time, _ *time.Location, _ int) ([]time.Time, error) {
	dates := make([]time.Time, len(rule))
	for i := range dates {
		dates[i] = start.AddDate(0, 0, i)
	}
	return dates, nil
}

func TestASeriesThatACrashCutOffIsFinished(t *testing.T) {
	t.Parallel()
	store := &flaky{Store: open(t)}
	a := over(store)
	showID := create(t, a)
	must(a.PublishShow(t.Context(), ada, showID))(t)
	store.limited.Store(true)
	store.insertions.Store(2)
	made := must(a.ScheduleSeries(t.Context(), ada, showID, daily{}, app.SeriesSchedule{
		ID: id.New(), Rule: "xxxxx", StartsAt: "2027-06-01T20:00", TimeZone: "Europe/Vienna",
		SeatMap: app.SeatMapSource{
			Areas:           []seatmap.Area{{ID: "all", Kind: seatmap.General, Capacity: 10, PriceCategory: "I"}},
			PriceCategories: []seatmap.PriceCategory{{ID: "I", Name: "First", Price: money.Money{Amount: 1, Currency: "EUR"}}},
		},
	}))(t)
	told := []string{"show.published"}
	for _, o := range made.State().Occurrences {
		told = append(told, "performance.scheduled "+o.PerformanceID.String())
	}
	want(t, store.Store, told[:3]...)
	if err := a.Settle(t.Context()); !errors.Is(err, errCrash) {
		t.Fatalf("Settle() = %v while the store fails", err)
	}
	store.limited.Store(false)
	for range 2 {
		if err := a.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, store.Store, told...)
	}
	if left := must(store.UnfinishedSeries(t.Context(), 10))(t); len(left) != 0 {
		t.Errorf("unfinished: %v", left)
	}
}

func TestASeriesOfACancelledShowIsNotFinished(t *testing.T) {
	t.Parallel()
	store := &flaky{Store: open(t)}
	a := over(store)
	showID := create(t, a)
	store.limited.Store(true)
	must(a.ScheduleSeries(t.Context(), ada, showID, daily{}, app.SeriesSchedule{
		ID: id.New(), Rule: "xx", StartsAt: "2027-06-01T20:00", TimeZone: "Europe/Vienna",
		SeatMap: app.SeatMapSource{
			Areas:           []seatmap.Area{{ID: "all", Kind: seatmap.General, Capacity: 10, PriceCategory: "I"}},
			PriceCategories: []seatmap.PriceCategory{{ID: "I", Name: "First", Price: money.Money{Amount: 1, Currency: "EUR"}}},
		},
	}))(t)
	must(a.CancelShow(t.Context(), ada, showID, ""))(t)
	store.limited.Store(false)
	if err := a.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	page := must(a.ListPerformances(t.Context(), ada, showID, app.PerformanceKey{}, 10))(t)
	left := must(store.UnfinishedSeries(t.Context(), 10))(t)
	if len(page.Performances) != 0 || len(left) != 0 {
		t.Errorf("performances %v, unfinished %v", page.Performances, left)
	}
}
