package eventcodec_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/notificationsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/eventcodec"
	"ticketmesh.dev/services/notifications/internal/message"
)

// decoders reads each kind of event that the service hears.
var decoders = map[string]func(event.Event) error{
	"show":               func(e event.Event) error { _, err := eventcodec.Show(e); return err },
	"venue":              func(e event.Event) error { _, err := eventcodec.Venue(e); return err },
	"performance":        func(e event.Event) error { _, err := eventcodec.Performance(e); return err },
	"order.confirmed":    func(e event.Event) error { _, _, err := eventcodec.OrderConfirmed(e); return err },
	"order.declined":     func(e event.Event) error { _, _, err := eventcodec.OrderDeclined(e); return err },
	"order.cancelled":    func(e event.Event) error { _, _, _, err := eventcodec.OrderCancelled(e); return err },
	"order.refunded":     func(e event.Event) error { _, _, err := eventcodec.OrderRefunded(e); return err },
	"ticket.transferred": func(e event.Event) error { _, _, _, err := eventcodec.TicketTransferred(e); return err },
	"waitlist.offered":   func(e event.Event) error { _, _, err := eventcodec.WaitlistOffered(e); return err },
}

func FuzzDecoders(f *testing.F) {
	paths, err := filepath.Glob("../../../../contracts/events/*/examples/*.json")
	if err != nil || len(paths) == 0 {
		f.Fatal("no examples", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		e, err := event.ParseCloudEvent(text)
		if err != nil {
			f.Fatalf("%s: %v", path, err)
		}
		f.Add([]byte(e.Data))
	}
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"tickets":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, decode := range decoders {
			if err := decode(event.Event{Type: name, Data: data}); err != nil && !errors.Is(err, eventcodec.ErrMalformed) {
				t.Errorf("%s: %v isn't ErrMalformed", name, err)
			}
		}
	})
}

func TestFactsBecomeValidEvents(t *testing.T) {
	t.Parallel()
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	codec := eventcodec.New(validator)
	at := time.Date(2027, 2, 1, 9, 0, 0, 500e6, time.UTC)
	origin := message.Origin{EventID: id.New(), CorrelationID: "corr", TraceParent: "tp"}
	for _, template := range message.Templates() {
		for _, orderID := range []id.ID{id.Nil, id.New()} {
			m := message.New(origin, template, message.Recipient{CustomerID: "anna"}, id.New(), orderID, message.Content{}, at)
			for _, final := range []message.Message{
				m.Delivered(at), m.End(message.Failed, message.Rejected, at), m.End(message.Failed, message.Undeliverable, at), m.End(message.Failed, message.Uncomposable, at),
			} {
				fact, ok := final.Fact()
				if !ok {
					t.Fatal("no fact")
				}
				if err := codec.Check(fact); err != nil {
					t.Fatal(err)
				}
				e, err := codec.Event(fact)
				if err != nil {
					t.Fatal(err)
				}
				if e.Source != notificationsevents.Source || e.Subject != m.ID.String() || !e.Time.Equal(at) || e.CausationID != origin.EventID.String() ||
					e.CorrelationID != "corr" || e.TraceParent != "tp" || e.DataSchema != validator.SchemaID(e.Type) {
					t.Errorf("event = %+v", e)
				}
				if _, err := e.MarshalCloudEvent(); err != nil {
					t.Error(err)
				}
			}
			if err := codec.Check(message.Fact{Message: m}); err == nil {
				t.Error("a queued message has an event")
			}
		}
	}
	nobody := message.New(origin, message.OrderConfirmed, message.Recipient{}, id.New(), id.Nil, message.Content{}, at).Delivered(at)
	if err := codec.Check(message.Fact{Message: nobody, Version: 1}); err == nil {
		t.Error("an event without a customer is not refused")
	}
}

func TestWhatAnEventCausesIsBelowItsHandling(t *testing.T) {
	t.Parallel()
	e := event.Event{ID: id.New(), CorrelationID: "corr", TraceParent: "of the event"}
	if o := eventcodec.Origin(t.Context(), e); o != (message.Origin{EventID: e.ID, CorrelationID: "corr", TraceParent: "of the event"}) {
		t.Errorf("without a trace of the handling: %+v", o)
	}
	handling := event.WithTrace(t.Context(), event.Trace{CorrelationID: "corr", TraceParent: "of its handling"})
	if o := eventcodec.Origin(handling, e); o.TraceParent != "of its handling" || o.CorrelationID != "corr" {
		t.Errorf("while it is handled: %+v", o)
	}
}
