package rest

import (
	"context"
	"fmt"

	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/problem"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

// seatMapOf takes a performance's seat map, or its use of a plan, as it came;
// the domain checks it.
func seatMapOf(seatMap showsapi.OptSeatMapInput, seatPlan showsapi.OptSeatPlanUse) (app.SeatMapSource, error) {
	whole, isWhole := seatMap.Get()
	use, isPlan := seatPlan.Get()
	var source app.SeatMapSource
	switch {
	case isWhole == isPlan:
		return source, problem.InvalidRequest(problem.Field{Field: "seatMap", Message: "must be given, or else seatPlan, and not both"})
	case isPlan:
		source.SeatPlan = performance.SeatPlan{ID: use.PlanID, Version: use.Version.Or(0)}
		if use.PlanID == id.Nil {
			return source, problem.InvalidRequest(problem.Field{Field: "seatPlan.planId", Message: "must be the id of a seat plan"})
		}
		for _, category := range use.PriceCategories {
			source.PriceCategories = append(source.PriceCategories, categoryOf(showsapi.PriceCategoryInput{
				ID: category.ID, Name: category.Name.Or(""), Price: category.Price, Tiers: category.Tiers, Concessions: category.Concessions,
				SalesOpenAt: category.SalesOpenAt, SalesCloseAt: category.SalesCloseAt,
			}))
		}
	default:
		source.Areas, source.Allocations = areasOf(whole.Areas), allocationsOf(whole.Allocations)
		for _, category := range whole.PriceCategories {
			source.PriceCategories = append(source.PriceCategories, categoryOf(category))
		}
	}
	return source, nil
}

// UpdatePerformance implements showsapi.Handler.
func (h *handler) UpdatePerformance(ctx context.Context, body showsapi.UpdatePerformanceReq, params showsapi.UpdatePerformanceParams) (showsapi.UpdatePerformanceRes, error) {
	expected, err := api.ParseIfMatch(params.IfMatch.Or(""))
	if err != nil {
		return nil, err
	}
	var req *showsapi.UpdatePerformance
	switch body := body.(type) { // the same under either media type
	case *showsapi.UpdatePerformanceApplicationMergePatchJSON:
		req = (*showsapi.UpdatePerformance)(body)
	case *showsapi.UpdatePerformanceApplicationJSON:
		req = (*showsapi.UpdatePerformance)(body)
	default:
		return nil, fmt.Errorf("a patch of type %T", body)
	}
	source, err := seatMapOf(req.SeatMap, req.SeatPlan)
	if err != nil {
		return nil, err
	}
	return performanceHeaders(h.seatMaps.Change(ctx, caller(ctx), params.ShowId, params.PerformanceId, source, expected))
}

func areasOf(in []showsapi.AreaInput) []seatmap.Area {
	areas := make([]seatmap.Area, len(in))
	for i, area := range in {
		areas[i] = seatmap.Area{
			ID:            area.ID,
			Name:          area.Name.Or(""),
			Kind:          seatmap.Kind(area.Kind),
			Capacity:      area.Capacity.Or(0),
			PriceCategory: area.PriceCategory,
		}
		for _, row := range area.Rows {
			areas[i].Rows = append(areas[i].Rows, seatmap.Row{
				Label: row.Row, Seats: row.Seats, AisleAfter: row.AisleAfter,
				Wheelchair: row.Wheelchair, Companion: row.Companion, OutOfSale: row.OutOfSale,
			})
		}
	}
	return areas
}

func seatMapAnswer(areas []seatmap.Area, m seatmap.Map) showsapi.SeatMap {
	categories := m.PriceCategories()
	answer := showsapi.SeatMap{
		Areas: areasAnswer(areas), PriceCategories: make([]showsapi.PriceCategory, len(categories)), Allocations: allocationsAnswer(m.Allocations()),
	}
	for i, category := range categories {
		answer.PriceCategories[i] = categoryAnswer(category)
	}
	return answer
}

func areasAnswer(areas []seatmap.Area) []showsapi.Area {
	answer := make([]showsapi.Area, len(areas))
	for i, area := range areas {
		out := showsapi.Area{ID: area.ID, Kind: showsapi.AreaKind(area.Kind), PriceCategory: area.PriceCategory}
		if area.Name != "" {
			out.Name.SetTo(area.Name)
		}
		if area.Kind == seatmap.General {
			out.Capacity.SetTo(area.Capacity)
		}
		for _, row := range area.Rows {
			out.Rows = append(out.Rows, showsapi.Row{
				Row: row.Label, Seats: row.Seats, AisleAfter: row.AisleAfter,
				Wheelchair: row.Wheelchair, Companion: row.Companion, OutOfSale: row.OutOfSale,
			})
		}
		answer[i] = out
	}
	return answer
}
