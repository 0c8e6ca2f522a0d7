package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/show"
)

// changeAtTheSameTime has the use cases meet at one show.
func changeAtTheSameTime(t *testing.T, h Harness) {
	ada := app.Caller{Subject: "ada", Organizer: true}
	a := app.New(h.Store, nil, clock.NewManual(at), slog.New(slog.DiscardHandler))
	s, err := a.CreateShow(t.Context(), ada, id.New(), show.Details{Title: "Hamlet", Category: "theatre"})
	noError(t, err)
	var ids []id.ID
	for range 10 {
		p := insert(t, h, s, newPerformance(t, s.ID(), "2027-06-01T20:00"))
		ids = append(ids, p.ID())
	}
	ctx := context.WithoutCancel(t.Context())
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() { _, _ = a.PublishShow(ctx, ada, s.ID()) })
		all.Go(func() {
			for _, performanceID := range ids {
				_, _ = a.ReschedulePerformance(ctx, ada, s.ID(), performanceID, app.Reschedule{StartsAt: fmt.Sprintf("2027-06-0%dT20:00", i+2)})
			}
		})
		all.Go(func() { _, _ = a.CancelPerformance(ctx, ada, s.ID(), ids[i], "") })
	}
	all.Wait()
	noError(t, a.Settle(t.Context()))

	last := map[string]event.Event{}
	for _, e := range h.Told(t) {
		if strings.Contains(e.Type, ".performance.") {
			if before, known := last[e.Subject]; known && versionOf(t, before) >= versionOf(t, e) {
				t.Errorf("performance %s was told at version %d after %d", e.Subject, versionOf(t, e), versionOf(t, before))
			}
			last[e.Subject] = e
		}
	}
	for _, performanceID := range ids {
		p, err := h.Store.Performance(t.Context(), s.ID(), performanceID)
		noError(t, err)
		state := p.State()
		e, told := last[performanceID.String()]
		switch {
		case !told && state.Status == performance.Cancelled && !state.Announced: // cancelled before anybody heard of it
		case !told:
			t.Errorf("performance %s was never told", performanceID)
		case versionOf(t, e) != state.Version:
			t.Errorf("performance %s has version %d, told was %d", performanceID, state.Version, versionOf(t, e))
		}
	}
	page, err := h.Store.ListPerformances(t.Context(), app.PerformanceQuery{ShowID: s.ID(), Limit: 100, MaxBytes: 1 << 20})
	noError(t, err)
	equal(t, len(page.Performances), len(ids))
}

// versionOf is that of the entity which the event tells of.
func versionOf(t *testing.T, e event.Event) int {
	t.Helper()
	var data struct{ Version int }
	noError(t, json.Unmarshal(e.Data, &data))
	return data.Version
}
