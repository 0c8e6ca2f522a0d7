package dynamo_test

import (
	"context"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/clock"
	platform "ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/testserver"

	"ticketmesh.dev/services/tickets/internal/app/storetest"
	"ticketmesh.dev/services/tickets/internal/dynamo"
)

const template = "../../template.yaml"

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	endpoint := testserver.Moto(t)
	storetest.Run(t, func(t *testing.T, c clock.Clock) storetest.Opened {
		table := dynamotest.New(t, endpoint, template)
		return storetest.Opened{
			Store: dynamo.New(platform.New(table.Client(t), table.Name, c), c),
			Events: func(ctx context.Context) ([]event.Event, error) {
				told, err := table.Events(ctx)
				published := contracttest.Published(t, "tickets")
				for _, e := range told {
					encoded, err := e.MarshalCloudEvent()
					if err != nil {
						return nil, err
					}
					published.Check(t, encoded)
				}
				return told, err
			},
		}
	})
}
