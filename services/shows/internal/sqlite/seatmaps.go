package sqlite

import (
	"encoding/json"
	"fmt"

	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

// The forms below are what the file holds. They change apart from the domain
// and from the API.
type seatMapBody struct {
	Areas      []areaBody          `json:"areas"`
	Categories []priceCategoryBody `json:"priceCategories"`
}

type areaBody struct {
	ID            string    `json:"id"`
	Name          string    `json:"name,omitempty"`
	Kind          string    `json:"kind"`
	Rows          []rowBody `json:"rows,omitempty"`
	Capacity      int       `json:"capacity,omitempty"`
	PriceCategory string    `json:"priceCategory"`
}

type rowBody struct {
	Label      string   `json:"row"`
	Seats      string   `json:"seats"`
	AisleAfter []string `json:"aisleAfter,omitempty"`
	Wheelchair []string `json:"wheelchair,omitempty"`
	Companion  []string `json:"companion,omitempty"`
	OutOfSale  []string `json:"outOfSale,omitempty"`
}

type priceCategoryBody struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

func encodeSeatMap(m seatmap.Map) (string, error) {
	body := seatMapBody{Areas: areaBodies(m.Areas()), Categories: make([]priceCategoryBody, len(m.PriceCategories()))}
	for i, c := range m.PriceCategories() {
		body.Categories[i] = priceCategoryBody{ID: c.ID, Name: c.Name, Amount: c.Price.Amount, Currency: c.Price.Currency}
	}
	b, err := json.Marshal(body)
	return string(b), err
}

func decodeSeatMap(b []byte) (seatmap.Map, error) {
	var body seatMapBody
	if err := json.Unmarshal(b, &body); err != nil {
		return seatmap.Map{}, fmt.Errorf("stored seat map: %w", err)
	}
	categories := make([]seatmap.PriceCategory, len(body.Categories))
	for i, c := range body.Categories {
		categories[i] = seatmap.PriceCategory{ID: c.ID, Name: c.Name, Price: money.Money{Amount: c.Amount, Currency: c.Currency}}
	}
	return seatmap.Restore(areasOf(body.Areas), categories), nil
}

func areaBodies(areas []seatmap.Area) []areaBody {
	bodies := make([]areaBody, len(areas))
	for i, area := range areas {
		bodies[i] = areaBody{ID: area.ID, Name: area.Name, Kind: string(area.Kind), Capacity: area.Capacity, PriceCategory: area.PriceCategory}
		for _, row := range area.Rows {
			bodies[i].Rows = append(bodies[i].Rows, rowBody(row))
		}
	}
	return bodies
}

func areasOf(bodies []areaBody) []seatmap.Area {
	areas := make([]seatmap.Area, len(bodies))
	for i, area := range bodies {
		areas[i] = seatmap.Area{ID: area.ID, Name: area.Name, Kind: seatmap.Kind(area.Kind), Capacity: area.Capacity, PriceCategory: area.PriceCategory}
		if len(area.Rows) > 0 {
			areas[i].Rows = make([]seatmap.Row, len(area.Rows))
		}
		for j, row := range area.Rows {
			areas[i].Rows[j] = seatmap.Row(row)
		}
	}
	return areas
}
