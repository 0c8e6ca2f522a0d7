package subscribe_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
	"ticketmesh.dev/services/notifications/internal/subscribe"
)

// notes is a chronicle that knows nothing yet and notes what it is to record.
type notes struct{ strings.Builder }

// PutShow implements app.Chronicle.
func (n *notes) PutShow(_ context.Context, _ message.Origin, show message.Show) error {
	fmt.Fprintf(n, "%+v\n", show)
	return nil
}

// PutVenue implements app.Chronicle.
func (n *notes) PutVenue(_ context.Context, _ message.Origin, venue message.Venue) error {
	fmt.Fprintf(n, "%+v\n", venue)
	return nil
}

// PutPerformance implements app.Chronicle.
func (n *notes) PutPerformance(_ context.Context, _ message.Origin, performanceID id.ID,
	succeed func(*message.Performance) (message.Performance, *message.Notice, bool),
) error {
	state, notice, changed := succeed(nil)
	fmt.Fprintf(n, "%s %+v %+v %t\n", performanceID, state, notice, changed)
	return nil
}

// Record implements app.Chronicle.
func (n *notes) Record(_ context.Context, _ message.Origin, performanceID, orderID id.ID,
	change func(*message.Purchase) []message.Message,
) error {
	purchase := message.Purchase{PerformanceID: performanceID, OrderID: orderID}
	messages := change(&purchase)
	fmt.Fprintf(n, "%+v %+v\n", purchase, messages)
	return nil
}

// Performance implements app.Chronicle.
func (n *notes) Performance(context.Context, id.ID) (message.Performance, error) {
	return message.Performance{}, app.ErrNotFound
}

// Add implements app.Chronicle.
func (n *notes) Add(_ context.Context, messages []message.Message) error {
	fmt.Fprintf(n, "%+v\n", messages)
	return nil
}

// drafts is a composer whose subjects show what they are made of.
type drafts struct{}

// Draft implements app.Composer.
func (drafts) Draft(template message.Template, language string) string {
	return string(template) + " in " + language
}

// Compose implements app.Composer. Nothing that is received needs it.
func (drafts) Compose(message.Message, message.Background) (message.Mail, error) {
	return message.Mail{}, nil
}

// TestConsumersRelyOnWhatTheirFilesState holds the code to
// contracts/expectations/notifications-catalog.yaml and -orders.yaml.
func TestConsumersRelyOnWhatTheirFilesState(t *testing.T) {
	t.Parallel()
	for i, s := range subscribe.Subscriptions(nil) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			contracttest.Expectations(t, s.Name, s.Types, func(t *testing.T, cloudEvent []byte) (string, error) {
				t.Helper()
				e, err := event.ParseCloudEvent(cloudEvent)
				if err != nil {
					t.Fatal(err)
				}
				chronicle := &notes{}
				intake := app.NewIntake(chronicle, drafts{}, clock.NewManual(time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)))
				err = subscribe.Subscriptions(intake)[i].Handle(t.Context(), e)
				return chronicle.String(), err
			})
		})
	}
}

// TestTheTemplateSubscribesToTheSame holds the rules and queues on AWS to the
// code and to asyncapi.yaml.
func TestTheTemplateSubscribesToTheSame(t *testing.T) {
	t.Parallel()
	code := map[string][]string{}
	for _, s := range subscribe.Subscriptions(nil) {
		code[s.Name] = s.Types
	}
	contracttest.Subscribed(t, "notifications", "../../template.yaml", code)
}
