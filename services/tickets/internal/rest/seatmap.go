package rest

import (
	"context"
	"net/http"

	api "ticketmesh.dev/contracts/ticketsapi"
	"ticketmesh.dev/platform/problem"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// PrepareSeatMap implements api.Handler.
func (h *handler) PrepareSeatMap(ctx context.Context, req *api.SeatMapChange, params api.PrepareSeatMapParams) (api.PrepareSeatMapRes, error) {
	change := app.SeatMapChange{PerformanceID: params.PerformanceId, Version: req.SeatMapVersion, Areas: make([]seatmap.Area, len(req.Areas))}
	for i, area := range req.Areas {
		change.Areas[i] = seatmap.Area{ID: area.ID, Kind: seatmap.Kind(area.Kind), Capacity: area.Capacity.Value}
		for _, row := range area.Rows {
			change.Areas[i].Rows = append(change.Areas[i].Rows, seatmap.Row{Label: row.Row, Seats: row.Seats})
		}
	}
	if err := h.selling.PrepareSeatMap(ctx, caller(ctx), change); err != nil {
		return nil, err
	}
	return &api.PrepareSeatMapNoContent{}, nil
}

// orphanedTicket is a ticket as a problem names it: without whose it is.
type orphanedTicket struct {
	TicketID string `json:"ticketId"`
	AreaID   string `json:"areaId"`
	Seat     string `json:"seat,omitempty"`
}

// taken says what a change of a seat map would take away from whom.
func taken(err *app.SeatsTakenError) *problem.Problem {
	p := problem.New(http.StatusConflict, "seats_held", "holds need places that the seat map would lose")
	if len(err.Tickets) > 0 {
		p = problem.New(http.StatusConflict, "seats_sold", "tickets need places that the seat map would lose")
		orphaned := make([]orphanedTicket, len(err.Tickets))
		for i, t := range err.Tickets {
			orphaned[i] = orphanedTicket{t.ID.String(), t.AreaID, t.Seat}
		}
		p = p.With("tickets", orphaned)
	}
	if len(err.Seats) > 0 {
		p = p.With("seats", err.Seats)
	}
	return p
}
