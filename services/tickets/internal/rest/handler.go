// Package rest answers the HTTP API of the contract with the use cases of
// selling. It translates and decides nothing.
package rest

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"log/slog"
	"net/http"

	jose "github.com/go-jose/go-jose/v4"

	api "ticketmesh.dev/contracts/ticketsapi"
	kit "ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/problem"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/payment"
)

// Webhooks reads what a payment provider reports.
type Webhooks interface {
	// Read returns what a webhook says; payment.ErrUnsigned for what the provider
	// did not sign, payment.ErrUnavailable when that cannot be told now, any other
	// error for what cannot be read.
	Read(ctx context.Context, header http.Header, body []byte) (payment.Report, error)
}

// Keys are the public keys that admission codes are checked with.
type Keys interface {
	PublicKeys(ctx context.Context) ([]jose.JSONWebKey, error)
}

// Deps is what the API needs.
type Deps struct {
	Selling  *app.Selling
	CodeKeys Keys
	Webhooks map[string]Webhooks // by provider
	// Ready is what the health check asks.
	Ready func(ctx context.Context) error
	// StripeKey is the publishable key that buyers' clients make Stripe's tokens
	// with; empty when Stripe is not configured or they know it.
	StripeKey string
	Clock     clock.Clock
	Logger    *slog.Logger
}

// New returns the API's routes, without what surrounds them on every service.
func New(d Deps) (http.Handler, error) {
	h := &handler{selling: d.Selling, keys: d.CodeKeys, ready: d.Ready, stripeKey: d.StripeKey, clock: d.Clock, logger: d.Logger}
	server, err := api.NewServer(h, security{},
		api.WithNotFound(kit.NotFound),
		api.WithMethodNotAllowed(kit.MethodNotAllowed),
		api.WithErrorHandler(api.ErrorHandler(kit.ErrorHandler(d.Logger))),
	)
	if err != nil {
		return nil, err
	}
	return readWebhooks(server, d.Webhooks, d.Logger), nil
}

type handler struct {
	selling   *app.Selling
	keys      Keys
	ready     func(context.Context) error
	stripeKey string
	clock     clock.Clock
	logger    *slog.Logger
}

var _ api.Handler = (*handler)(nil)

type security struct{}

// HandleBearer implements api.SecurityHandler.
func (security) HandleBearer(ctx context.Context, _ api.OperationName, _ api.Bearer) (context.Context, error) {
	return kit.Bearer(ctx)
}

func caller(ctx context.Context) app.Caller {
	c, _ := auth.CallerFrom(ctx)
	return app.Caller{CustomerID: c.Sub, Email: c.Email, Groups: c.Groups}
}

// GetHealth implements api.Handler.
func (h *handler) GetHealth(ctx context.Context) (*api.Health, error) {
	if err := h.ready(ctx); err != nil {
		h.logger.ErrorContext(ctx, "not healthy", "error", err)
		return nil, problem.Unavailable()
	}
	return &api.Health{Status: api.HealthStatusOk}, nil
}

// GetCodeKeys implements api.Handler.
func (h *handler) GetCodeKeys(ctx context.Context) (*api.JWKS, error) {
	keys, err := h.keys.PublicKeys(ctx)
	if err != nil {
		return nil, err
	}
	answer := &api.JWKS{Keys: make([]api.JWK, len(keys))}
	for i, k := range keys {
		answer.Keys[i] = api.JWK{Kty: "OKP", Kid: k.KeyID, Use: k.Use, Alg: k.Algorithm, Crv: api.NewOptString("Ed25519")}
		if public, ok := k.Key.(ed25519.PublicKey); ok {
			answer.Keys[i].X = api.NewOptString(base64.RawURLEncoding.EncodeToString(public))
		}
	}
	return answer, nil
}
