package jsoncodec

import (
	"encoding/json"
	"fmt"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/series"
)

type seriesBody struct {
	Rule            string           `json:"rule"`
	TimeZone        string           `json:"timeZone"`
	SalesOpenAt     int64            `json:"salesOpenAt,omitempty"` // milliseconds since 1970
	PerOrder        int              `json:"perOrder,omitempty"`
	PerCustomer     int              `json:"perCustomer,omitempty"`
	SeatPlanID      id.ID            `json:"seatPlanId"`
	SeatPlanVersion int              `json:"seatPlanVersion,omitempty"`
	SeatMap         json.RawMessage  `json:"seatMap"`
	Pricing         *pricingBody     `json:"pricing,omitempty"`
	Channels        []sales.Channel  `json:"channels,omitempty"` // whole, under the domain's own names
	Occurrences     []occurrenceBody `json:"occurrences"`
}

type occurrenceBody struct {
	PerformanceID id.ID  `json:"performanceId"`
	StartsAt      string `json:"startsAt"`
}

// EncodeSeries returns a series, beside its ids, as DecodeSeries reads it.
func EncodeSeries(of series.Series) ([]byte, error) {
	state := of.State()
	m, err := EncodeSeatMap(state.Template.SeatMap)
	if err != nil {
		return nil, err
	}
	t := state.Template
	body := seriesBody{
		Rule: state.Rule, TimeZone: t.TimeZone, PerOrder: t.Limits.PerOrder, PerCustomer: t.Limits.PerCustomer,
		SeatPlanID: t.SeatPlan.ID, SeatPlanVersion: t.SeatPlan.Version, SeatMap: json.RawMessage(m),
		Pricing: bodyOfPricing(t.Pricing), Channels: t.Channels,
	}
	if !t.SalesOpenAt.IsZero() {
		body.SalesOpenAt = t.SalesOpenAt.UnixMilli()
	}
	for _, o := range state.Occurrences {
		body.Occurrences = append(body.Occurrences, occurrenceBody(o))
	}
	return json.Marshal(body)
}

// DecodeSeries reads what EncodeSeries has written.
func DecodeSeries(showID, seriesID id.ID, text []byte) (series.Series, error) {
	var body seriesBody
	if err := json.Unmarshal(text, &body); err != nil {
		return series.Series{}, fmt.Errorf("stored series: %w", err)
	}
	m, err := DecodeSeatMap(body.SeatMap)
	if err != nil {
		return series.Series{}, err
	}
	state := series.State{ID: seriesID, ShowID: showID, Rule: body.Rule}
	state.Template = series.Template{
		TimeZone: body.TimeZone, SeatMap: m, SeatPlan: performance.SeatPlan{ID: body.SeatPlanID, Version: body.SeatPlanVersion},
		Pricing: body.Pricing.rules(), Channels: body.Channels,
		Limits: performance.Limits{PerOrder: body.PerOrder, PerCustomer: body.PerCustomer},
	}
	if body.SalesOpenAt != 0 {
		state.Template.SalesOpenAt = time.UnixMilli(body.SalesOpenAt).UTC()
	}
	for _, o := range body.Occurrences {
		state.Occurrences = append(state.Occurrences, series.Occurrence(o))
	}
	return series.Restore(state), nil
}
