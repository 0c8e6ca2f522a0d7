package rest

import (
	"context"

	api "ticketmesh.dev/contracts/ticketsapi"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

// JoinWaitlist implements api.Handler.
func (h *handler) JoinWaitlist(ctx context.Context, req *api.JoinWaitlist, _ api.JoinWaitlistParams) (api.JoinWaitlistRes, error) {
	who := caller(ctx)
	if err := reachable(who, who.Email); err != nil {
		return nil, err
	}
	joined, err := h.selling.Join(ctx, who, app.WaitRequest{
		EntryID: idempotency.ResourceID(ctx), PerformanceID: req.PerformanceID, PriceCategory: req.PriceCategory, Quantity: req.Quantity,
	})
	if err != nil {
		return nil, err
	}
	return entryAnswer(joined), nil
}

// GetWaitlistEntry implements api.Handler.
func (h *handler) GetWaitlistEntry(ctx context.Context, params api.GetWaitlistEntryParams) (api.GetWaitlistEntryRes, error) {
	found, err := h.selling.Entry(ctx, caller(ctx), params.EntryId)
	if err != nil {
		return nil, err
	}
	return entryAnswer(found), nil
}

// LeaveWaitlist implements api.Handler.
func (h *handler) LeaveWaitlist(ctx context.Context, params api.LeaveWaitlistParams) (api.LeaveWaitlistRes, error) {
	if err := h.selling.Leave(ctx, caller(ctx), params.EntryId); err != nil {
		return nil, err
	}
	return &api.LeaveWaitlistNoContent{}, nil
}

func entryAnswer(e waitlist.Entry) *api.WaitlistEntry {
	answer := &api.WaitlistEntry{
		EntryID: e.ID, PerformanceID: e.PerformanceID, PriceCategory: e.PriceCategory, Quantity: e.Quantity,
		Status: api.WaitlistEntryStatus(e.Status), CreatedAt: api.NewOptDateTime(e.CreatedAt),
	}
	if e.HoldID != id.Nil {
		answer.HoldID, answer.ExpiresAt = api.NewOptUUID(e.HoldID), api.NewOptDateTime(e.ExpiresAt)
	}
	return answer
}
