package storetest

import (
	"testing"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/pricing"
	"ticketmesh.dev/services/shows/internal/series"
	"ticketmesh.dev/services/shows/internal/show"
)

func newSeries(t *testing.T, of show.Show) series.Series {
	t.Helper()
	made, err := series.New(id.New(), of.ID(), "FREQ=DAILY;COUNT=2", []string{"2027-06-01T20:00", "2027-06-02T20:00"}, series.Template{
		TimeZone: "Europe/Vienna", SalesOpenAt: at, SeatMap: plan(t), SeatPlan: performance.SeatPlan{ID: id.New(), Version: 2},
		Limits:  performance.Limits{PerOrder: 8, PerCustomer: 16},
		Pricing: &pricing.Rules{Rounding: pricing.HalfEven, Tax: &pricing.Tax{Name: "VAT", Percent: "5"}},
	})
	noError(t, err)
	return made
}

func seriesRoundTrip(t *testing.T, h Harness) {
	s := newShow(t, h)
	want := newSeries(t, s)
	stored, err := h.Store.InsertSeries(t.Context(), want, s.Version())
	noError(t, err)
	equal(t, stored, want)
	got, err := h.Store.Series(t.Context(), s.ID(), want.State().ID)
	noError(t, err)
	equal(t, got, want)
	_, err = h.Store.Series(t.Context(), id.New(), want.State().ID)
	wantError(t, err, app.ErrNotFound)
	_, err = h.Store.Series(t.Context(), s.ID(), id.New())
	wantError(t, err, app.ErrNotFound)
}

func insertSeriesTwice(t *testing.T, h Harness) {
	s, other := newShow(t, h), newShow(t, h)
	first := newSeries(t, s)
	_, err := h.Store.InsertSeries(t.Context(), first, s.Version()+1)
	wantError(t, err, app.ErrConflict)
	_, err = h.Store.Series(t.Context(), s.ID(), first.State().ID)
	wantError(t, err, app.ErrNotFound)
	_, err = h.Store.InsertSeries(t.Context(), first, s.Version())
	noError(t, err)

	again := newSeries(t, s).State()
	again.ID = first.State().ID
	stored, err := h.Store.InsertSeries(t.Context(), series.Restore(again), s.Version())
	noError(t, err)
	equal(t, stored, first)
	again.ShowID = other.ID()
	_, err = h.Store.InsertSeries(t.Context(), series.Restore(again), other.Version())
	wantError(t, err, app.ErrNotFound)
}

func unfinishedSeries(t *testing.T, h Harness) {
	s := newShow(t, h)
	want := map[id.ID]series.Series{}
	var last id.ID
	for range 3 {
		made := newSeries(t, s)
		last = made.State().ID
		_, err := h.Store.InsertSeries(t.Context(), made, s.Version())
		noError(t, err)
		want[last] = made
	}
	unfinished := func(limit int) map[id.ID]series.Series {
		all, err := h.Store.UnfinishedSeries(t.Context(), limit)
		noError(t, err)
		got := map[id.ID]series.Series{}
		for _, made := range all {
			got[made.State().ID] = made
		}
		return got
	}
	equal(t, unfinished(10), want)
	equal(t, len(unfinished(2)), 2)
	for range 2 {
		noError(t, h.Store.SeriesFinished(t.Context(), last))
	}
	delete(want, last)
	equal(t, unfinished(10), want)
}
