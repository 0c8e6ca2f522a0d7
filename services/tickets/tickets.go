// Package tickets is the public face of the tickets service: holds, orders,
// payments, tickets, admission and the waiting list. A composition root opens
// the adapters and gives each part only what that part needs.
package tickets

import (
	"context"
	"log/slog"
	"net/http"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/consumer"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/rest"
	"ticketmesh.dev/services/tickets/internal/subscribe"
)

// Prefix is where the service's routes are.
const Prefix = "/tickets"

// APIDeps is what the API needs.
type APIDeps struct {
	Selling   *app.Selling
	CodeKeys  rest.Keys
	Webhooks  map[string]rest.Webhooks // by payment provider
	StripeKey string                   // the publishable one
	Ready     func(context.Context) error
	Clock     clock.Clock
	Logger    *slog.Logger
}

// NewAPI returns the routes, to be wrapped by platform/api.
func NewAPI(d APIDeps) (http.Handler, error) {
	return rest.New(rest.Deps{
		Selling: d.Selling, CodeKeys: d.CodeKeys, Webhooks: d.Webhooks, StripeKey: d.StripeKey, Ready: d.Ready, Clock: d.Clock, Logger: d.Logger,
	})
}

// PerformancesQueue is the name of the one subscription.
const PerformancesQueue = subscribe.PerformancesQueue

// NewSubscriptions returns what the service consumes.
func NewSubscriptions(selling *app.Selling, seatMaps subscribe.SeatMaps) []consumer.Subscription {
	return subscribe.Subscriptions(selling, seatMaps)
}
