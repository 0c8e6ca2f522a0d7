package rest

import (
	"context"
	"errors"
	"net/http"

	api "ticketmesh.dev/contracts/ticketsapi"
	kit "ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/problem"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	"ticketmesh.dev/services/tickets/internal/ticket"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

// problems is the one table from what the domain says to what the API says.
var problems = []struct {
	err    error
	status int
	code   string
	detail string
}{
	{performance.ErrNotFound, http.StatusNotFound, problem.CodeNotFound, "no such performance, or not heard of it yet"},
	{hold.ErrNotFound, http.StatusNotFound, problem.CodeNotFound, "no such hold of yours"},
	{order.ErrNotFound, http.StatusNotFound, problem.CodeNotFound, "no such order of yours"},
	{ticket.ErrNotFound, http.StatusNotFound, problem.CodeNotFound, "no such ticket of yours"},
	{waitlist.ErrNotFound, http.StatusNotFound, problem.CodeNotFound, "no such waiting-list entry of yours"},
	{app.ErrForbidden, http.StatusForbidden, problem.CodeForbidden, "not for this account"},
	{performance.ErrSalesClosed, http.StatusConflict, "sales_closed", "the performance does not sell now"},
	{app.ErrSoldOut, http.StatusConflict, "sold_out", "there are not so many places free"},
	{hold.ErrExpired, http.StatusConflict, "hold_expired", "the hold is over"},
	{hold.ErrUsed, http.StatusConflict, "hold_used", "the hold became an order"},
	{performance.ErrUnknownConcession, http.StatusUnprocessableEntity, "unknown_concession", "the price category has no such concession"},
	{performance.ErrUnknownChannel, http.StatusUnprocessableEntity, "unknown_channel", "the performance has no such channel"},
	{performance.ErrInvalidPresaleCode, http.StatusUnprocessableEntity, "invalid_presale_code", "no such presale code, or not for this price category"},
	{app.ErrPresaleCodeExhausted, http.StatusConflict, "presale_code_exhausted", "the presale code has not so many uses left"},
	{buyer.ErrLimitExceeded, http.StatusUnprocessableEntity, "limit_exceeded", "more than one customer may have"},
	{order.ErrNotCancellable, http.StatusConflict, "not_cancellable", "there is nothing to cancel any more"},
	{order.ErrNotRefundable, http.StatusConflict, "not_refundable", "the order has no money to give back"},
	{order.ErrAlreadyRefunded, http.StatusConflict, "already_refunded", "a ticket was refunded before"},
	{order.ErrUnknownTicket, http.StatusUnprocessableEntity, "unknown_ticket", "a ticket is not of this order"},
	{ticket.ErrAdmitted, http.StatusConflict, "ticket_admitted", "the ticket was used"},
	{ticket.ErrVoid, http.StatusGone, "ticket_void", "the ticket, or this code of it, admits nobody"},
	{ticket.ErrInvalidCode, http.StatusUnprocessableEntity, "invalid_code", "not a code of this house"},
	{performance.ErrReturnsClosed, http.StatusConflict, "returns_closed", "the time to return tickets is over"},
	{app.ErrSeatMapChanging, http.StatusConflict, "seat_map_changing", "the seat map is being changed; try again in a moment"},
	{seatmap.ErrKindChanged, http.StatusUnprocessableEntity, "area_kind_changed", "an area that had numbered seats cannot have a capacity, nor the other way round: it needs another id"},
	{waitlist.ErrNotSoldOut, http.StatusConflict, "not_sold_out", "there are enough places: hold them"},
	{waitlist.ErrUnknownCategory, http.StatusUnprocessableEntity, "unknown_price_category", "the performance has no such price category"},
}

// problemOf returns what the API says to an error; nil for one that is not the
// client's business, of which a store's own are most.
func problemOf(err error) *problem.Problem {
	var (
		invalid     *app.InvalidError
		unavailable *app.SeatsUnavailableError
		unknown     *app.UnknownSeatError
		declined    *order.DeclinedError
		admitted    *ticket.AlreadyAdmittedError
		orphans     *app.SeatsTakenError
	)
	switch {
	case errors.Is(err, app.ErrBusy):
		p := problem.Unavailable()
		p.Header = map[string]string{"Retry-After": "1"}
		return p
	case errors.As(err, &invalid):
		return problem.InvalidRequest(problem.Field{Field: invalid.Field, Message: invalid.Message})
	case errors.Is(err, seatmap.ErrMalformed):
		return problem.InvalidRequest(problem.Field{Field: "areas", Message: "cannot be laid out: " + err.Error()})
	case errors.Is(err, payment.ErrUnknownProvider):
		return problem.InvalidRequest(problem.Field{Field: "payment.provider", Message: "is not one that money is collected by here"})
	case errors.As(err, &unavailable):
		return problem.New(http.StatusConflict, "seats_unavailable", "not all of the seats are free").With("seats", unavailable.Seats)
	case errors.As(err, &unknown):
		return problem.New(http.StatusUnprocessableEntity, "unknown_seat", "the performance has no such area or seat").With("seats", unknown.Seats)
	case errors.As(err, &orphans):
		return taken(orphans)
	case errors.As(err, &declined):
		return problem.New(http.StatusPaymentRequired, "payment_declined", "the payment was declined: "+declined.Reason).With("orderId", declined.OrderID)
	case errors.As(err, &admitted):
		return problem.New(http.StatusConflict, "already_admitted", "the ticket was used before").
			With("admittedAt", admitted.At.Format(event.TimeFormat)).With("gate", admitted.Gate)
	}
	for _, known := range problems {
		if errors.Is(err, known.err) {
			return problem.New(known.status, known.code, known.detail)
		}
	}
	return nil
}

// NewError implements api.Handler.
func (h *handler) NewError(ctx context.Context, err error) *api.ProblemStatusCode {
	if p := problemOf(err); p != nil {
		err = p
	}
	p := kit.ProblemOf(ctx, h.logger, err)
	answer := &api.ProblemStatusCode{StatusCode: p.Status}
	// The contract's type has the members of a problem by their names in JSON.
	encoded, err := p.MarshalJSON()
	if err == nil {
		err = answer.Response.UnmarshalJSON(encoded)
	}
	if err != nil {
		h.logger.ErrorContext(ctx, "problem does not fit its contract", "code", p.Code, "error", err)
	}
	return answer
}
