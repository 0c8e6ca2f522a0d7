// Package info is the public face of the service that knows what is written
// about shows: venues, artists, pages, the search over them, and files. It opens
// nothing: a composition root (embedded) gives it what it needs.
package info

import (
	"log/slog"
	"net/http"

	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/platform/service"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/rest"
)

// Name is the service's.
const Name = "info"

// Prefix is where its routes are.
const Prefix = "/info"

// APIConfig is what the API needs.
type APIConfig struct {
	Store       app.Store
	Blobs       app.Blobs
	Renderer    app.Renderer
	Clock       clock.Clock
	Verifier    auth.Verifier
	Idempotency idempotency.Store
	// CORSOrigins are the origins whose pages may call the API.
	CORSOrigins []string
	Logger      *slog.Logger
	// Uploads takes files at PUT /info/assets/{key}; nil when they go elsewhere.
	Uploads http.Handler
}

// NewAPI returns the HTTP API.
func NewAPI(c APIConfig) (http.Handler, error) {
	return rest.New(app.New(c.Store, c.Blobs, c.Renderer, c.Clock), c.Uploads, api.Options{
		Verifier:    c.Verifier,
		Idempotency: c.Idempotency,
		CORSOrigins: c.CORSOrigins,
		Logger:      c.Logger,
		Clock:       c.Clock,
	})
}

// NewSubscriptions returns none: info listens to nobody.
func NewSubscriptions() []consumer.Subscription { return nil }

// NewJobs returns none: nothing in info happens by itself, and its outbox is
// relayed by whoever has the bus.
func NewJobs() []service.Job { return nil }
