// Package rest answers the shows API over the use cases. It turns requests into
// calls and results into answers; it must not decide who may do what.
package rest

import (
	"context"
	"log/slog"
	"net/http"

	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/services/shows/internal/app"
)

// Groups of callers that may do more than read.
const (
	groupOrganizer = "organizer"
	groupAdmin     = "admin"
)

// New returns the API's routes. It is to be wrapped with api.Wrap, which knows
// the caller.
func New(a *app.App, seatMaps *app.SeatMaps, plans *app.Plans, rules app.Recurrence, logger *slog.Logger) (http.Handler, error) {
	return showsapi.NewServer(&handler{app: a, seatMaps: seatMaps, plans: plans, rules: rules, logger: logger}, security{},
		showsapi.WithNotFound(api.NotFound),
		showsapi.WithMethodNotAllowed(api.MethodNotAllowed),
		showsapi.WithErrorHandler(api.ErrorHandler(logger)),
	)
}

type handler struct {
	app      *app.App
	seatMaps *app.SeatMaps
	plans    *app.Plans
	rules    app.Recurrence
	logger   *slog.Logger
}

var _ showsapi.Handler = (*handler)(nil)

// security leaves the token to api.Wrap, and keeps it for what is asked of others on
// the caller's behalf.
type security struct{}

type tokenKey struct{}

// HandleBearer implements showsapi.SecurityHandler.
func (security) HandleBearer(ctx context.Context, _ showsapi.OperationName, b showsapi.Bearer) (context.Context, error) {
	return api.Bearer(context.WithValue(ctx, tokenKey{}, b.Token))
}

func caller(ctx context.Context) app.Caller {
	c, signedIn := auth.CallerFrom(ctx)
	if !signedIn {
		return app.Caller{}
	}
	token, _ := ctx.Value(tokenKey{}).(string)
	return app.Caller{Subject: c.Sub, Organizer: c.In(groupOrganizer), Admin: c.In(groupAdmin), Token: token}
}

// GetHealth implements showsapi.Handler.
func (h *handler) GetHealth(ctx context.Context) (showsapi.GetHealthRes, error) {
	if err := h.app.Ready(ctx); err != nil {
		return nil, unavailable{err}
	}
	return &showsapi.Health{Status: showsapi.HealthStatusOk}, nil
}
