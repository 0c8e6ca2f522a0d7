// Package relay is the composition root of the function relay. It wires and decides nothing.
package relay

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"ticketmesh.dev/platform/awsconfig"
	bus "ticketmesh.dev/platform/eventbridge"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/outbox"
	"ticketmesh.dev/services/info/aws"
)

// Relayed is what the relay answers.
type Relayed struct {
	Published int `json:"published"`
}

// Open opens the function that, every minute, publishes what the API's own relaying
// left in the outbox, and forgets idempotency keys that have expired. It may run several
// times at once, and its event is not looked at.
func Open(_ context.Context, rt lambda.Runtime) (func(context.Context, json.RawMessage) (Relayed, error), error) {
	c, err := aws.Read(rt.Getenv, aws.VarBus)
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
	publisher := bus.NewPublisher(bus.Config{Client: eventbridge.NewFromConfig(client), Bus: c.Bus})
	relay := outbox.NewRelay(db.Outbox(), publisher, rt.Logger)
	return func(ctx context.Context, _ json.RawMessage) (Relayed, error) {
		published, err := relay.Pass(ctx)
		return Relayed{published}, errors.Join(err, db.Prune(ctx))
	}, nil
}
