package app

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/show"
)

var (
	// ErrSaleBehind: the sale has not heard of the performance as it is yet. It may
	// be tried again in a moment.
	ErrSaleBehind = errors.New("the sale does not know the performance as it is")
	// ErrSaleSilent: the sale did not answer. Nothing was done.
	ErrSaleSilent = errors.New("the sale does not answer")
	// ErrAreaKind: an area would have seats where it had a capacity, or the other
	// way round.
	ErrAreaKind = errors.New("an area keeps its kind")
)

// Ticket is a ticket as the sale names it.
type Ticket struct {
	ID     id.ID
	AreaID string
	Seat   string // empty in a general area
}

// SeatsTakenError names what a change of a seat map would take away.
type SeatsTakenError struct {
	Tickets []Ticket // of buyers
	Seats   []string // on hold, as <areaId>/<seat>; of a general area <areaId>
}

// Error implements error.
func (e *SeatsTakenError) Error() string {
	return fmt.Sprintf("%d tickets and %d holds need places that the seat map would lose", len(e.Tickets), len(e.Seats))
}

// Sale is who sells the performances, and knows what is sold.
type Sale interface {
	// PrepareSeatMap has the sale keep the places that a performance would lose by
	// the version of its seat map from buyers, until the event that tells it
	// arrives. It may be repeated. Errors: *SeatsTakenError, ErrAreaKind,
	// ErrSaleBehind, ErrSaleSilent.
	PrepareSeatMap(ctx context.Context, caller Caller, performanceID id.ID, version int, m seatmap.Map) error
}

// SeatMaps changes the seat maps of performances.
type SeatMaps struct {
	app  *App
	sale Sale
}

// NewSeatMaps returns the use cases over those of performances and the sale.
func NewSeatMaps(a *App, sale Sale) *SeatMaps { return &SeatMaps{a, sale} }

// Change gives a performance another seat map, if it has the expected version; 0 is
// any. Of one that others have heard of the sale is asked first, which keeps what
// is not to be sold any more from buyers until it hears of the change. It fails
// with ErrNotFound, ErrForbidden, ErrVersion, ErrSeatPlan, a *violation.Error, a
// *show.CancelledError, a *performance.CancelledError, a
// *seatmap.MixedCurrenciesError, and as Sale.PrepareSeatMap does.
func (c *SeatMaps) Change(ctx context.Context, caller Caller, showID, performanceID id.ID, source SeatMapSource, expected int) (view PerformanceView, err error) {
	a := c.app
	err = retry(func() error {
		s, err := a.changeable(ctx, caller, showID)
		if err != nil {
			return err
		}
		if s.Status() == show.Cancelled {
			return &show.CancelledError{ShowID: showID}
		}
		before, err := a.store.Performance(ctx, showID, performanceID)
		if err != nil {
			return err
		}
		if version := before.State().Version; expected != 0 && expected != version {
			return fmt.Errorf("performance %s has version %d: %w", performanceID, version, ErrVersion)
		}
		if view, err = a.view(ctx, before); err != nil {
			return err
		}
		m, from, err := a.seatMap(ctx, caller, source)
		if err != nil {
			return err
		}
		after, err := before.ChangeSeatMap(m, from)
		if err != nil || from == before.State().SeatPlan && reflect.DeepEqual(m, view.SeatMap) {
			return err
		}
		if err := c.save(ctx, caller, s, before, after, m); err != nil {
			return err
		}
		view = PerformanceView{after, m}
		return nil
	})
	return view, err
}

func (c *SeatMaps) save(ctx context.Context, caller Caller, s show.Show, before, after performance.Performance, m seatmap.Map) error {
	a, state := c.app, after.State()
	if !state.Announced {
		return a.store.ChangeSeatMap(ctx, after, before, m, s.Version())
	}
	if err := c.sale.PrepareSeatMap(ctx, caller, state.ID, state.SeatMapVersion, m); err != nil {
		return err
	}
	return a.store.ChangeSeatMap(ctx, after, before, m, s.Version(), PerformanceFact{
		Change: PerformanceRescheduled, At: a.clock.Now(), Show: s, Performance: after, SeatMap: m, PreviousStartsAtUTC: state.StartsAtUTC,
	})
}
