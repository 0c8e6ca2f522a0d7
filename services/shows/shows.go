// Package shows is the public face of the shows service: its API, its
// subscriptions and its jobs, each over the ports it needs. It opens nothing;
// embedded does.
package shows

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/platform/service"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/rest"
	"ticketmesh.dev/services/shows/internal/subscribe"
)

const (
	// Name of the service.
	Name = "shows"
	// Prefix of its routes.
	Prefix = "/shows"
)

// settleInterval is how long performances may wait to follow their show after
// a crash in between; otherwise they follow at once.
const settleInterval = 30 * time.Second

// API is what the API needs.
type API struct {
	Store       app.Store
	Cache       app.Cache                 // nil: none
	PlanFormats map[string]app.PlanFormat // by name
	Recurrence  app.Recurrence
	Sale        app.Sale
	Clock       clock.Clock
	Logger      *slog.Logger
	Verifier    auth.Verifier
	Idempotency idempotency.Store
	CORSOrigins []string
}

// NewAPI returns the routes under Prefix.
func NewAPI(o API) (http.Handler, error) {
	a := app.New(o.Store, o.Cache, o.Clock, o.Logger)
	handler, err := rest.New(a, app.NewSeatMaps(a, o.Sale), app.NewPlans(o.Store, o.PlanFormats), o.Recurrence, o.Logger)
	if err != nil {
		return nil, err
	}
	return api.Wrap(handler, api.Options{
		Verifier: o.Verifier, Idempotency: o.Idempotency, CORSOrigins: o.CORSOrigins, Logger: o.Logger, Clock: o.Clock,
	}), nil
}

// NewSubscriptions returns what the service listens to.
func NewSubscriptions(store app.Store, c clock.Clock, logger *slog.Logger) []consumer.Subscription {
	return subscribe.New(app.New(store, nil, c, logger))
}

// NewJobs returns the work beside the API: finishing what a crash left between
// a show or a series and its performances.
func NewJobs(store app.Store, c clock.Clock, logger *slog.Logger) []service.Job {
	a := app.New(store, nil, c, logger)
	return []service.Job{{
		Name: "shows-settle",
		Run: func(ctx context.Context) error {
			ticker := time.NewTicker(settleInterval)
			defer ticker.Stop()
			for {
				if err := a.Settle(ctx); err != nil && ctx.Err() == nil {
					logger.ErrorContext(ctx, "performances do not follow their shows, trying again", "error", err)
				}
				select {
				case <-ctx.Done():
					return nil
				case <-ticker.C:
				}
			}
		},
	}}
}
