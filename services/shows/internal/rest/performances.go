package rest

import (
	"context"
	"time"

	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/performance"
)

// performanceCursor is the position in a list of performances.
type performanceCursor struct {
	StartsAtMillis int64 `json:"t"`
	PerformanceID  id.ID `json:"p"`
}

// maxCursorMillis is the end of the year 9999, beyond which no performance is.
const maxCursorMillis = 253_402_300_799_999

// ListPerformances implements showsapi.Handler.
func (h *handler) ListPerformances(ctx context.Context, params showsapi.ListPerformancesParams) (showsapi.ListPerformancesRes, error) {
	var after app.PerformanceKey
	if cursor, given := params.Cursor.Get(); given {
		position, err := api.DecodeCursor[performanceCursor](cursor)
		if err != nil {
			return nil, err
		}
		if position.PerformanceID == id.Nil || position.StartsAtMillis < 0 || position.StartsAtMillis > maxCursorMillis {
			return nil, errCursor
		}
		after = app.PerformanceKey{StartsAtUTC: time.UnixMilli(position.StartsAtMillis).UTC(), ID: position.PerformanceID}
	}
	page, err := h.app.ListPerformances(ctx, caller(ctx), params.ShowId, after, params.Limit.Value)
	if err != nil {
		return nil, err
	}
	answer := showsapi.PerformanceList{Items: make([]showsapi.Performance, len(page.Performances))}
	for i, view := range page.Performances {
		answer.Items[i] = performanceAnswer(view)
	}
	if page.Next != (app.PerformanceKey{}) {
		next, err := api.EncodeCursor(performanceCursor{page.Next.StartsAtUTC.UnixMilli(), page.Next.ID})
		if err != nil {
			return nil, err
		}
		answer.NextCursor.SetTo(next)
	}
	return &answer, nil
}

// SchedulePerformance implements showsapi.Handler.
func (h *handler) SchedulePerformance(ctx context.Context, req *showsapi.SchedulePerformance, params showsapi.SchedulePerformanceParams) (showsapi.SchedulePerformanceRes, error) {
	source, err := seatMapOf(req.SeatMap, req.SeatPlan)
	if err != nil {
		return nil, err
	}
	schedule := app.Schedule{
		ID: idempotency.ResourceID(ctx),
		Times: performance.Times{
			StartsAt:     req.StartsAt,
			TimeZone:     req.TimeZone,
			SalesOpenAt:  req.SalesOpenAt.Or(time.Time{}),
			SalesCloseAt: req.SalesCloseAt.Or(time.Time{}),
		},
		SeatMap:     source,
		Pricing:     pricingOf(req.Pricing),
		Channels:    channelsOf(req.Channels),
		PerOrder:    pointer(req.Limits.Value.PerOrder),
		PerCustomer: pointer(req.Limits.Value.PerCustomer),
	}
	view, err := h.app.SchedulePerformance(ctx, caller(ctx), params.ShowId, schedule)
	if err != nil {
		return nil, err
	}
	state := view.State()
	return &showsapi.PerformanceCreatedHeaders{
		ETag:     showsapi.NewOptString(api.ETag(state.Version)),
		Location: showsapi.NewOptString("/shows/" + state.ShowID.String() + "/performances/" + state.ID.String()),
		Response: performanceAnswer(view),
	}, nil
}

func pointer(value showsapi.OptInt) *int {
	if v, given := value.Get(); given {
		return &v
	}
	return nil
}

// GetPerformance implements showsapi.Handler.
func (h *handler) GetPerformance(ctx context.Context, params showsapi.GetPerformanceParams) (showsapi.GetPerformanceRes, error) {
	return performanceHeaders(h.app.Performance(ctx, caller(ctx), params.ShowId, params.PerformanceId))
}

// ReschedulePerformance implements showsapi.Handler.
func (h *handler) ReschedulePerformance(ctx context.Context, req *showsapi.ReschedulePerformance, params showsapi.ReschedulePerformanceParams) (showsapi.ReschedulePerformanceRes, error) {
	to := app.Reschedule{StartsAt: req.StartsAt}
	if v, given := req.TimeZone.Get(); given {
		to.TimeZone = &v
	}
	if req.SalesOpenAt.Set {
		v := req.SalesOpenAt.Or(time.Time{}) // null is zero
		to.SalesOpenAt = &v
	}
	if req.SalesCloseAt.Set {
		v := req.SalesCloseAt.Or(time.Time{})
		to.SalesCloseAt = &v
	}
	to.ReturnsUntil = req.ReturnsUntil.Or(time.Time{})
	return performanceHeaders(h.app.ReschedulePerformance(ctx, caller(ctx), params.ShowId, params.PerformanceId, to))
}

// CancelPerformance implements showsapi.Handler.
func (h *handler) CancelPerformance(ctx context.Context, req showsapi.OptCancel, params showsapi.CancelPerformanceParams) (showsapi.CancelPerformanceRes, error) {
	return performanceHeaders(h.app.CancelPerformance(ctx, caller(ctx), params.ShowId, params.PerformanceId, req.Value.Reason.Or("")))
}

// GetSeatMap implements showsapi.Handler.
func (h *handler) GetSeatMap(ctx context.Context, params showsapi.GetSeatMapParams) (showsapi.GetSeatMapRes, error) {
	m, err := h.app.SeatMap(ctx, caller(ctx), params.ShowId, params.PerformanceId, params.Version)
	if err != nil {
		return nil, err
	}
	answer := seatMapAnswer(m.ForSale(), m)
	return &answer, nil
}

// GetAvailability implements showsapi.Handler.
func (h *handler) GetAvailability(ctx context.Context, params showsapi.GetAvailabilityParams) (showsapi.GetAvailabilityRes, error) {
	areas, err := h.app.Availability(ctx, caller(ctx), params.ShowId, params.PerformanceId)
	if err != nil {
		return nil, err
	}
	answer := showsapi.Availability{Areas: make([]showsapi.AreaAvailability, len(areas))}
	for i, area := range areas {
		answer.Areas[i] = showsapi.AreaAvailability(area)
	}
	return &answer, nil
}

func performanceHeaders(view app.PerformanceView, err error) (*showsapi.PerformanceHeaders, error) {
	if err != nil {
		return nil, err
	}
	return &showsapi.PerformanceHeaders{ETag: showsapi.NewOptString(api.ETag(view.State().Version)), Response: performanceAnswer(view)}, nil
}

func performanceAnswer(view app.PerformanceView) showsapi.Performance {
	state := view.State()
	answer := showsapi.Performance{
		PerformanceID:  state.ID,
		ShowID:         state.ShowID,
		StartsAt:       state.StartsAt,
		TimeZone:       state.TimeZone,
		StartsAtUtc:    state.StartsAtUTC,
		SeatMap:        seatMapAnswer(view.SeatMap.Areas(), view.SeatMap),
		SeatMapVersion: state.SeatMapVersion,
		Status:         showsapi.PerformanceStatus(state.Status),
		Version:        state.Version,

		Channels:            channelsAnswer(state.Sales.Channels),
		ReleasedAllocations: state.Sales.Released,
	}
	if !state.SalesOpenAt.IsZero() {
		answer.SalesOpenAt.SetTo(state.SalesOpenAt)
	}
	if !state.SalesCloseAt.IsZero() {
		answer.SalesCloseAt.SetTo(state.SalesCloseAt)
	}
	if !state.RescheduledAt.IsZero() {
		answer.RescheduledAt.SetTo(state.RescheduledAt)
		answer.ReturnsUntil.SetTo(state.ReturnsUntil)
	}
	if state.Limits != (performance.Limits{}) {
		var limits showsapi.Limits
		if n := state.Limits.PerOrder; n > 0 {
			limits.PerOrder.SetTo(n)
		}
		if n := state.Limits.PerCustomer; n > 0 {
			limits.PerCustomer.SetTo(n)
		}
		answer.Limits.SetTo(limits)
	}
	if state.Pricing != nil {
		answer.Pricing.SetTo(pricingAnswer(*state.Pricing))
	}
	if from := state.SeatPlan; from.ID != id.Nil {
		answer.SeatPlan.SetTo(showsapi.SeatPlanVersion{PlanID: from.ID, Version: from.Version})
	}
	if state.Reason != "" {
		answer.Reason.SetTo(state.Reason)
	}
	return answer
}
