// Package tickets is the public face of the tickets service: holds, orders,
// payments, tickets, admission and the waiting list. A composition root opens
// the adapters and gives each part only what that part needs.
package tickets

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/service"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/rest"
	"ticketmesh.dev/services/tickets/internal/subscribe"
)

// Prefix is where the service's routes are.
const Prefix = "/tickets"

// APIDeps is what the API needs.
type APIDeps struct {
	Selling   *app.Selling
	CodeKey   jose.JSONWebKey
	Webhooks  map[string]rest.Webhooks // by payment provider
	StripeKey string                   // the publishable one
	Clock     clock.Clock
	Logger    *slog.Logger
}

// NewAPI returns the routes, to be wrapped by platform/api.
func NewAPI(d APIDeps) (http.Handler, error) {
	return rest.New(rest.Deps{
		Selling: d.Selling, CodeKey: d.CodeKey, Webhooks: d.Webhooks, StripeKey: d.StripeKey, Clock: d.Clock, Logger: d.Logger,
	})
}

// NewSubscriptions returns what the service consumes.
func NewSubscriptions(selling *app.Selling, seatMaps subscribe.SeatMaps) []consumer.Subscription {
	return subscribe.Subscriptions(selling, seatMaps)
}

const (
	sweepInterval     = time.Second
	reconcileInterval = 5 * time.Second
	// reconcileGrace is how long an order may be with its provider before it
	// counts as forgotten. At the start of a process nothing is being worked on.
	reconcileGrace   = 30 * time.Second
	capturesInterval = time.Minute
	offerInterval    = 5 * time.Second
	sweepBatch       = 200
)

// NewJobs returns what goes on beside the API: the sweeper that announces
// expired holds, the reconciler that finishes what a crash left, the comparison of
// what the providers took with the orders, the cancelling of orders of cancelled
// performances, and the waiting list.
func NewJobs(selling *app.Selling, logger *slog.Logger) []service.Job {
	return []service.Job{
		{Name: "tickets-sweeper", Run: every(sweepInterval, nil, logger, func(ctx context.Context) error {
			for {
				ended, err := selling.ExpireHolds(ctx, sweepBatch)
				if err != nil || ended < sweepBatch {
					return err
				}
			}
		})},
		{Name: "tickets-reconciler", Run: reconciler(selling, logger)},
		{Name: "tickets-captures", Run: every(capturesInterval, nil, logger, selling.ReconcileCaptures)},
		{Name: "tickets-cancellations", Run: every(sweepInterval, nil, logger, selling.CancelOrders)},
		{Name: "tickets-waitlist", Run: every(offerInterval, selling.Freed(), logger, func(ctx context.Context) error {
			_, err := selling.OfferFreed(ctx)
			return err
		})},
	}
}

// reconciler begins with everything that is open: at the start of the process
// no request works on it.
func reconciler(selling *app.Selling, logger *slog.Logger) func(context.Context) error {
	grace := time.Duration(0)
	return every(reconcileInterval, nil, logger, func(ctx context.Context) error {
		err := selling.Reconcile(ctx, grace)
		if err == nil {
			grace = reconcileGrace
		}
		return err
	})
}

// every runs work at once, then at each interval and whenever woken, until ctx
// ends. What fails is logged and tried again next time.
func every(interval time.Duration, wake <-chan struct{}, logger *slog.Logger, work func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			if err := work(ctx); err != nil && ctx.Err() == nil {
				logger.ErrorContext(ctx, "job failed and will be tried again", "error", err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			case <-wake:
			}
		}
	}
}
