// Package shows is the public face of the shows service: its API, its
// subscriptions and its jobs, each over the ports it needs. It opens nothing;
// embedded and aws do.
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

// passInterval is how long what a crash left may wait in a process that goes on;
// otherwise performances follow their show at once.
const passInterval = 30 * time.Second

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

// Pass is one pass of a job: it does all that there is to do, and may be repeated
// and run at the same time as itself.
type Pass struct {
	Name string
	Run  func(ctx context.Context) error
}

// NewPasses returns the work beside the API: finishing what a crash left between
// a show or a series and its performances.
func NewPasses(store app.Store, c clock.Clock, logger *slog.Logger) []Pass {
	return []Pass{{Name: "shows-settle", Run: app.New(store, nil, c, logger).Settle}}
}

// NewJobs returns that work as jobs, which do a pass at once and then at each
// interval.
func NewJobs(store app.Store, c clock.Clock, logger *slog.Logger) []service.Job {
	var jobs []service.Job
	for _, pass := range NewPasses(store, c, logger) {
		jobs = append(jobs, service.Job{Name: pass.Name, Run: func(ctx context.Context) error {
			ticker := time.NewTicker(passInterval)
			defer ticker.Stop()
			for {
				if err := pass.Run(ctx); err != nil && ctx.Err() == nil {
					logger.ErrorContext(ctx, "a job failed and is tried again", "job", pass.Name, "error", err)
				}
				select {
				case <-ctx.Done():
					return nil
				case <-ticker.C:
				}
			}
		}})
	}
	return jobs
}
