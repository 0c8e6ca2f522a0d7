// Package relay is the composition root of the function relay. It wires and decides nothing.
package relay

import (
	"context"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/eventbridge"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/streams"
	"ticketmesh.dev/services/tickets/aws"
	derived "ticketmesh.dev/services/tickets/internal/streams"
)

// Open opens the function that the table's stream invokes, and that publishes what commits say, and of each partition
// that they change how many of its places are free.
func Open(_ context.Context, rt lambda.Runtime) (func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error), error) {
	c, err := aws.Read(rt.Getenv, aws.VarBus)
	if err != nil {
		return nil, err
	}
	client, err := awsconfig.New(rt.Getenv)
	if err != nil {
		return nil, err
	}
	publisher := eventbridge.NewPublisher(eventbridge.Config{Client: sdk.NewFromConfig(client), Bus: c.Bus})
	return streams.NewRelay(publisher, rt.Logger, derived.Availability).Handle, nil
}
