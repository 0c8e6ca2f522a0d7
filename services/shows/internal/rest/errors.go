package rest

import (
	"context"
	"errors"
	"net/http"

	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/problem"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/show"
	"ticketmesh.dev/services/shows/internal/violation"
)

// Codes of this service, beside those that all share.
const (
	codeShowCancelled        = "show_cancelled"
	codePerformanceCancelled = "performance_cancelled"
	codeInvalidLocalTime     = "invalid_local_time"
	codeMixedCurrencies      = "mixed_currencies"
	codeUnknownSeatPlan      = "unknown_seat_plan"
	codeSeatsSold            = "seats_sold"
	codeSeatsHeld            = "seats_held"
	codeSeatMapChanging      = "seat_map_changing"
	codeAreaKindChanged      = "area_kind_changed"
)

// errCursor answers a cursor that no list of this service gave.
var errCursor = problem.InvalidRequest(problem.Field{Field: "cursor", Message: "is not a cursor that this list gave"})

// unavailable is a part that does not answer.
type unavailable struct{ error }

func (u unavailable) Unwrap() error { return u.error }

// NewError implements showsapi.Handler.
func (h *handler) NewError(ctx context.Context, err error) *showsapi.ProblemStatusCode {
	p := h.problem(ctx, err)
	answer := showsapi.Problem{Type: p.Type(), Title: p.Title, Status: p.Status, Code: p.Code}
	if p.Detail != "" {
		answer.Detail.SetTo(p.Detail)
	}
	if p.Instance != "" {
		answer.Instance.SetTo(p.Instance)
	}
	for _, field := range p.Errors {
		answer.Errors = append(answer.Errors, showsapi.FieldError(field))
	}
	if taken := (*app.SeatsTakenError)(nil); errors.As(err, &taken) {
		answer.Seats = taken.Seats
		for _, t := range taken.Tickets {
			orphaned := showsapi.OrphanedTicket{TicketID: t.ID, AreaID: t.AreaID}
			if t.Seat != "" {
				orphaned.Seat.SetTo(t.Seat)
			}
			answer.Tickets = append(answer.Tickets, orphaned)
		}
	}
	return &showsapi.ProblemStatusCode{StatusCode: p.Status, Response: answer}
}

func (h *handler) problem(ctx context.Context, err error) *problem.Problem {
	var (
		invalid              *violation.Error
		localTime            *performance.InvalidLocalTimeError
		mixed                *seatmap.MixedCurrenciesError
		showCancelled        *show.CancelledError
		performanceCancelled *performance.CancelledError
		taken                *app.SeatsTakenError
		part                 unavailable
	)
	switch {
	case errors.As(err, &invalid):
		fields := make([]problem.Field, len(invalid.Fields))
		for i, field := range invalid.Fields {
			fields[i] = problem.Field(field)
		}
		return problem.InvalidRequest(fields...)
	case errors.As(err, &localTime):
		return problem.New(http.StatusUnprocessableEntity, codeInvalidLocalTime, localTime.Error()+".")
	case errors.As(err, &mixed):
		return problem.New(http.StatusUnprocessableEntity, codeMixedCurrencies, "One performance sells in one currency: "+mixed.Error()+".")
	case errors.As(err, &showCancelled):
		return problem.New(http.StatusConflict, codeShowCancelled, "The show is cancelled.")
	case errors.As(err, &performanceCancelled):
		return problem.New(http.StatusConflict, codePerformanceCancelled, "The performance is cancelled.")
	case errors.As(err, &taken) && len(taken.Tickets) > 0:
		return problem.New(http.StatusConflict, codeSeatsSold, "Tickets need places that the seat map would lose.")
	case errors.As(err, &taken):
		return problem.New(http.StatusConflict, codeSeatsHeld, "Holds need places that the seat map would lose. They end within half an hour.")
	case errors.Is(err, app.ErrAreaKind):
		return problem.New(http.StatusUnprocessableEntity, codeAreaKindChanged, "An area that had numbered seats cannot have a capacity, nor the other way round: it needs another id.")
	case errors.Is(err, app.ErrSaleBehind):
		return problem.New(http.StatusConflict, codeSeatMapChanging, "The sale has not heard of the performance as it is yet. Try again in a moment.")
	case errors.Is(err, app.ErrSaleSilent):
		h.logger.ErrorContext(ctx, "the sale does not answer", "requestId", api.RequestID(ctx), "error", err)
		return problem.Unavailable()
	case errors.Is(err, app.ErrSeatPlan): // before ErrNotFound, which it is too
		return problem.New(http.StatusUnprocessableEntity, codeUnknownSeatPlan, "You have no such seat plan, or not this version of it.")
	case errors.Is(err, app.ErrUnknownFormat):
		return problem.InvalidRequest(problem.Field{Field: "format", Message: "is not a format that is read and written here"})
	case errors.Is(err, app.ErrForbidden):
		return problem.Forbidden("")
	case errors.Is(err, app.ErrNotFound):
		return problem.NotFound("")
	case errors.Is(err, app.ErrVersion):
		return problem.VersionConflict()
	case errors.Is(err, app.ErrConflict):
		h.logger.WarnContext(ctx, "a change lost to others every time", "requestId", api.RequestID(ctx), "error", err)
		return problem.Unavailable()
	case errors.Is(err, app.ErrBusy):
		h.logger.WarnContext(ctx, "the store is busy", "requestId", api.RequestID(ctx), "error", err)
		return problem.Unavailable()
	case errors.As(err, &part):
		h.logger.ErrorContext(ctx, "not ready", "requestId", api.RequestID(ctx), "error", part.error)
		return problem.Unavailable()
	}
	return api.ProblemOf(ctx, h.logger, err)
}
