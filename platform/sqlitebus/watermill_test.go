package sqlitebus_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"ticketmesh.dev/platform/sqlitebus"
)

// TestWatermill runs Watermill's universal suite. Publishers and subscribers
// of one test share a bus, as those of a process do; the durable file is what
// new subscribers go on from.
func TestWatermill(t *testing.T) {
	bus, err := sqlitebus.Open(t.Context(), filepath.Join(t.TempDir(), "bus.db"), sqlitebus.Options{Owner: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
	group := func(t *testing.T, queue string) (message.Publisher, message.Subscriber) {
		return bus.Publisher(), bus.Subscriber(sqlitebus.SubscriberConfig{
			Queue:        queue,
			MaxReceives:  1000, // the suite refuses messages as often as it likes
			RetryDelay:   func(int) time.Duration { return time.Millisecond },
			DrainTimeout: 200 * time.Millisecond, // and leaves some without an answer
		})
	}
	tests.TestPubSub(t, tests.Features{
		ConsumerGroups:                      true,
		ExactlyOnceDelivery:                 false,
		GuaranteedOrder:                     false,
		GuaranteedOrderWithSingleSubscriber: false,
		Persistent:                          true,
		RequireSingleInstance:               false,
		NewSubscriberReceivesOldMessages:    false,
		ContextPreserved:                    false,
	}, func(t *testing.T) (message.Publisher, message.Subscriber) {
		return group(t, "suite")
	}, group)
}
