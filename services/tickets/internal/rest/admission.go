package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	api "ticketmesh.dev/contracts/ticketsapi"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

// CheckIn implements api.Handler.
func (h *handler) CheckIn(ctx context.Context, req *api.Scan) (api.CheckInRes, error) {
	who := caller(ctx)
	if err := who.MayAdmit(); err != nil {
		return nil, err
	}
	admitted, err := h.selling.CheckIn(ctx, who, scan(*req))
	if err != nil {
		return nil, err
	}
	return &api.CheckIn{
		Result: api.CheckInResultAdmitted, TicketID: admitted.ID, AreaID: optional(admitted.AreaID), Seat: optional(admitted.Seat),
		AdmittedAt: api.NewOptDateTime(admitted.Admission.At),
	}, nil
}

// CheckInBatch implements api.Handler.
func (h *handler) CheckInBatch(ctx context.Context, req *api.ScanBatch) (api.CheckInBatchRes, error) {
	who := caller(ctx)
	if err := who.MayAdmit(); err != nil {
		return nil, err
	}
	answer := &api.CheckInResults{Results: make([]api.ScanResult, len(req.Scans))}
	for i, s := range req.Scans {
		result := api.ScanResult{ScanID: s.ScanID, Status: api.ScanResultStatus(http.StatusOK)}
		admitted, err := h.selling.CheckIn(ctx, who, scan(s))
		if err != nil {
			p := problemOf(err)
			if p == nil {
				return nil, err // the ones before it stay admitted; the gate sends the batch again
			}
			result.Status, result.Code = api.ScanResultStatus(p.Status), api.NewOptString(p.Code)
		}
		if admitted.Version > 0 {
			result.TicketID = api.NewOptUUID(admitted.ID)
		}
		answer.Results[i] = result
	}
	return answer, nil
}

func scan(s api.Scan) app.Scan {
	return app.Scan{Code: s.Code, Gate: s.Gate, ScannedAt: s.ScannedAt.Value, ScanID: s.ScanID.Value}
}

// GetGatePack implements api.Handler.
func (h *handler) GetGatePack(ctx context.Context, params api.GetGatePackParams) (api.GetGatePackRes, error) {
	pack, err := h.selling.GatePack(ctx, caller(ctx), params.PerformanceId)
	if err != nil {
		return nil, err
	}
	answer := &api.GatePack{
		PerformanceID: params.PerformanceId, GeneratedAt: h.clock.Now(),
		Valid: []api.GateTicket{}, Admitted: []api.GateTicket{}, Revoked: []api.GateTicket{},
	}
	for _, packed := range pack {
		for _, code := range packed.Codes {
			entry := gateTicket(packed.Ticket, code)
			if packed.Ticket.Status == ticket.Admitted {
				answer.Admitted = append(answer.Admitted, entry)
			} else {
				answer.Valid = append(answer.Valid, entry)
			}
		}
		for _, code := range packed.Revoked {
			answer.Revoked = append(answer.Revoked, gateTicket(packed.Ticket, code))
		}
	}
	return answer, nil
}

func gateTicket(t ticket.Ticket, code string) api.GateTicket {
	hash := sha256.Sum256([]byte(code))
	entry := api.GateTicket{TicketID: t.ID, CodeHash: hex.EncodeToString(hash[:]), AreaID: optional(t.AreaID), Seat: optional(t.Seat)}
	if t.Status == ticket.Admitted {
		entry.AdmittedAt = api.NewOptDateTime(t.Admission.At)
	}
	return entry
}
