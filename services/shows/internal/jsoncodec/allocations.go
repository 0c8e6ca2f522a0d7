package jsoncodec

import "ticketmesh.dev/services/shows/internal/seatmap"

type allocationBody struct {
	ID       string             `json:"id"`
	Name     string             `json:"name,omitempty"`
	Channel  string             `json:"channel"`
	AreaID   string             `json:"area"`
	Rows     []allocatedRowBody `json:"rows,omitempty"`
	Quantity int                `json:"quantity,omitempty"`
}

type allocatedRowBody struct {
	Label string `json:"row"`
	Seats string `json:"seats"`
}

func allocationBodies(allocations []seatmap.Allocation) []allocationBody {
	var bodies []allocationBody
	for _, a := range allocations {
		body := allocationBody{ID: a.ID, Name: a.Name, Channel: a.Channel, AreaID: a.AreaID, Quantity: a.Quantity}
		for _, row := range a.Rows {
			body.Rows = append(body.Rows, allocatedRowBody(row))
		}
		bodies = append(bodies, body)
	}
	return bodies
}

func allocationsOf(bodies []allocationBody) []seatmap.Allocation {
	var allocations []seatmap.Allocation
	for _, body := range bodies {
		a := seatmap.Allocation{ID: body.ID, Name: body.Name, Channel: body.Channel, AreaID: body.AreaID, Quantity: body.Quantity}
		for _, row := range body.Rows {
			a.Rows = append(a.Rows, seatmap.AllocatedRow(row))
		}
		allocations = append(allocations, a)
	}
	return allocations
}
