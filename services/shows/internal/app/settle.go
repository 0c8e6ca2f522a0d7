package app

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/show"
)

const (
	settlePage     = 50
	settleParallel = 8
	settleShows    = 100
)

// Settle brings the performances of all shows that were published or cancelled
// in line with them: announces them, or calls them off; and schedules those of
// series that are not there yet. PublishShow, CancelShow and ScheduleSeries do so
// at once for theirs; Settle finishes what a crash left. It
// goes on after a show that fails and returns all errors.
func (a *App) Settle(ctx context.Context) error {
	showIDs, err := a.store.Unsettled(ctx, settleShows)
	if err != nil {
		return err
	}
	var errs []error
	for _, showID := range showIDs {
		if err := a.settle(ctx, showID); err != nil {
			errs = append(errs, fmt.Errorf("settle show %s: %w", showID, err))
		}
	}
	unfinished, err := a.store.UnfinishedSeries(ctx, seriesBatch)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, of := range unfinished {
		if err := a.settleSeries(ctx, of); err != nil {
			errs = append(errs, fmt.Errorf("settle series %s: %w", of.State().ID, err))
		}
	}
	return errors.Join(errs...)
}

// settleNow settles a show whose change has been committed. The caller's answer
// does not depend on it, nor does it end with the caller's request: what fails
// here is what Settle is for.
func (a *App) settleNow(ctx context.Context, showID id.ID) {
	if err := a.settle(context.WithoutCancel(ctx), showID); err != nil {
		a.logger.WarnContext(ctx, "performances do not follow their show yet", "show", showID, "error", err)
	}
}

// settle may run at the same time as any other change, and as itself: each
// performance changes in a transaction of its own that checks what it saw.
func (a *App) settle(ctx context.Context, showID id.ID) error {
	return retry(func() error {
		s, err := a.store.Show(ctx, showID)
		if err != nil {
			return err
		}
		pending := PendingAnnounce
		switch s.Status() {
		case show.Draft:
			return nil
		case show.Cancelled:
			pending = PendingCancel
		}
		for {
			performances, err := a.store.PendingPerformances(ctx, showID, pending, settlePage)
			if err != nil {
				return err
			}
			if len(performances) == 0 {
				return a.store.Settled(ctx, showID, s.Version())
			}
			if err := a.settleAll(ctx, s, performances); err != nil {
				return err
			}
		}
	})
}

func (a *App) settleAll(ctx context.Context, s show.Show, performances []performance.Performance) error {
	errs := make([]error, len(performances))
	slots := make(chan struct{}, settleParallel)
	var all sync.WaitGroup
	for i, p := range performances {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			errs[i] = a.settlePerformance(ctx, s, p)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (a *App) settlePerformance(ctx context.Context, s show.Show, before performance.Performance) error {
	if s.Status() == show.Cancelled {
		after, done, err := before.Cancel(s.State().Reason)
		if err != nil || !done {
			return err
		}
		return a.savePerformance(ctx, s, after, before, PerformanceCancelled)
	}
	return a.savePerformance(ctx, s, before.Announced(), before, PerformanceScheduled)
}

// savePerformance stores the performance and tells what happened to it, if
// others have heard of it or hear of it now.
func (a *App) savePerformance(ctx context.Context, s show.Show, after, before performance.Performance, change PerformanceChange) error {
	var facts []Fact
	state := after.State()
	if state.Announced {
		m, err := a.store.SeatMap(ctx, state.ID, state.SeatMapVersion)
		if err != nil {
			return err
		}
		facts = append(facts, PerformanceFact{
			Change: change, At: a.clock.Now(), Show: s, Performance: after, SeatMap: m,
			PreviousStartsAtUTC: before.State().StartsAtUTC,
		})
	}
	return a.store.SavePerformance(ctx, after, before, s.Version(), facts...)
}
