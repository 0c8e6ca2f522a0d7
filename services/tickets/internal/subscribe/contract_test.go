package subscribe_test

import (
	"fmt"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/subscribe"
)

// TestTheConsumerReliesOnWhatItsFileStates holds the code to
// contracts/expectations/tickets-performances.yaml.
func TestTheConsumerReliesOnWhatItsFileStates(t *testing.T) {
	t.Parallel()
	subscription := newConsuming(t).subscription
	contracttest.Expectations(t, subscription.Name, subscription.Types, func(t *testing.T, cloudEvent []byte) (string, error) {
		t.Helper()
		c := newConsuming(t)
		e, err := event.ParseCloudEvent(cloudEvent)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.tell(e); err != nil {
			return "", err
		}
		performanceID, err := id.Parse(e.Subject)
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == showsevents.TypeShowUpdated {
			known, err := c.store.Show(t.Context(), performanceID)
			return fmt.Sprintf("%+v", known), err
		}
		p, err := c.store.Performance(t.Context(), performanceID)
		if err != nil {
			return "", err
		}
		known := *p
		known.Layout = nil // follows from the areas
		return fmt.Sprintf("%+v %d places", known, p.Layout.Places()), nil
	})
}

// TestTheTemplateSubscribesToTheSame holds the rules and queues on AWS to the
// code and to asyncapi.yaml.
func TestTheTemplateSubscribesToTheSame(t *testing.T) {
	t.Parallel()
	code := map[string][]string{}
	for _, s := range subscribe.Subscriptions(nil, nil) {
		code[s.Name] = s.Types
	}
	contracttest.Subscribed(t, "tickets", "../../template.yaml", code)
}
