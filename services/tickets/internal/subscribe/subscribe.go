// Package subscribe takes what other services tell and hands it to the use cases.
package subscribe

import (
	"context"
	"errors"
	"slices"

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

// Subscriptions returns what the service consumes. Performances are state, and so
// are their shows' titles: an older version than the known one is dropped.
func Subscriptions(selling *app.Selling, seatMaps SeatMaps) []consumer.Subscription {
	return []consumer.Subscription{{
		Name:  PerformancesQueue,
		Types: slices.Concat(eventcodec.PerformanceTypes(), eventcodec.ShowTypes()),
		Handle: func(ctx context.Context, e event.Event) error {
			if slices.Contains(eventcodec.ShowTypes(), e.Type) {
				told, err := eventcodec.Show(e)
				if err != nil {
					return consumer.Permanent(err)
				}
				return selling.UpdateShow(ctx, PerformancesQueue, e.ID, told)
			}
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
			err = selling.UpdatePerformance(ctx, PerformancesQueue, e.ID, told)
			if errors.Is(err, seatmap.ErrKindChanged) || errors.Is(err, seatmap.ErrMalformed) {
				return consumer.Permanent(err)
			}
			return err
		},
	}}
}
