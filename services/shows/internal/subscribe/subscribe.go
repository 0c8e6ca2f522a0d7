// Package subscribe is what the service does with the events of others. It must
// not hold state: the store does.
package subscribe

import (
	"context"

	"ticketmesh.dev/contracts/infoevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/eventcodec"
)

// Availability is the name of the consumer that feeds the read model of what is
// free. Its rule: a partition's newer version replaces the older one, whatever
// arrives when; an older one is dropped, and so is the same one that comes again.
const Availability = "shows-availability"

// Venues is the name of the consumer that learns which city a venue is in. Its rule
// is the same.
const Venues = "shows-venues"

// New returns the subscriptions of the service.
func New(a *app.App) []consumer.Subscription {
	return []consumer.Subscription{{
		Name:  Availability,
		Types: []string{ticketsevents.TypeAvailabilityChanged},
		Handle: func(ctx context.Context, e event.Event) error {
			partition, err := eventcodec.DecodePartition(e)
			if err != nil {
				return consumer.Permanent(err)
			}
			return a.ApplyPartition(ctx, partition)
		},
	}, {
		Name:  Venues,
		Types: []string{infoevents.TypeVenueUpdated},
		Handle: func(ctx context.Context, e event.Event) error {
			told, err := eventcodec.DecodeVenue(e)
			if err != nil {
				return consumer.Permanent(err)
			}
			return a.ApplyVenue(ctx, told)
		},
	}}
}
