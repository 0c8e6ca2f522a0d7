package rest

import (
	"context"
	"time"

	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

// UpdateAllocation implements showsapi.Handler.
func (h *handler) UpdateAllocation(ctx context.Context, req showsapi.UpdateAllocationReq, params showsapi.UpdateAllocationParams) (showsapi.UpdateAllocationRes, error) {
	var change showsapi.UpdateAllocation
	switch body := req.(type) {
	case *showsapi.UpdateAllocationApplicationJSON:
		change = showsapi.UpdateAllocation(*body)
	case *showsapi.UpdateAllocationApplicationMergePatchJSON:
		change = showsapi.UpdateAllocation(*body)
	}
	return performanceHeaders(h.app.ReleaseAllocation(ctx, caller(ctx), params.ShowId, params.PerformanceId, params.AllocationId, change.Released))
}

// ListPresales implements showsapi.Handler.
func (h *handler) ListPresales(ctx context.Context, params showsapi.ListPresalesParams) (showsapi.ListPresalesRes, error) {
	presales, err := h.app.Presales(ctx, caller(ctx), params.ShowId, params.PerformanceId)
	if err != nil {
		return nil, err
	}
	answer := showsapi.PresaleList{Items: make([]showsapi.Presale, len(presales))}
	for i, presale := range presales {
		answer.Items[i] = presaleAnswer(presale)
	}
	return &answer, nil
}

// PutPresale implements showsapi.Handler.
func (h *handler) PutPresale(ctx context.Context, req *showsapi.PutPresale, params showsapi.PutPresaleParams) (showsapi.PutPresaleRes, error) {
	made, err := h.app.PutPresale(ctx, caller(ctx), params.ShowId, params.PerformanceId, sales.Presale{
		ID: params.PresaleId, Name: req.Name, OpensAt: req.OpensAt.UTC().Truncate(time.Millisecond), ClosesAt: timeOf(req.ClosesAt),
		PriceCategories: req.PriceCategories, Channel: req.Channel.Value, Uses: req.Uses, Codes: req.Codes,
	}, req.Generate.Value)
	if err != nil {
		return nil, err
	}
	answer := presaleAnswer(made)
	return &answer, nil
}

// DeletePresale implements showsapi.Handler.
func (h *handler) DeletePresale(ctx context.Context, params showsapi.DeletePresaleParams) (showsapi.DeletePresaleRes, error) {
	if err := h.app.DeletePresale(ctx, caller(ctx), params.ShowId, params.PerformanceId, params.PresaleId); err != nil {
		return nil, err
	}
	return &showsapi.DeletePresaleNoContent{}, nil
}

func presaleAnswer(presale sales.Presale) showsapi.Presale {
	answer := showsapi.Presale{
		ID: presale.ID, Name: presale.Name, OpensAt: presale.OpensAt, PriceCategories: presale.PriceCategories, Uses: presale.Uses,
		Codes: presale.AllCodes(),
	}
	if !presale.ClosesAt.IsZero() {
		answer.ClosesAt.SetTo(presale.ClosesAt)
	}
	if presale.Channel != "" {
		answer.Channel.SetTo(presale.Channel)
	}
	return answer
}

func channelsOf(in []showsapi.ChannelInput) []sales.Channel {
	var channels []sales.Channel
	for _, channel := range in {
		channels = append(channels, sales.Channel{ID: channel.ID, SalesOpenAt: timeOf(channel.SalesOpenAt), SalesCloseAt: timeOf(channel.SalesCloseAt)})
	}
	return channels
}

func channelsAnswer(channels []sales.Channel) []showsapi.Channel {
	var answer []showsapi.Channel
	for _, channel := range channels {
		out := showsapi.Channel{ID: channel.ID}
		if !channel.SalesOpenAt.IsZero() {
			out.SalesOpenAt.SetTo(channel.SalesOpenAt)
		}
		if !channel.SalesCloseAt.IsZero() {
			out.SalesCloseAt.SetTo(channel.SalesCloseAt)
		}
		answer = append(answer, out)
	}
	return answer
}

func allocationsOf(in []showsapi.AllocationInput) []seatmap.Allocation {
	var allocations []seatmap.Allocation
	for _, given := range in {
		allocation := seatmap.Allocation{
			ID: given.ID, Name: given.Name.Or(""), Channel: given.Channel, AreaID: given.AreaID, Quantity: given.Quantity.Or(0),
		}
		for _, row := range given.Rows {
			allocation.Rows = append(allocation.Rows, seatmap.AllocatedRow{Label: row.Row, Seats: row.Seats})
		}
		allocations = append(allocations, allocation)
	}
	return allocations
}

func allocationsAnswer(allocations []seatmap.Allocation) []showsapi.Allocation {
	var answer []showsapi.Allocation
	for _, allocation := range allocations {
		out := showsapi.Allocation{ID: allocation.ID, Channel: allocation.Channel, AreaID: allocation.AreaID}
		if allocation.Name != "" {
			out.Name.SetTo(allocation.Name)
		}
		if allocation.Quantity != 0 {
			out.Quantity.SetTo(allocation.Quantity)
		}
		for _, row := range allocation.Rows {
			out.Rows = append(out.Rows, showsapi.AllocatedRow{Row: row.Label, Seats: row.Seats})
		}
		answer = append(answer, out)
	}
	return answer
}
