package eventcodec

import (
	"context"
	"encoding/json"
	"fmt"

	"ticketmesh.dev/contracts/notificationsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Codec makes events of the facts of messages.
type Codec struct {
	validator event.Validator
}

// New returns a Codec whose events validator has accepted.
func New(validator event.Validator) *Codec { return &Codec{validator: validator} }

// Check returns the validator's refusal of the fact's event, if any.
func (c *Codec) Check(fact message.Fact) error {
	_, _, _, err := c.encode(fact)
	return err
}

// Event returns the fact's event; it continues the trace of the event that the message is about. It fails when the
// validator refuses it.
func (c *Codec) Event(fact message.Fact) (event.Event, error) {
	data, eventType, schema, err := c.encode(fact)
	if err != nil {
		return event.Event{}, err
	}
	origin := fact.Message.Origin
	ctx := event.WithTrace(context.Background(), event.Trace{
		CorrelationID: origin.CorrelationID, CausationID: origin.EventID.String(), TraceParent: origin.TraceParent,
	})
	return event.New(ctx, notificationsevents.Source, eventType, fact.Message.ID.String(), schema, fact.Message.EndedAt, data), nil
}

type encodable interface {
	MarshalJSON() ([]byte, error)
}

func (c *Codec) encode(fact message.Fact) (data json.RawMessage, eventType, schema string, err error) {
	m := fact.Message
	var body encodable
	switch m.Status {
	case message.Sent:
		eventType, schema = notificationsevents.TypeMessageSent, notificationsevents.SchemaMessageSent
		body = &notificationsevents.MessageSent{
			MessageID: m.ID, Version: fact.Version, EventID: m.Origin.EventID, Template: string(m.Template),
			Channel: notificationsevents.MessageSentChannelEmail, CustomerID: m.Recipient.CustomerID,
			PerformanceID: optional(m.PerformanceID), OrderID: optional(m.OrderID), SentAt: m.EndedAt,
		}
	case message.Failed:
		eventType, schema = notificationsevents.TypeMessageFailed, notificationsevents.SchemaMessageFailed
		body = &notificationsevents.MessageFailed{
			MessageID: m.ID, Version: fact.Version, EventID: m.Origin.EventID, Template: string(m.Template),
			Channel: notificationsevents.MessageFailedChannelEmail, CustomerID: m.Recipient.CustomerID,
			PerformanceID: optional(m.PerformanceID), OrderID: optional(m.OrderID), FailedAt: m.EndedAt, Reason: string(m.Reason),
		}
	default:
		return nil, "", "", fmt.Errorf("a message that is %s has no event", m.Status)
	}
	if data, err = body.MarshalJSON(); err != nil {
		return nil, "", "", fmt.Errorf("encode %s: %w", eventType, err)
	}
	if err := c.validator.Validate(eventType, data); err != nil {
		return nil, "", "", fmt.Errorf("refused %s: %w", eventType, err)
	}
	return data, eventType, schema, nil
}

func optional(v id.ID) notificationsevents.OptUUID {
	if v == id.Nil {
		return notificationsevents.OptUUID{}
	}
	return notificationsevents.NewOptUUID(v)
}
