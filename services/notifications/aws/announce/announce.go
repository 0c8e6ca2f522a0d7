// Package announce checks what functions of notifications announce, in the two of them that announce anything.
package announce

import (
	"fmt"

	"ticketmesh.dev/contracts/notificationsevents"
)

// Validator checks events by the types that are generated from their schemas. The schemas themselves would be read and
// compiled at a cold start, for the same answers.
type Validator struct{}

// Validate implements event.Validator.
func (Validator) Validate(eventType string, data []byte) error {
	var e interface {
		UnmarshalJSON(data []byte) error
		Validate() error
	}
	switch eventType {
	case notificationsevents.TypeMessageSent:
		e = &notificationsevents.MessageSent{}
	case notificationsevents.TypeMessageFailed:
		e = &notificationsevents.MessageFailed{}
	default:
		return fmt.Errorf("%s is not announced here", eventType)
	}
	if err := e.UnmarshalJSON(data); err != nil {
		return fmt.Errorf("%s: %w", eventType, err)
	}
	if err := e.Validate(); err != nil {
		return fmt.Errorf("%s: %w", eventType, err)
	}
	return nil
}
