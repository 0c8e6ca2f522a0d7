package jsoncodec

import (
	"encoding/json"
	"fmt"

	"ticketmesh.dev/services/shows/internal/seatplan"
)

type seatPlanBody struct {
	Name       string             `json:"name"`
	Areas      []areaBody         `json:"areas"`
	Categories []planCategoryBody `json:"priceCategories"`

	Allocations []allocationBody `json:"allocations,omitempty"`
}

type planCategoryBody struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// EncodeSeatPlan returns a version of a plan as DecodeSeatPlan reads it.
func EncodeSeatPlan(d seatplan.Details) ([]byte, error) {
	body := seatPlanBody{Name: d.Name, Areas: areaBodies(d.Areas), Allocations: allocationBodies(d.Allocations)}
	for _, category := range d.Categories {
		body.Categories = append(body.Categories, planCategoryBody(category))
	}
	return json.Marshal(body)
}

// DecodeSeatPlan reads what EncodeSeatPlan has written.
func DecodeSeatPlan(b []byte) (seatplan.Details, error) {
	var body seatPlanBody
	if err := json.Unmarshal(b, &body); err != nil {
		return seatplan.Details{}, fmt.Errorf("stored seat plan: %w", err)
	}
	details := seatplan.Details{Name: body.Name, Areas: areasOf(body.Areas), Allocations: allocationsOf(body.Allocations)}
	for _, category := range body.Categories {
		details.Categories = append(details.Categories, seatplan.Category(category))
	}
	return details, nil
}
