// Package ticketsclient asks the tickets service, which sells the performances.
package ticketsclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"ticketmesh.dev/contracts/ticketsapi"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

// Client is app.Sale over the tickets API. It is safe for concurrent use.
type Client struct {
	api *ticketsapi.Client
}

var _ app.Sale = (*Client)(nil)

// New returns a client for the API at base, for instance http://127.0.0.1:8080.
func New(base string, client *http.Client) (*Client, error) {
	api, err := ticketsapi.NewClient(base, token{}, ticketsapi.WithClient(client))
	if err != nil {
		return nil, err
	}
	return &Client{api}, nil
}

// token is that of whoever the request is made for.
type token struct{}

type tokenKey struct{}

// Bearer implements ticketsapi.SecuritySource.
func (token) Bearer(ctx context.Context, _ ticketsapi.OperationName) (ticketsapi.Bearer, error) {
	text, _ := ctx.Value(tokenKey{}).(string)
	return ticketsapi.Bearer{Token: text}, nil
}

// PrepareSeatMap implements app.Sale.
func (c *Client) PrepareSeatMap(ctx context.Context, caller app.Caller, performanceID id.ID, version int, m seatmap.Map) error {
	ctx = context.WithValue(ctx, tokenKey{}, caller.Token)
	answer, err := c.api.PrepareSeatMap(ctx, &ticketsapi.SeatMapChange{SeatMapVersion: version, Areas: areas(m)}, ticketsapi.PrepareSeatMapParams{PerformanceId: performanceID})
	if err != nil {
		return fmt.Errorf("%w: %w", app.ErrSaleSilent, err)
	}
	switch a := answer.(type) {
	case *ticketsapi.PrepareSeatMapNoContent:
		return nil
	case *ticketsapi.PrepareSeatMapNotFound: // of its event, so far
		return app.ErrSaleBehind
	case *ticketsapi.PrepareSeatMapForbidden:
		return app.ErrForbidden
	case *ticketsapi.PrepareSeatMapConflict:
		return conflict(ticketsapi.Problem(*a))
	case *ticketsapi.PrepareSeatMapUnprocessableEntity:
		return app.ErrAreaKind
	}
	return fmt.Errorf("the sale answered %T: %+v", answer, answer)
}

func conflict(p ticketsapi.Problem) error {
	switch p.Code {
	case "seats_sold", "seats_held":
		taken := &app.SeatsTakenError{Seats: p.Seats}
		for _, t := range p.Tickets {
			taken.Tickets = append(taken.Tickets, app.Ticket{ID: t.TicketID, AreaID: t.AreaID, Seat: t.Seat.Value})
		}
		return taken
	case "seat_map_changing":
		return app.ErrSaleBehind
	}
	return errors.New("the sale answered with an unknown conflict: " + p.Code)
}

// areas are what is sold, as the sale is told by events too.
func areas(m seatmap.Map) []ticketsapi.ChangedArea {
	forSale := m.ForSale()
	changed := make([]ticketsapi.ChangedArea, len(forSale))
	for i, area := range forSale {
		changed[i] = ticketsapi.ChangedArea{ID: area.ID, Kind: ticketsapi.ChangedAreaKind(area.Kind)}
		if area.Kind == seatmap.General {
			changed[i].Capacity.SetTo(area.Capacity)
		}
		for _, row := range area.Rows {
			changed[i].Rows = append(changed[i].Rows, ticketsapi.ChangedRow{Row: row.Label, Seats: row.Seats})
		}
	}
	return changed
}
