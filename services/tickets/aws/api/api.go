// Package api is the composition root of the function api. It wires and decides nothing.
package api

import (
	"context"
	"net/http"

	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/apigateway"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/tickets"
	"ticketmesh.dev/services/tickets/aws"
	"ticketmesh.dev/services/tickets/aws/selling"
)

// rememberedCallers is how many verified tokens a function remembers.
const rememberedCallers = 1000

// Open opens the function that answers all routes.
func Open(_ context.Context, rt lambda.Runtime) (http.Handler, error) {
	s, err := selling.Open(rt, aws.VarIssuer, aws.VarAudience)
	if err != nil {
		return nil, err
	}
	verifier, err := auth.NewVerifier(auth.Config{
		Issuer: s.Issuer, ClientIDs: s.Audience, KeySet: auth.Issuer(s.Issuer, nil, s.Clock), Clock: s.Clock,
	})
	if err != nil {
		return nil, err
	}
	handler, err := tickets.NewAPI(tickets.APIDeps{
		Selling: s.Selling, CodeKeys: s.Codes, Webhooks: s.Webhooks, StripeKey: s.StripeKey, Ready: s.Store.Ready, Clock: s.Clock, Logger: rt.Logger,
	})
	if err != nil {
		return nil, err
	}
	return apigateway.Under(tickets.Prefix, api.Wrap(handler, api.Options{
		Verifier:    auth.Cached(verifier, rememberedCallers, s.Clock),
		Idempotency: s.Table.Idempotency(),
		CORSOrigins: s.Origins,
		Logger:      rt.Logger,
		Clock:       s.Clock,
	})), nil
}
