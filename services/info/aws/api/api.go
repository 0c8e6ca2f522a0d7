// Package api is the composition root of the function api. It wires and decides nothing.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	// Venues have time zones, and the image of functions has no database of them.
	_ "time/tzdata"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	s3client "github.com/aws/aws-sdk-go-v2/service/s3"

	"ticketmesh.dev/platform/apigateway"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/clock"
	bus "ticketmesh.dev/platform/eventbridge"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/outbox"
	"ticketmesh.dev/services/info"
	"ticketmesh.dev/services/info/aws"
	"ticketmesh.dev/services/info/aws/announce"
	"ticketmesh.dev/services/info/internal/eventcodec"
	"ticketmesh.dev/services/info/internal/markdown"
	"ticketmesh.dev/services/info/internal/postgres"
	"ticketmesh.dev/services/info/internal/s3"
)

// rememberedCallers is how many verified tokens a function remembers.
const rememberedCallers = 1000

// relayTime is how long a request waits for its events to go out. After that the sweep
// has them.
const relayTime = 3 * time.Second

// Open opens the function that answers all routes.
func Open(_ context.Context, rt lambda.Runtime) (http.Handler, error) {
	c, err := aws.Read(rt.Getenv, aws.VarIssuer, aws.VarAudience, aws.VarBus, aws.VarBucket)
	if err != nil {
		return nil, err
	}
	client, err := awsconfig.New(rt.Getenv)
	if err != nil {
		return nil, err
	}
	db, err := c.Database.Open(client)
	if err != nil {
		return nil, err
	}
	now := clock.System{}
	verifier, err := auth.NewVerifier(auth.Config{Issuer: c.Issuer, ClientIDs: c.Audience, KeySet: auth.Issuer(c.Issuer, nil, now), Clock: now})
	if err != nil {
		return nil, err
	}
	handler, err := info.NewAPI(info.APIConfig{
		Store:       postgres.New(db, eventcodec.New(announce.Validator{})),
		Blobs:       s3.New(s3client.NewFromConfig(client), c.Bucket, now),
		Renderer:    renderer(sync.OnceValue(markdown.New)),
		Clock:       now,
		Verifier:    auth.Cached(verifier, rememberedCallers, now),
		Idempotency: db.Idempotency(now),
		CORSOrigins: c.Origins,
		Logger:      rt.Logger,
	})
	if err != nil {
		return nil, err
	}
	publisher := bus.NewPublisher(bus.Config{Client: eventbridge.NewFromConfig(client), Bus: c.Bus, Timeout: relayTime})
	return apigateway.Under(info.Prefix, relayed(handler, db.Outbox(), publisher, rt.Logger)), nil
}

// relayed publishes what a request has committed before it is answered: after that the
// function is frozen. A failure is none of the request's; the sweep tries again.
func relayed(next http.Handler, source outbox.Source, publisher *bus.Publisher, logger *slog.Logger) http.Handler {
	relay := outbox.NewRelay(source, publisher, logger)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		select {
		case <-source.Wake():
		default:
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), relayTime)
		defer cancel()
		if _, err := relay.Pass(ctx); err != nil {
			logger.WarnContext(ctx, "events wait for the sweep", "error", err)
		}
	})
}

// renderer makes the renderer of Markdown, whose rules are many, for the first page.
type renderer func() *markdown.Renderer

// HTML implements app.Renderer.
func (r renderer) HTML(text string) (string, error) { return r().HTML(text) }

// Text implements app.Renderer.
func (r renderer) Text(text string) (string, error) { return r().Text(text) }
