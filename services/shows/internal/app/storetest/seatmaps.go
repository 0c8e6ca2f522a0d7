package storetest

import (
	"testing"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

func changeSeatMap(t *testing.T, h Harness) {
	s := newShow(t, h, published)
	before := insert(t, h, s, newPerformance(t, s.ID(), "2027-06-01T20:00").Announced())
	m, err := seatmap.New("", []seatmap.Area{{ID: "floor", Kind: seatmap.General, Capacity: 7, PriceCategory: "I"}},
		[]seatmap.PriceCategory{{ID: "I", Name: "First", Price: money.Money{Amount: 1000, Currency: before.State().Currency}}})
	noError(t, err)
	after, err := before.ChangeSeatMap(m, performance.SeatPlan{ID: id.New(), Version: 3})
	noError(t, err)
	fact := app.PerformanceFact{
		Change: app.PerformanceRescheduled, At: at, Show: s, Performance: after, SeatMap: m, PreviousStartsAtUTC: after.State().StartsAtUTC,
	}
	wantError(t, h.Store.ChangeSeatMap(t.Context(), after, before, m, s.Version()+1, fact), app.ErrConflict)
	wantError(t, h.Store.ChangeSeatMap(t.Context(), after, after, m, s.Version(), fact), app.ErrConflict)
	if told := h.Told(t); len(told) != 0 {
		t.Errorf("told %v of what did not happen", told)
	}
	noError(t, h.Store.ChangeSeatMap(t.Context(), after, before, m, s.Version(), fact))
	wantError(t, h.Store.ChangeSeatMap(t.Context(), after, before, m, s.Version(), fact), app.ErrConflict)
	if told := h.Told(t); len(told) != 1 {
		t.Errorf("told %v, want one event", told)
	}
	got, err := h.Store.Performance(t.Context(), s.ID(), before.ID())
	noError(t, err)
	equal(t, got, after)
	for version, want := range map[int]seatmap.Map{1: plan(t), 2: m} {
		stored, err := h.Store.SeatMap(t.Context(), before.ID(), version)
		noError(t, err)
		equal(t, stored, want)
	}
	page, err := h.Store.ListPerformances(t.Context(), app.PerformanceQuery{ShowID: s.ID(), Limit: 1, MaxBytes: 1 << 20})
	noError(t, err)
	equal(t, page.Performances[0].SeatMap, m)
	// Other changes leave it.
	times := after.Times()
	times.StartsAt = "2027-06-02T20:00"
	moved, _, err := after.Reschedule(times, at.AddDate(0, 1, 0), at)
	noError(t, err)
	noError(t, h.Store.SavePerformance(t.Context(), moved, after, s.Version()))
	got, err = h.Store.Performance(t.Context(), s.ID(), before.ID())
	noError(t, err)
	equal(t, got, moved)
}
