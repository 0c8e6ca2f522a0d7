package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/availability"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/pricing"
	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/show"
	"ticketmesh.dev/services/shows/internal/venue"
)

// ErrSeatPlan: there is no such plan, or version of it, for the caller.
var ErrSeatPlan = errors.New("no such seat plan")

// maxPageBytes keeps a page of large seat maps below what gateways carry.
const maxPageBytes = 2 << 20

// SeatMapSource is a seat map that is not checked yet: whole, or a version of a
// seat plan with prices.
type SeatMapSource struct {
	SeatPlan        performance.SeatPlan // version 0 is the newest; zero when the areas are given
	Areas           []seatmap.Area
	PriceCategories []seatmap.PriceCategory
	Allocations     []seatmap.Allocation // of areas that are given: a plan has its own
}

// Schedule is a performance to add.
type Schedule struct {
	ID                    id.ID
	Times                 performance.Times
	SeatMap               SeatMapSource
	Pricing               *pricing.Rules // nil: nothing is charged beside the prices
	Channels              []sales.Channel
	PerOrder, PerCustomer *int // nil for no limit
}

// SchedulePerformance adds a performance to a show; it is announced at once
// when the show is published. When a performance with this id exists it is
// returned instead: the request was made before. It fails with ErrNotFound,
// ErrSeatPlan, ErrForbidden, a *show.CancelledError, a *violation.Error, a
// *seatmap.MixedCurrenciesError or a *performance.InvalidLocalTimeError.
func (a *App) SchedulePerformance(ctx context.Context, caller Caller, showID id.ID, schedule Schedule) (view PerformanceView, err error) {
	err = retry(func() error {
		s, err := a.changeable(ctx, caller, showID)
		if err != nil {
			return err
		}
		if s.Status() == show.Cancelled {
			return &show.CancelledError{ShowID: showID}
		}
		m, from, err := a.seatMap(ctx, caller, schedule.SeatMap)
		if err != nil {
			return err
		}
		announced := s.Status() == show.Published
		p, err := performance.Schedule(schedule.ID, showID, schedule.Times, performance.Terms{
			SeatMap: m, SeatPlan: from, Pricing: schedule.Pricing, Channels: schedule.Channels, PerOrder: schedule.PerOrder, PerCustomer: schedule.PerCustomer,
		}, announced)
		if err != nil {
			return err
		}
		stored, err := a.insert(ctx, s, p, m)
		if err != nil {
			return err
		}
		view, err = a.view(ctx, stored)
		return err
	})
	if err == nil && view.State().Announced {
		a.display.changed(ctx, showID)
	}
	return view, err
}

// insert stores a new performance of the show as it is, and tells of one that is
// announced.
func (a *App) insert(ctx context.Context, s show.Show, p performance.Performance, m seatmap.Map) (performance.Performance, error) {
	var facts []Fact
	if p.State().Announced {
		facts = append(facts, PerformanceFact{Change: PerformanceScheduled, At: a.clock.Now(), Show: s, Performance: p, SeatMap: m})
	}
	return a.store.InsertPerformance(ctx, p, m, s.Version(), facts...)
}

// seatMap checks a seat map and says which version of a plan it is made from.
func (a *App) seatMap(ctx context.Context, caller Caller, source SeatMapSource) (seatmap.Map, performance.SeatPlan, error) {
	if source.SeatPlan.ID == id.Nil {
		m, err := seatmap.New("seatMap.", source.Areas, source.PriceCategories)
		if err != nil {
			return seatmap.Map{}, performance.SeatPlan{}, err
		}
		m, err = m.Allocate("seatMap.", source.Allocations)
		return m, performance.SeatPlan{}, err
	}
	plan, err := ownSeatPlan(ctx, a.store, caller, source.SeatPlan.ID, source.SeatPlan.Version)
	if errors.Is(err, ErrNotFound) {
		return seatmap.Map{}, performance.SeatPlan{}, fmt.Errorf("%w: %w", ErrSeatPlan, err)
	}
	if err != nil {
		return seatmap.Map{}, performance.SeatPlan{}, err
	}
	m, err := plan.Priced("seatPlan.", source.PriceCategories)
	return m, performance.SeatPlan{ID: source.SeatPlan.ID, Version: plan.State().Version}, err
}

// Performance returns a performance of a show that the caller may see, or
// ErrNotFound.
func (a *App) Performance(ctx context.Context, caller Caller, showID, performanceID id.ID) (PerformanceView, error) {
	if _, err := a.visible(ctx, caller, showID); err != nil {
		return PerformanceView{}, err
	}
	p, err := a.store.Performance(ctx, showID, performanceID)
	if err != nil {
		return PerformanceView{}, err
	}
	return a.view(ctx, p)
}

func (a *App) view(ctx context.Context, p performance.Performance) (PerformanceView, error) {
	m, err := a.store.SeatMap(ctx, p.ID(), p.State().SeatMapVersion)
	if err != nil {
		return PerformanceView{}, err
	}
	return PerformanceView{p, m}, nil
}

// ListPerformances returns a page of a show's performances by their start. It
// may have fewer than limit and not be the last.
func (a *App) ListPerformances(ctx context.Context, caller Caller, showID id.ID, after PerformanceKey, limit int) (PerformancePage, error) {
	if _, err := a.visible(ctx, caller, showID); err != nil {
		return PerformancePage{}, err
	}
	return a.store.ListPerformances(ctx, PerformanceQuery{ShowID: showID, After: after, Limit: limit, MaxBytes: maxPageBytes})
}

// Reschedule is where to move a performance; nil keeps what it has.
type Reschedule struct {
	StartsAt     string
	TimeZone     *string
	SalesOpenAt  *time.Time // zero removes it
	SalesCloseAt *time.Time // zero removes it
	ReturnsUntil time.Time  // zero: the usual time
}

// ReschedulePerformance moves a performance to another time. It fails with
// ErrNotFound, ErrForbidden, a *show.CancelledError, a
// *performance.CancelledError, a *violation.Error or a
// *performance.InvalidLocalTimeError.
func (a *App) ReschedulePerformance(ctx context.Context, caller Caller, showID, performanceID id.ID, to Reschedule) (PerformanceView, error) {
	return a.changePerformance(ctx, caller, showID, performanceID, func(s show.Show, before performance.Performance) (performance.Performance, bool, PerformanceChange, error) {
		if s.Status() == show.Cancelled {
			return before, false, 0, &show.CancelledError{ShowID: showID}
		}
		times := before.Times()
		times.StartsAt = to.StartsAt
		set(&times.TimeZone, to.TimeZone)
		set(&times.SalesOpenAt, to.SalesOpenAt)
		set(&times.SalesCloseAt, to.SalesCloseAt)
		after, changed, err := before.Reschedule(times, to.ReturnsUntil, a.clock.Now())
		return after, changed, PerformanceRescheduled, err
	})
}

// CancelPerformance calls a performance off. It fails with ErrNotFound,
// ErrForbidden or a *violation.Error.
func (a *App) CancelPerformance(ctx context.Context, caller Caller, showID, performanceID id.ID, reason string) (PerformanceView, error) {
	return a.changePerformance(ctx, caller, showID, performanceID, func(_ show.Show, before performance.Performance) (performance.Performance, bool, PerformanceChange, error) {
		after, changed, err := before.Cancel(reason)
		return after, changed, PerformanceCancelled, err
	})
}

type change func(s show.Show, before performance.Performance) (after performance.Performance, changed bool, what PerformanceChange, err error)

func (a *App) changePerformance(ctx context.Context, caller Caller, showID, performanceID id.ID, do change) (view PerformanceView, err error) {
	err = retry(func() error {
		s, err := a.changeable(ctx, caller, showID)
		if err != nil {
			return err
		}
		before, err := a.store.Performance(ctx, showID, performanceID)
		if err != nil {
			return err
		}
		after, changed, what, err := do(s, before)
		if err != nil {
			return err
		}
		if changed {
			if err := a.savePerformance(ctx, s, after, before, what); err != nil {
				return err
			}
		}
		view, err = a.view(ctx, after)
		return err
	})
	if err == nil && view.State().Announced {
		a.display.changed(ctx, showID)
	}
	return view, err
}

// SeatMap returns a version of a performance's seat map, or ErrNotFound.
func (a *App) SeatMap(ctx context.Context, caller Caller, showID, performanceID id.ID, version int) (seatmap.Map, error) {
	if _, err := a.visible(ctx, caller, showID); err != nil {
		return seatmap.Map{}, err
	}
	if _, err := a.store.Performance(ctx, showID, performanceID); err != nil {
		return seatmap.Map{}, err
	}
	return a.store.SeatMap(ctx, performanceID, version)
}

// Availability tells what is free in each area, as far as the sale reported.
func (a *App) Availability(ctx context.Context, caller Caller, showID, performanceID id.ID) ([]availability.Area, error) {
	if _, err := a.visible(ctx, caller, showID); err != nil {
		return nil, err
	}
	p, err := a.store.Performance(ctx, showID, performanceID)
	if err != nil {
		return nil, err
	}
	if p.State().Status == performance.Cancelled {
		return availability.None(p.State().Capacities), nil
	}
	reported, err := a.store.Reported(ctx, performanceID)
	if err != nil {
		return nil, fmt.Errorf("availability of performance %s: %w", performanceID, err)
	}
	return availability.Sum(p.State().Capacities, reported), nil
}

// ApplyVenue takes what is told of a venue, in any order and any number of times.
func (a *App) ApplyVenue(ctx context.Context, v venue.Venue) error { return a.store.ApplyVenue(ctx, v) }

// ApplyPartition takes what the sale reports about one partition, in any order
// and any number of times: its version tells what is new. Partitions of unknown
// performances are kept: the events of two services may overtake each other.
func (a *App) ApplyPartition(ctx context.Context, p availability.Partition) error {
	return a.store.ApplyPartition(ctx, p)
}
