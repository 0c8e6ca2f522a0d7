package dynamo_test

import (
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/clock"
	platform "ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/services/shows/internal/app/storetest"
	"ticketmesh.dev/services/shows/internal/dynamo"
)

const template = "../../template.yaml"

var now = time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)

func validator(t *testing.T) event.Validator {
	t.Helper()
	v, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	endpoint, v := testserver.Moto(t), validator(t)
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		table := dynamotest.New(t, endpoint, template)
		store := dynamo.New(platform.New(table.Client(t), table.Name, clock.NewManual(now)), v)
		return storetest.Harness{Store: store, Told: func(t *testing.T) []event.Event {
			events, err := table.Events(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			published := contracttest.Published(t, "shows")
			for _, e := range events {
				encoded, err := e.MarshalCloudEvent()
				if err != nil {
					t.Fatal(err)
				}
				published.Check(t, encoded)
			}
			return events
		}}
	})
}
