package notifications_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/event"
)

// subscribed are the types that the service subscribes to.
func subscribed(t *testing.T) []string {
	t.Helper()
	var types []string
	for _, s := range newMesh(t).service.Subscriptions {
		types = append(types, s.Types...)
	}
	if len(types) == 0 {
		t.Fatal("nothing is subscribed to")
	}
	return types
}

// letter is a message that a fact causes.
type letter struct{ customer, template string }

// letters are what an example causes, whatever else is known. What a performance
// causes is up to who holds tickets for it.
func letters(t *testing.T, example contracttest.Example) []letter {
	t.Helper()
	var e struct {
		Data struct {
			Recipient, From, To struct{ CustomerID string }
			Reason              string
		}
	}
	if err := json.Unmarshal(example.Event, &e); err != nil {
		t.Fatalf("%s: %v", example.Name, err)
	}
	recipient := e.Data.Recipient.CustomerID
	switch example.Type {
	case ticketsevents.TypeOrderConfirmed:
		return []letter{{recipient, "order-confirmed"}}
	case ticketsevents.TypeOrderDeclined:
		return []letter{{recipient, "order-declined"}}
	case ticketsevents.TypeOrderCancelled:
		if e.Data.Reason == "performance_cancelled" {
			return nil // that the performance is cancelled says it
		}
		return []letter{{recipient, "order-cancelled"}}
	case ticketsevents.TypeOrderRefunded:
		return []letter{{recipient, "order-refunded"}}
	case ticketsevents.TypeTicketTransferred:
		return []letter{{e.Data.From.CustomerID, "ticket-transferred"}, {e.Data.To.CustomerID, "ticket-received"}}
	case ticketsevents.TypeWaitlistOffered:
		return []letter{{recipient, "waitlist-offered"}}
	}
	return nil
}

// consume hands an example to the service.
func (m *mesh) consume(example contracttest.Example) {
	m.t.Helper()
	e, err := event.ParseCloudEvent(example.Event)
	if err != nil {
		m.t.Fatalf("%s: %v", example.Name, err)
	}
	if err := m.handle(e); err != nil {
		m.t.Errorf("%s: %v", example.Name, err)
	}
}

// written returns the statuses of the messages that are not about a performance.
func (m *mesh) written(customers map[string]bool) map[letter][]string {
	m.t.Helper()
	written := map[letter][]string{}
	for customer := range customers {
		for _, e := range m.messages(customer) {
			if !strings.HasPrefix(e.Template, "performance-") {
				at := letter{customer, e.Template}
				written[at] = append(written[at], e.Status)
			}
		}
	}
	return written
}

// TestContractEveryExampleIsConsumed takes the examples of what the service
// subscribes to in every way that the bus may deliver them: each fact is written
// about once, and each message comes to its end.
func TestContractEveryExampleIsConsumed(t *testing.T) {
	t.Parallel()
	types := subscribed(t)
	want, customers := map[letter]int{}, map[string]bool{}
	for _, example := range contracttest.Examples(t, types...) {
		for _, l := range letters(t, example) {
			want[l]++
			customers[l.customer] = true
		}
	}
	for _, delivery := range contracttest.Deliveries(t, types...) {
		t.Run(delivery.Name, func(t *testing.T) {
			t.Parallel()
			m := newMesh(t)
			for _, example := range delivery.Examples {
				m.consume(example)
			}
			got := map[letter]int{}
			for l, statuses := range m.written(customers) {
				got[l] = len(statuses)
			}
			if !maps.Equal(got, want) {
				t.Errorf("written about: %v, want %v", got, want)
			}
			m.run()
			m.eventually("every message is sent, or overtaken", func() bool {
				for _, statuses := range m.written(customers) {
					if slices.ContainsFunc(statuses, func(status string) bool { return status != "sent" && status != "suppressed" }) {
						return false
					}
				}
				return true
			})
		})
	}
}

// TestContractEachExampleIsConsumedAlone: a fact is written about whatever of the
// performance, the show and the venue is known, and once.
func TestContractEachExampleIsConsumedAlone(t *testing.T) {
	t.Parallel()
	for _, example := range contracttest.Examples(t, subscribed(t)...) {
		m := newMesh(t)
		m.consume(example)
		m.consume(example)
		for _, l := range letters(t, example) {
			if statuses := m.written(map[string]bool{l.customer: true})[l]; len(statuses) != 1 {
				t.Errorf("%s: %s has the messages %v, want one %s", example.Name, l.customer, statuses, l.template)
			}
		}
	}
}
