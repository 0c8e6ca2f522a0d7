package sqs

import (
	"encoding/json"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/event"
)

// decode makes a message of an SQS message's body, which is an event as
// EventBridge delivers it, with the CloudEvent in its detail, or a CloudEvent
// alone. Anything else becomes a message all the same, under SQS's id: that it
// is unreadable is said where events are read.
func decode(messageID, body string) *message.Message {
	payload := []byte(body)
	var delivered struct {
		SpecVersion *string         `json:"specversion"` // of a CloudEvent, required
		Detail      json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal(payload, &delivered); err == nil && delivered.SpecVersion == nil && delivered.Detail != nil {
		payload = delivered.Detail
	}
	e, err := event.ParseCloudEvent(payload)
	if err != nil {
		return message.NewMessage(messageID, payload)
	}
	return event.ToMessage(e, payload)
}
