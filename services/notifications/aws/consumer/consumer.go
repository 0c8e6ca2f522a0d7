// Package consumer is the composition root of the function consumer. It wires and decides nothing.
package consumer

import (
	"context"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/sqs"
	"ticketmesh.dev/services/notifications"
	"ticketmesh.dev/services/notifications/aws"
	"ticketmesh.dev/services/notifications/aws/state"
	"ticketmesh.dev/services/notifications/internal/compose"
)

// Open opens the function that the service's queues of events invoke.
func Open(_ context.Context, rt lambda.Runtime) (func(context.Context, events.SQSEvent) (events.SQSEventResponse, error), error) {
	s, err := state.Open(rt, state.Silent{}, aws.VarStage)
	if err != nil {
		return nil, err
	}
	composer, err := compose.New("") // it drafts subjects alone, which have no links
	if err != nil {
		return nil, err
	}
	return sqs.NewFunction(notifications.NewSubscriptions(s.Store, composer, s.Clock), sqs.FunctionConfig{
		Prefix:  "ticketmesh-" + s.Stage + "-",
		Client:  sdk.NewFromConfig(s.Client),
		Logger:  rt.Logger,
		Metrics: rt.Metrics,
	}).Handle, nil
}
