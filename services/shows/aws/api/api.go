// Package api is the composition root of the function api. It wires and decides nothing.
package api

import (
	"context"
	"net/http"

	// Performances have time zones, and the image of functions has no database of them.
	_ "time/tzdata"

	"ticketmesh.dev/platform/apigateway"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/shows"
	"ticketmesh.dev/services/shows/aws"
	"ticketmesh.dev/services/shows/aws/state"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/pretix"
	"ticketmesh.dev/services/shows/internal/redis"
	"ticketmesh.dev/services/shows/internal/rrule"
)

const (
	// rememberedCallers is how many verified tokens a function remembers.
	rememberedCallers = 1000
	// cachePrefix is before all keys in the cache, which is the stage's.
	cachePrefix = "shows:"
)

// Open opens the function that answers all routes.
func Open(_ context.Context, rt lambda.Runtime) (http.Handler, error) {
	s, err := state.Open(rt, aws.VarIssuer, aws.VarAudience, aws.VarParameters)
	if err != nil {
		return nil, err
	}
	verifier, err := auth.NewVerifier(auth.Config{
		Issuer: s.Issuer, ClientIDs: s.Audience, KeySet: auth.Issuer(s.Issuer, nil, s.Clock), Clock: s.Clock,
	})
	if err != nil {
		return nil, err
	}
	handler, err := shows.NewAPI(shows.API{
		Store:       s.Store,
		Cache:       cache(s, rt),
		PlanFormats: map[string]app.PlanFormat{"pretix": pretix.Format{}},
		Recurrence:  rrule.Rules{},
		Sale:        newSale(s),
		Clock:       s.Clock,
		Logger:      rt.Logger,
		Verifier:    auth.Cached(verifier, rememberedCallers, s.Clock),
		Idempotency: s.Table.Idempotency(),
		CORSOrigins: s.Origins,
	})
	if err != nil {
		return nil, err
	}
	return apigateway.Under(shows.Prefix, handler), nil
}

// cache is nil when there is none. It connects when it is first asked.
func cache(s state.State, rt lambda.Runtime) app.Cache {
	if s.Cache == "" {
		return nil
	}
	return redis.New(redis.Config{Address: s.Cache, TLS: s.CacheTLS, Prefix: cachePrefix, Clock: s.Clock, Logger: rt.Logger})
}
