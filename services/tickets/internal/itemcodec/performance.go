package itemcodec

import (
	"encoding/json"
	"fmt"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/pricing"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// performanceDocument is what is stored of a performance beside its id and version.
type performanceDocument struct {
	ShowID                id.ID
	OrganizerID           string
	Title                 string
	Cancelled             bool
	StartsAtLocal         string
	TimeZone              string
	StartsAt, Open, Close int64
	Rescheduled, Returns  int64 `json:",omitempty"` // of one that was moved
	Currency              string
	Categories            []performance.PriceCategory
	Pricing               pricing.Rules
	Limits                performance.Limits
	Channels              []performance.Channel `json:",omitempty"`
	Presales              []performance.Presale `json:",omitempty"`
	SeatMapVersion        int
	Areas                 []seatmap.Area       `json:",omitempty"`
	Ground                []seatmap.Area       `json:",omitempty"` // of a seat map that changed
	Allocations           []seatmap.Allocation `json:",omitempty"`
	Released              []string             `json:",omitempty"`
}

// EncodePerformance writes a performance, as JSON, without its id and version; its
// areas and its layout are empty in the copy of a store that keeps them apart.
func EncodePerformance(p *performance.Performance) ([]byte, error) {
	var ground []seatmap.Area
	if p.Layout != nil {
		ground = p.Layout.Ground()
	}
	return json.Marshal(performanceDocument{
		ShowID: p.ShowID, OrganizerID: p.OrganizerID, Title: p.Title, Cancelled: p.Cancelled, StartsAtLocal: p.StartsAtLocal,
		TimeZone: p.TimeZone, StartsAt: Millis(p.StartsAt), Open: Millis(p.SalesOpenAt), Close: Millis(p.SalesCloseAt),
		Currency: p.Currency, Categories: p.Categories, Pricing: p.Pricing, Limits: p.Limits, Channels: p.Channels, Presales: p.Presales,
		SeatMapVersion: p.SeatMapVersion, Areas: p.Areas, Allocations: p.Allocations, Released: p.Released,
		Ground: ground, Rescheduled: Millis(p.RescheduledAt), Returns: Millis(p.ReturnsUntil),
	})
}

// DecodePerformance reads what EncodePerformance returned. It lays nothing out: that
// is done over the ground.
func DecodePerformance(performanceID id.ID, version int, text []byte) (p *performance.Performance, ground []seatmap.Area, err error) {
	var d performanceDocument
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, nil, fmt.Errorf("stored performance: %w", err)
	}
	return &performance.Performance{
		ID: performanceID, Version: version, ShowID: d.ShowID, OrganizerID: d.OrganizerID, Title: d.Title, Cancelled: d.Cancelled,
		StartsAtLocal: d.StartsAtLocal, TimeZone: d.TimeZone, StartsAt: Instant(d.StartsAt), SalesOpenAt: Instant(d.Open),
		SalesCloseAt: Instant(d.Close), Currency: d.Currency, Categories: d.Categories, Pricing: d.Pricing, Limits: d.Limits,
		Channels: d.Channels, Presales: d.Presales, SeatMapVersion: d.SeatMapVersion, Areas: d.Areas, Allocations: d.Allocations,
		Released: d.Released, RescheduledAt: Instant(d.Rescheduled), ReturnsUntil: Instant(d.Returns),
	}, d.Ground, nil
}
