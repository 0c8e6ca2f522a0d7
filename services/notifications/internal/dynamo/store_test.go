package dynamo_test

import (
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/clock"
	platform "ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/dynamo/dynamotest"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/services/notifications/internal/app/apptest"
	"ticketmesh.dev/services/notifications/internal/dynamo"
	"ticketmesh.dev/services/notifications/internal/eventcodec"
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
	apptest.Stores(t, func(t *testing.T) apptest.Opened {
		table := dynamotest.New(t, endpoint, template)
		store := dynamo.New(platform.New(table.Client(t), table.Name, clock.NewManual(now)), eventcodec.New(v))
		return apptest.Opened{Store: store, Published: func() []event.Event {
			events, err := table.Events(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if err := v.Validate(e.Type, e.Data); err != nil {
					t.Error(err)
				}
			}
			return events
		}}
	})
}
