// Package consumer is the composition root of the function consumer. It wires and decides nothing.
package consumer

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/sqs"
	"ticketmesh.dev/services/tickets"
	"ticketmesh.dev/services/tickets/aws"
	"ticketmesh.dev/services/tickets/aws/state"
	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/showsclient"
)

// seatMapTimeout bounds the fetching of a seat map.
const seatMapTimeout = 10 * time.Second

// Open opens the function that the service's queues of events invoke.
func Open(_ context.Context, rt lambda.Runtime) (func(context.Context, events.SQSEvent) (events.SQSEventResponse, error), error) {
	s, err := state.Open(rt, aws.VarStage, aws.VarShowsURL)
	if err != nil {
		return nil, err
	}
	seatMaps, err := showsclient.New(s.ShowsURL, &http.Client{Timeout: seatMapTimeout})
	if err != nil {
		return nil, err
	}
	selling := app.New(s.Store, nil, app.Payments{}, s.Clock, rt.Logger) // it takes performances in, and signs and charges nothing
	return sqs.NewFunction(tickets.NewSubscriptions(selling, seatMaps), sqs.FunctionConfig{
		Prefix:  "ticketmesh-" + s.Stage + "-",
		Client:  sdk.NewFromConfig(s.Client),
		Logger:  rt.Logger,
		Metrics: rt.Metrics,
	}).Handle, nil
}
