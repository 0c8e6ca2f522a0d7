package sqs

import (
	"encoding/json"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/event"
)

// decode makes a message of an SQS message's body, which is an event as
// EventBridge delivers it, with the CloudEvent in its detail, or a CloudEvent
// alone, or what the Publisher has sent. Anything else becomes a message all the
// same, under SQS's id: that it is unreadable is said where events are read.
func decode(messageID, given string) *message.Message {
	payload := []byte(given)
	var delivered struct {
		SpecVersion *string         `json:"specversion"` // of a CloudEvent, required
		Detail      json.RawMessage `json:"detail"`
		UUID        *string         `json:"uuid"`
	}
	if err := json.Unmarshal(payload, &delivered); err == nil && delivered.SpecVersion == nil {
		switch {
		case delivered.Detail != nil:
			payload = delivered.Detail
		case delivered.UUID != nil:
			if m := decodePublished(payload); m != nil {
				return m
			}
		}
	}
	e, err := event.ParseCloudEvent(payload)
	if err != nil {
		return message.NewMessage(messageID, payload)
	}
	return event.ToMessage(e, payload)
}

// decodePublished returns nil when it is not what the Publisher sends.
func decodePublished(given []byte) *message.Message {
	var b body
	if err := json.Unmarshal(given, &b); err != nil {
		return nil
	}
	m := message.NewMessage(b.UUID, b.Payload)
	for k, v := range b.Metadata {
		m.Metadata.Set(k, v)
	}
	return m
}
