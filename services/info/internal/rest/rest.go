// Package rest serves the use cases of info over HTTP, by the contract
// info.openapi.yaml. It decides who may write, and nothing else.
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/rs/cors"

	"ticketmesh.dev/contracts/infoapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/services/info/internal/app"
)

const (
	pagesPrefix  = "/info/pages/"
	assetsPrefix = "/info/assets/"
)

// New returns the API. Files are sent to uploads, unless that is nil because
// they go elsewhere.
func New(info *app.Info, uploads http.Handler, o api.Options) (http.Handler, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	server, err := infoapi.NewServer(&handler{info: info, logger: o.Logger}, security{},
		infoapi.WithNotFound(api.NotFound),
		infoapi.WithMethodNotAllowed(api.MethodNotAllowed),
		infoapi.WithErrorHandler(api.ErrorHandler(o.Logger)),
	)
	if err != nil {
		return nil, err
	}
	wrapped := api.Wrap(varied(server), o)
	if uploads == nil {
		return wrapped, nil
	}
	if len(o.CORSOrigins) > 0 {
		uploads = cors.New(cors.Options{AllowedOrigins: o.CORSOrigins, AllowedMethods: []string{http.MethodPut}}).Handler(uploads)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Past Wrap: files are larger than its bodies may be, and their signature is
		// all the right that they need.
		if r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, assetsPrefix) {
			uploads.ServeHTTP(w, r)
			return
		}
		wrapped.ServeHTTP(w, r)
	}), nil
}

// varied says to caches that pages come by language. The generated server would
// replace what CORS says here.
func varied(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, pagesPrefix) {
			w.Header().Add("Vary", "Accept-Language")
		}
		h.ServeHTTP(w, r)
	})
}

// security lets organizers and admins write; the operations that only read ask
// for no token.
type security struct{}

// HandleBearer implements infoapi.SecurityHandler.
func (security) HandleBearer(ctx context.Context, _ infoapi.OperationName, _ infoapi.Bearer) (context.Context, error) {
	if _, err := api.RequireGroup(ctx, "organizer", "admin"); err != nil {
		return nil, err
	}
	return ctx, nil
}

// handler implements infoapi.Handler.
type handler struct {
	info   *app.Info
	logger *slog.Logger
}

var _ infoapi.Handler = (*handler)(nil)

// Health implements infoapi.Handler.
func (h *handler) Health(ctx context.Context) (infoapi.HealthRes, error) {
	if err := h.info.Ready(ctx); err != nil {
		return nil, &notReadyError{err}
	}
	return &infoapi.Health{Status: infoapi.HealthStatusOk}, nil
}
