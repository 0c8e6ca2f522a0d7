// Package subscribe takes what other services tell and hands it to the use cases.
package subscribe

import (
	"context"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/eventcodec"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// PerformancesQueue is the durable queue in which performances arrive.
const PerformancesQueue = "tickets-performances"

// SeatMaps fetches seat maps that are too large for an event.
type SeatMaps interface {
	SeatMap(ctx context.Context, path string) ([]seatmap.Area, []seatmap.Allocation, error)
}

// Subscriptions returns what the service consumes. Performances are state: an
// older version than the known one is dropped.
func Subscriptions(selling *app.Selling, seatMaps SeatMaps) []consumer.Subscription {
	return []consumer.Subscription{{
		Name:  PerformancesQueue,
		Types: eventcodec.PerformanceTypes(),
		Handle: func(ctx context.Context, e event.Event) error {
			told, reference, err := eventcodec.Performance(e)
			if err != nil {
				return consumer.Permanent(err)
			}
			if reference != "" {
				areas, allocations, err := seatMaps.SeatMap(ctx, reference)
				if err != nil {
					return err
				}
				told.Allocations = allocations
				if err := told.LayOut(areas); err != nil {
					return consumer.Permanent(err)
				}
			}
			return selling.UpdatePerformance(ctx, PerformancesQueue, e.ID, told)
		},
	}}
}
