package subscribe_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"

	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/availability"
	"ticketmesh.dev/services/shows/internal/subscribe"
	"ticketmesh.dev/services/shows/internal/venue"
)

// notes is a store that notes what it is to apply, and knows nothing else.
type notes struct {
	app.Store
	partition availability.Partition
	venue     venue.Venue
}

// ApplyVenue implements app.Store.
func (n *notes) ApplyVenue(_ context.Context, v venue.Venue) error {
	n.venue = v
	return nil
}

// ApplyPartition implements app.Store.
func (n *notes) ApplyPartition(_ context.Context, p availability.Partition) error {
	n.partition = p
	return nil
}

// TestTheConsumerReliesOnWhatItsFileStates holds the code to
// contracts/expectations/shows-availability.yaml and shows-venues.yaml.
func TestTheConsumerReliesOnWhatItsFileStates(t *testing.T) {
	t.Parallel()
	for i, s := range subscribe.New(nil) {
		contracttest.Expectations(t, s.Name, s.Types, func(t *testing.T, cloudEvent []byte) (string, error) {
			t.Helper()
			e, err := event.ParseCloudEvent(cloudEvent)
			if err != nil {
				t.Fatal(err)
			}
			store := &notes{}
			consuming := subscribe.New(app.New(store, nil, clock.System{}, slog.New(slog.DiscardHandler)))[i]
			err = consuming.Handle(t.Context(), e)
			return fmt.Sprintf("%+v %+v", store.partition, store.venue), err
		})
	}
}

// TestTheTemplateSubscribesToTheSame holds the rules and queues on AWS to the
// code and to asyncapi.yaml.
func TestTheTemplateSubscribesToTheSame(t *testing.T) {
	t.Parallel()
	code := map[string][]string{}
	for _, s := range subscribe.New(nil) {
		code[s.Name] = s.Types
	}
	contracttest.Subscribed(t, "shows", "../../template.yaml", code)
}
