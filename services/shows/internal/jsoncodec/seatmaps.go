// Package jsoncodec is the JSON that adapters keep of seat maps, plans, series, prices, shows and performances: in
// files, in DynamoDB, in the cache. It decides nothing, and must not know who keeps it.
package jsoncodec

import (
	"encoding/json"
	"fmt"
	"time"

	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

// The forms below are what is stored. They change apart from the domain and from
// the API, and members are only ever added.
type seatMapBody struct {
	Areas       []areaBody          `json:"areas"`
	Categories  []priceCategoryBody `json:"priceCategories"`
	Allocations []allocationBody    `json:"allocations,omitempty"`
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

	Tiers        []tierBody       `json:"tiers,omitempty"`
	Concessions  []concessionBody `json:"concessions,omitempty"`
	SalesOpenAt  *int64           `json:"salesOpenAt,omitempty"` // milliseconds since 1970
	SalesCloseAt *int64           `json:"salesCloseAt,omitempty"`
}

// Amounts of tiers and concessions are in the currency of their category.
type tierBody struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Amount   int64  `json:"amount"`
	Until    int64  `json:"until"` // milliseconds since 1970
	Quantity *int   `json:"quantity,omitempty"`
}

type concessionBody struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Amount     *int64 `json:"amount,omitempty"`
	PercentOff string `json:"percentOff,omitempty"`
}

// EncodeSeatMap returns a map as DecodeSeatMap reads it.
func EncodeSeatMap(m seatmap.Map) ([]byte, error) {
	body := seatMapBody{Areas: areaBodies(m.Areas()), Categories: make([]priceCategoryBody, len(m.PriceCategories())), Allocations: allocationBodies(m.Allocations())}
	for i, c := range m.PriceCategories() {
		body.Categories[i] = categoryBody(c)
	}
	return json.Marshal(body)
}

// DecodeSeatMap reads a map that EncodeSeatMap has written.
func DecodeSeatMap(b []byte) (seatmap.Map, error) {
	var body seatMapBody
	if err := json.Unmarshal(b, &body); err != nil {
		return seatmap.Map{}, fmt.Errorf("stored seat map: %w", err)
	}
	categories := make([]seatmap.PriceCategory, len(body.Categories))
	for i, c := range body.Categories {
		categories[i] = categoryOf(c)
	}
	return seatmap.Restore(areasOf(body.Areas), categories).RestoreAllocations(allocationsOf(body.Allocations)), nil
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

func optionalMillis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

func optionalTime(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(*ms).UTC()
}

func categoryBody(c seatmap.PriceCategory) priceCategoryBody {
	body := priceCategoryBody{
		ID: c.ID, Name: c.Name, Amount: c.Price.Amount, Currency: c.Price.Currency,
		SalesOpenAt: optionalMillis(c.SalesOpenAt), SalesCloseAt: optionalMillis(c.SalesCloseAt),
	}
	for _, tier := range c.Tiers {
		body.Tiers = append(body.Tiers, tierBody{
			ID: tier.ID, Name: tier.Name, Amount: tier.Price.Amount, Until: tier.Until.UnixMilli(), Quantity: tier.Quantity,
		})
	}
	for _, concession := range c.Concessions {
		stored := concessionBody{ID: concession.ID, Name: concession.Name, PercentOff: concession.PercentOff}
		if concession.Price != nil {
			stored.Amount = &concession.Price.Amount
		}
		body.Concessions = append(body.Concessions, stored)
	}
	return body
}

func categoryOf(body priceCategoryBody) seatmap.PriceCategory {
	amount := func(n int64) money.Money { return money.Money{Amount: n, Currency: body.Currency} }
	c := seatmap.PriceCategory{
		ID: body.ID, Name: body.Name, Price: amount(body.Amount), SalesOpenAt: optionalTime(body.SalesOpenAt), SalesCloseAt: optionalTime(body.SalesCloseAt),
	}
	for _, tier := range body.Tiers {
		c.Tiers = append(c.Tiers, seatmap.Tier{
			ID: tier.ID, Name: tier.Name, Price: amount(tier.Amount), Until: time.UnixMilli(tier.Until).UTC(), Quantity: tier.Quantity,
		})
	}
	for _, stored := range body.Concessions {
		concession := seatmap.Concession{ID: stored.ID, Name: stored.Name, PercentOff: stored.PercentOff}
		if stored.Amount != nil {
			price := amount(*stored.Amount)
			concession.Price = &price
		}
		c.Concessions = append(c.Concessions, concession)
	}
	return c
}
