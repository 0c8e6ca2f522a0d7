package rest

import (
	"context"
	"time"

	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/series"
)

// ScheduleSeries implements showsapi.Handler.
func (h *handler) ScheduleSeries(ctx context.Context, req *showsapi.ScheduleSeries, params showsapi.ScheduleSeriesParams) (showsapi.ScheduleSeriesRes, error) {
	source, err := seatMapOf(req.SeatMap, req.SeatPlan)
	if err != nil {
		return nil, err
	}
	made, err := h.app.ScheduleSeries(ctx, caller(ctx), params.ShowId, h.rules, app.SeriesSchedule{
		ID:          idempotency.ResourceID(ctx),
		Rule:        req.Rrule,
		StartsAt:    req.StartsAt,
		Except:      req.Except,
		TimeZone:    req.TimeZone,
		SalesOpenAt: req.SalesOpenAt.Or(time.Time{}),
		SeatMap:     source,
		Pricing:     pricingOf(req.Pricing),
		Channels:    channelsOf(req.Channels),
		PerOrder:    pointer(req.Limits.Value.PerOrder),
		PerCustomer: pointer(req.Limits.Value.PerCustomer),
	})
	if err != nil {
		return nil, err
	}
	state := made.State()
	return &showsapi.SeriesCreatedHeaders{
		Location: showsapi.NewOptString("/shows/" + state.ShowID.String() + "/series/" + state.ID.String()),
		Response: seriesAnswer(made),
	}, nil
}

// GetSeries implements showsapi.Handler.
func (h *handler) GetSeries(ctx context.Context, params showsapi.GetSeriesParams) (showsapi.GetSeriesRes, error) {
	found, err := h.app.Series(ctx, caller(ctx), params.ShowId, params.SeriesId)
	if err != nil {
		return nil, err
	}
	answer := seriesAnswer(found)
	return &answer, nil
}

func seriesAnswer(of series.Series) showsapi.Series {
	state := of.State()
	answer := showsapi.Series{
		SeriesID: state.ID, ShowID: state.ShowID, Rrule: state.Rule, TimeZone: state.Template.TimeZone,
		Performances: make([]showsapi.SeriesPerformance, len(state.Occurrences)),
	}
	for i, o := range state.Occurrences {
		answer.Performances[i] = showsapi.SeriesPerformance{PerformanceID: o.PerformanceID, StartsAt: o.StartsAt}
	}
	return answer
}
