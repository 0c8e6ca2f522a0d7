package rest

import (
	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

// seatMapOf takes a seat map as it came; the domain checks it.
func seatMapOf(in showsapi.SeatMapInput) app.Plan {
	var plan app.Plan
	for _, area := range in.Areas {
		a := seatmap.Area{
			ID:            area.ID,
			Name:          area.Name.Or(""),
			Kind:          seatmap.Kind(area.Kind),
			Capacity:      area.Capacity.Or(0),
			PriceCategory: area.PriceCategory,
		}
		for _, row := range area.Rows {
			a.Rows = append(a.Rows, seatmap.Row{Label: row.Row, Seats: row.Seats, AisleAfter: row.AisleAfter, Wheelchair: row.Wheelchair})
		}
		plan.Areas = append(plan.Areas, a)
	}
	for _, category := range in.PriceCategories {
		plan.PriceCategories = append(plan.PriceCategories, seatmap.PriceCategory{
			ID: category.ID, Name: category.Name,
			Price: money.Money{Amount: category.Price.Amount, Currency: category.Price.Currency},
		})
	}
	return plan
}

func seatMapAnswer(m seatmap.Map) showsapi.SeatMap {
	answer := showsapi.SeatMap{
		Areas:           make([]showsapi.Area, len(m.Areas())),
		PriceCategories: make([]showsapi.PriceCategory, len(m.PriceCategories())),
	}
	for i, area := range m.Areas() {
		out := showsapi.Area{ID: area.ID, Kind: showsapi.AreaKind(area.Kind), PriceCategory: area.PriceCategory}
		if area.Name != "" {
			out.Name.SetTo(area.Name)
		}
		if area.Kind == seatmap.General {
			out.Capacity.SetTo(area.Capacity)
		}
		for _, row := range area.Rows {
			out.Rows = append(out.Rows, showsapi.Row{Row: row.Label, Seats: row.Seats, AisleAfter: row.AisleAfter, Wheelchair: row.Wheelchair})
		}
		answer.Areas[i] = out
	}
	for i, category := range m.PriceCategories() {
		answer.PriceCategories[i] = showsapi.PriceCategory{
			ID: category.ID, Name: category.Name,
			Price: showsapi.Money{Amount: category.Price.Amount, Currency: category.Price.Currency},
		}
	}
	return answer
}
