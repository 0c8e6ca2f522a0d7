package rest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/go-faster/jx"

	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/services/shows/internal/seatplan"
)

// seatPlanCursor is the position in a list of seat plans.
type seatPlanCursor struct {
	PlanID id.ID `json:"n"`
}

// ListSeatPlans implements showsapi.Handler.
func (h *handler) ListSeatPlans(ctx context.Context, params showsapi.ListSeatPlansParams) (showsapi.ListSeatPlansRes, error) {
	var before id.ID
	if cursor, given := params.Cursor.Get(); given {
		position, err := api.DecodeCursor[seatPlanCursor](cursor)
		if err != nil {
			return nil, err
		}
		if position.PlanID == id.Nil {
			return nil, errCursor
		}
		before = position.PlanID
	}
	page, err := h.plans.List(ctx, caller(ctx), before, params.Limit.Value)
	if err != nil {
		return nil, err
	}
	answer := showsapi.SeatPlanList{Items: make([]showsapi.SeatPlanSummary, len(page.Plans))}
	for i, plan := range page.Plans {
		answer.Items[i] = showsapi.SeatPlanSummary{PlanID: plan.ID, Name: plan.Name, Places: plan.Places, Version: plan.Version}
	}
	if page.Next != id.Nil {
		next, err := api.EncodeCursor(seatPlanCursor{page.Next})
		if err != nil {
			return nil, err
		}
		answer.NextCursor.SetTo(next)
	}
	return &answer, nil
}

// CreateSeatPlan implements showsapi.Handler.
func (h *handler) CreateSeatPlan(ctx context.Context, req *showsapi.SeatPlanInput, _ showsapi.CreateSeatPlanParams) (showsapi.CreateSeatPlanRes, error) {
	plan, err := h.plans.Create(ctx, caller(ctx), idempotency.ResourceID(ctx), seatPlanOf(req))
	if err != nil {
		return nil, err
	}
	return &showsapi.SeatPlanCreatedHeaders{
		ETag:     showsapi.NewOptString(api.ETag(plan.State().Version)),
		Location: showsapi.NewOptString("/shows/seatplans/" + plan.State().ID.String()),
		Response: seatPlanAnswer(plan),
	}, nil
}

// ImportSeatPlan implements showsapi.Handler.
func (h *handler) ImportSeatPlan(ctx context.Context, req *showsapi.ImportSeatPlan, _ showsapi.ImportSeatPlanParams) (showsapi.ImportSeatPlanRes, error) {
	document := make(map[string]json.RawMessage, len(req.Document))
	for name, value := range req.Document {
		document[name] = json.RawMessage(value)
	}
	text, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("a document that was read before: %w", err)
	}
	plan, findings, err := h.plans.Import(ctx, caller(ctx), idempotency.ResourceID(ctx), string(req.Format), req.Name.Or(""), text)
	if err != nil {
		return nil, err
	}
	return &showsapi.SeatPlanImportedHeaders{
		ETag:     showsapi.NewOptString(api.ETag(plan.State().Version)),
		Location: showsapi.NewOptString("/shows/seatplans/" + plan.State().ID.String()),
		Response: showsapi.SeatPlanImport{Plan: seatPlanAnswer(plan), Findings: findingsAnswer(findings)},
	}, nil
}

// GetSeatPlan implements showsapi.Handler.
func (h *handler) GetSeatPlan(ctx context.Context, params showsapi.GetSeatPlanParams) (showsapi.GetSeatPlanRes, error) {
	return seatPlanHeaders(h.plans.Get(ctx, caller(ctx), params.PlanId, params.Version.Or(0)))
}

// ReplaceSeatPlan implements showsapi.Handler.
func (h *handler) ReplaceSeatPlan(ctx context.Context, req *showsapi.SeatPlanInput, params showsapi.ReplaceSeatPlanParams) (showsapi.ReplaceSeatPlanRes, error) {
	expected, err := api.ParseIfMatch(params.IfMatch.Or(""))
	if err != nil {
		return nil, err
	}
	return seatPlanHeaders(h.plans.Replace(ctx, caller(ctx), params.PlanId, seatPlanOf(req), expected))
}

// DeleteSeatPlan implements showsapi.Handler.
func (h *handler) DeleteSeatPlan(ctx context.Context, params showsapi.DeleteSeatPlanParams) (showsapi.DeleteSeatPlanRes, error) {
	expected, err := api.ParseIfMatch(params.IfMatch.Or(""))
	if err != nil {
		return nil, err
	}
	if err := h.plans.Delete(ctx, caller(ctx), params.PlanId, expected); err != nil {
		return nil, err
	}
	return &showsapi.DeleteSeatPlanNoContent{}, nil
}

// ExportSeatPlan implements showsapi.Handler.
func (h *handler) ExportSeatPlan(ctx context.Context, params showsapi.ExportSeatPlanParams) (showsapi.ExportSeatPlanRes, error) {
	text, findings, err := h.plans.Export(ctx, caller(ctx), params.PlanId, params.Version.Or(0), string(params.Format.Value))
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("seat plan %s as %s: %w", params.PlanId, params.Format.Value, err)
	}
	document := make(showsapi.SeatPlanExportDocument, len(members))
	for name, value := range members {
		document[name] = jx.Raw(value)
	}
	return &showsapi.SeatPlanExport{Document: document, Findings: findingsAnswer(findings)}, nil
}

func seatPlanOf(req *showsapi.SeatPlanInput) seatplan.Details {
	details := seatplan.Details{Name: req.Name, Areas: areasOf(req.Areas), Allocations: allocationsOf(req.Allocations)}
	for _, category := range req.PriceCategories {
		details.Categories = append(details.Categories, seatplan.Category{ID: category.ID, Name: category.Name})
	}
	return details
}

func seatPlanHeaders(plan seatplan.Plan, err error) (*showsapi.SeatPlanHeaders, error) {
	if err != nil {
		return nil, err
	}
	return &showsapi.SeatPlanHeaders{ETag: showsapi.NewOptString(api.ETag(plan.State().Version)), Response: seatPlanAnswer(plan)}, nil
}

func seatPlanAnswer(plan seatplan.Plan) showsapi.SeatPlan {
	state := plan.State()
	answer := showsapi.SeatPlan{
		PlanID: state.ID, Name: state.Name, Areas: areasAnswer(state.Areas), Places: plan.Places(), Version: state.Version,
		PriceCategories: make([]showsapi.PlanCategory, len(state.Categories)), Allocations: allocationsAnswer(state.Allocations),
	}
	for i, category := range state.Categories {
		answer.PriceCategories[i] = showsapi.PlanCategory{ID: category.ID, Name: category.Name}
	}
	return answer
}

func findingsAnswer(findings []seatplan.Finding) []showsapi.SeatPlanFinding {
	answer := make([]showsapi.SeatPlanFinding, len(findings))
	for i, finding := range findings {
		answer[i] = showsapi.SeatPlanFinding(finding)
	}
	return answer
}
