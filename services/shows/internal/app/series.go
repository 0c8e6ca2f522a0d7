package app

import (
	"context"
	"fmt"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/pricing"
	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/series"
	"ticketmesh.dev/services/shows/internal/show"
	"ticketmesh.dev/services/shows/internal/violation"
)

// seriesBatch is how many unfinished series a settling takes on.
const seriesBatch = 100

// SeriesStore keeps series. Methods may be called concurrently, and have taken
// durable effect when they return.
type SeriesStore interface {
	// InsertSeries stores a new series, which is listed by UnfinishedSeries until
	// SeriesFinished, if its show has the version showVersion, else ErrConflict.
	// When a series with its id exists, nothing is stored and that one is
	// returned, with ErrNotFound if it belongs to another show.
	InsertSeries(ctx context.Context, s series.Series, showVersion int) (stored series.Series, err error)
	// Series returns the series of the show, or ErrNotFound.
	Series(ctx context.Context, showID, seriesID id.ID) (series.Series, error)
	// UnfinishedSeries returns up to limit series whose performances may not all
	// be there.
	UnfinishedSeries(ctx context.Context, limit int) ([]series.Series, error)
	// SeriesFinished takes the series off that list.
	SeriesFinished(ctx context.Context, seriesID id.ID) error
}

// Recurrence expands recurrence rules.
type Recurrence interface {
	// Expand returns the dates of a rule of RFC 5545 that begins at start, at
	// most most, ascending. Start and dates are local times of the zone, written
	// as if they were UTC. The error says what is wrong with the rule in words
	// for people.
	Expand(rule string, start time.Time, zone *time.Location, most int) ([]time.Time, error)
}

// SeriesSchedule is a series to add.
type SeriesSchedule struct {
	ID                    id.ID
	Rule                  string
	StartsAt              string   // local, of the first
	Except                []string // local starts that are left out
	TimeZone              string
	SalesOpenAt           time.Time // zero: at once
	SeatMap               SeatMapSource
	Pricing               *pricing.Rules // nil: nothing is charged beside the prices
	Channels              []sales.Channel
	PerOrder, PerCustomer *int // nil for no limit
}

// ScheduleSeries adds all performances of a recurrence rule to a show: each in a
// transaction of its own, the series before them, so that Settle finishes what a
// crash interrupts. When a series with this id exists it is returned instead. It
// fails with what SchedulePerformance does.
func (a *App) ScheduleSeries(ctx context.Context, caller Caller, showID id.ID, rules Recurrence, schedule SeriesSchedule) (made series.Series, err error) {
	err = retry(func() error {
		s, err := a.changeable(ctx, caller, showID)
		if err != nil {
			return err
		}
		if s.Status() == show.Cancelled {
			return &show.CancelledError{ShowID: showID}
		}
		planned, err := a.planSeries(ctx, caller, showID, rules, schedule)
		if err != nil {
			return err
		}
		made, err = a.store.InsertSeries(ctx, planned, s.Version())
		return err
	})
	if err != nil {
		return series.Series{}, err
	}
	if err := a.settleSeries(context.WithoutCancel(ctx), made); err != nil {
		a.logger.WarnContext(ctx, "performances do not follow their series yet", "series", made.State().ID, "error", err)
	}
	a.display.changed(ctx, showID)
	return made, nil
}

func (a *App) planSeries(ctx context.Context, caller Caller, showID id.ID, rules Recurrence, schedule SeriesSchedule) (series.Series, error) {
	m, from, err := a.seatMap(ctx, caller, schedule.SeatMap)
	if err != nil {
		return series.Series{}, err
	}
	// The first performance is checked whole before the rule is looked at.
	first, err := performance.Schedule(schedule.ID, showID,
		performance.Times{StartsAt: schedule.StartsAt, TimeZone: schedule.TimeZone, SalesOpenAt: schedule.SalesOpenAt},
		performance.Terms{
			SeatMap: m, SeatPlan: from, Pricing: schedule.Pricing, Channels: schedule.Channels, PerOrder: schedule.PerOrder, PerCustomer: schedule.PerCustomer,
		}, false)
	if err != nil {
		return series.Series{}, err
	}
	starts, err := expand(rules, schedule)
	if err != nil {
		return series.Series{}, err
	}
	state := first.State()
	return series.New(schedule.ID, showID, schedule.Rule, starts, series.Template{
		TimeZone: state.TimeZone, SalesOpenAt: state.SalesOpenAt, SeatMap: m, SeatPlan: from, Pricing: schedule.Pricing, Channels: schedule.Channels, Limits: state.Limits,
	})
}

// expand returns the local starts of the series without those that are left out.
func expand(rules Recurrence, schedule SeriesSchedule) ([]string, error) {
	var list violation.List
	start, err := performance.ParseLocal(schedule.StartsAt)
	if err != nil {
		return nil, err // it was checked before
	}
	zone, err := time.LoadLocation(schedule.TimeZone)
	if err != nil {
		return nil, err
	}
	dates, err := rules.Expand(schedule.Rule, start, zone, series.MaxOccurrences)
	if err != nil {
		list.Add("rrule", "%s", err.Error())
		return nil, list.Err()
	}
	except := make(map[time.Time]int, len(schedule.Except))
	for i, text := range schedule.Except {
		at, err := performance.ParseLocal(text)
		if err != nil {
			list.Add(fmt.Sprintf("except[%d]", i), "%s", err.Error())
		}
		except[at] = i
	}
	if err := list.Err(); err != nil {
		return nil, err
	}
	var starts []string
	for _, at := range dates {
		if _, left := except[at]; left {
			delete(except, at)
			continue
		}
		starts = append(starts, performance.FormatLocal(at))
	}
	for _, i := range except {
		list.Add(fmt.Sprintf("except[%d]", i), "is not a date of the rule")
	}
	return starts, list.Err()
}

// Series returns a series of a show that the caller may see, or ErrNotFound.
func (a *App) Series(ctx context.Context, caller Caller, showID, seriesID id.ID) (series.Series, error) {
	if _, err := a.visible(ctx, caller, showID); err != nil {
		return series.Series{}, err
	}
	return a.store.Series(ctx, showID, seriesID)
}

// settleSeries schedules the performances of a series that are not there yet.
// Those of a show that was cancelled meanwhile are not wanted any more. It may
// run at the same time as itself.
func (a *App) settleSeries(ctx context.Context, of series.Series) error {
	state := of.State()
	for i := range state.Occurrences {
		err := retry(func() error {
			s, err := a.store.Show(ctx, state.ShowID)
			if err != nil || s.Status() == show.Cancelled {
				return err
			}
			announced := s.Status() == show.Published
			p, err := of.Performance(i, announced)
			if err != nil {
				return err
			}
			_, err = a.insert(ctx, s, p, state.Template.SeatMap)
			return err
		})
		if err != nil {
			return err
		}
	}
	return a.store.SeriesFinished(ctx, state.ID)
}
