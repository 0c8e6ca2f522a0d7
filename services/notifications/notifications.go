// Package notifications tells customers by mail about what they bought: their tickets, and what becomes of them. It is
// the service's public face: each function builds one way in, with only what that needs. It opens nothing and runs
// nothing.
package notifications

import (
	"context"
	"log/slog"
	"net/http"

	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/service"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/rest"
	"ticketmesh.dev/services/notifications/internal/subscribe"
)

// Name is the service's name.
const Name = "notifications"

// The names of the subscriptions.
const (
	CatalogQueue = subscribe.Catalog
	OrdersQueue  = subscribe.Orders
)

// Prefixes are the paths that the API answers.
func Prefixes() []string { return []string{rest.Prefix} }

// NewAPI returns the HTTP API. ready is what its health check asks.
func NewAPI(customers app.Customers, ready func(context.Context) error, o api.Options) (http.Handler, error) {
	logger := o.Logger
	if logger == nil {
		logger = slog.Default()
	}
	h, err := rest.New(app.NewDesk(customers), ready, logger)
	if err != nil {
		return nil, err
	}
	return api.Wrap(h, o), nil
}

// NewSubscriptions returns what the service wants to hear from the bus.
func NewSubscriptions(chronicle app.Chronicle, composer app.Composer, clock clock.Clock) []consumer.Subscription {
	return subscribe.Subscriptions(app.NewIntake(chronicle, composer, clock))
}

// NewSenderJob returns the job that sends queued messages.
func NewSenderJob(outgoing app.Outgoing, composer app.Composer, mailer app.Mailer, codec app.Codec, clock clock.Clock, logger *slog.Logger) service.Job {
	return service.Job{Name: "notifications-sender", Run: app.NewSender(outgoing, composer, mailer, codec, clock, logger).Run}
}

// NewSenderPass returns one pass of that job: it sends what is due until nothing is any more, or ctx ends.
func NewSenderPass(outgoing app.Outgoing, composer app.Composer, mailer app.Mailer, codec app.Codec, clock clock.Clock, logger *slog.Logger) func(ctx context.Context) error {
	return app.NewSender(outgoing, composer, mailer, codec, clock, logger).Pass
}

// NewSpreaderJob returns the job that tells all holders of tickets of a changed performance.
func NewSpreaderJob(notices app.Notices, composer app.Composer, clock clock.Clock, logger *slog.Logger) service.Job {
	return service.Job{Name: "notifications-spreader", Run: app.NewSpreader(notices, composer, clock, logger).Run}
}

// NewSpreaderPass returns one pass of that job: it spreads what there is to spread, until ctx ends.
func NewSpreaderPass(notices app.Notices, composer app.Composer, clock clock.Clock, logger *slog.Logger) func(ctx context.Context) error {
	return app.NewSpreader(notices, composer, clock, logger).Pass
}
