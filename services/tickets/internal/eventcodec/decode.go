package eventcodec

import (
	"fmt"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/event"

	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// PerformanceTypes are the events that tell a performance. Each carries the
// whole of it.
func PerformanceTypes() []string {
	return []string{showsevents.TypePerformanceScheduled, showsevents.TypePerformanceRescheduled, showsevents.TypePerformanceCancelled}
}

// ShowTypes are the events that tell how a show is called now.
func ShowTypes() []string { return []string{showsevents.TypeShowUpdated} }

// Show reads what an event tells of a show.
func Show(e event.Event) (performance.Show, error) {
	var data showsevents.Show
	if err := data.UnmarshalJSON(e.Data); err != nil {
		return performance.Show{}, fmt.Errorf("show: %w", err)
	}
	if err := data.Validate(); err != nil {
		return performance.Show{}, fmt.Errorf("show: %w", err)
	}
	return performance.Show{ID: data.ShowID, Version: data.Version, Title: data.Title}, nil
}

// Performance reads the performance that an event tells. When its seat map is
// elsewhere, reference says where and the performance has no areas yet.
func Performance(e event.Event) (told *performance.Performance, reference string, err error) {
	var data showsevents.Performance
	if err := data.UnmarshalJSON(e.Data); err != nil {
		return nil, "", fmt.Errorf("performance: %w", err)
	}
	if err := data.Validate(); err != nil {
		return nil, "", fmt.Errorf("performance: %w", err)
	}
	told = &performance.Performance{
		ID: data.PerformanceID, Version: data.Version, ShowID: data.ShowID, OrganizerID: data.OrganizerID, Title: data.ShowTitle,
		Cancelled:     data.Status == showsevents.PerformanceStatusCancelled,
		StartsAtLocal: data.StartsAt, TimeZone: data.TimeZone, StartsAt: data.StartsAtUtc.UTC(),
		SalesOpenAt: data.SalesOpenAt.Value.UTC(), SalesCloseAt: data.SalesCloseAt.Value.UTC(),
		RescheduledAt: data.RescheduledAt.Value.UTC(), ReturnsUntil: data.ReturnsUntil.Value.UTC(),
		Currency: data.Currency, SeatMapVersion: data.SeatMapVersion,
		Limits: performance.Limits{PerOrder: data.Limits.Value.PerOrder.Value, PerCustomer: data.Limits.Value.PerCustomer.Value},
	}
	if told.Categories, err = categories(data.PriceCategories); err != nil {
		return nil, "", err
	}
	if told.Pricing, err = rules(data.Pricing); err != nil {
		return nil, "", err
	}
	told.Channels, told.Presales, told.Released = channels(data.Channels), presales(data.Presales), data.ReleasedAllocations
	switch {
	case data.SeatMap.Set:
		told.Allocations = Allocations(data.SeatMap.Value)
		return told, "", told.LayOut(Areas(data.SeatMap.Value))
	case data.SeatMapRef.Value == "":
		return nil, "", fmt.Errorf("%w: it has neither a seat map nor a reference to one", performance.ErrMalformed)
	}
	return told, data.SeatMapRef.Value, nil
}

// Areas reads the areas of a seat map.
func Areas(data showsevents.SeatMap) []seatmap.Area {
	areas := make([]seatmap.Area, len(data.Areas))
	for i, area := range data.Areas {
		areas[i] = seatmap.Area{
			ID: area.ID, Name: area.Name.Value, Kind: seatmap.Kind(area.Kind), Capacity: area.Capacity.Value, PriceCategory: area.PriceCategory,
		}
		for _, row := range area.Rows {
			areas[i].Rows = append(areas[i].Rows, seatmap.Row{
				Label: row.Row, Seats: row.Seats, AisleAfter: row.AisleAfter, Wheelchair: row.Wheelchair, Companion: row.Companion,
			})
		}
	}
	return areas
}
