// Package announce checks what info's functions announce, in the one of them that
// announces anything.
package announce

import (
	"fmt"

	"ticketmesh.dev/contracts/infoevents"
)

// Validator checks events by the types that are generated from their schemas. The
// schemas themselves would be read and compiled at a cold start, for the same answers.
type Validator struct{}

// Validate implements event.Validator.
func (Validator) Validate(eventType string, data []byte) error {
	var e interface {
		UnmarshalJSON(data []byte) error
		Validate() error
	}
	switch eventType {
	case infoevents.TypeVenueUpdated:
		e = &infoevents.VenueUpdated{}
	case infoevents.TypePagePublished:
		e = &infoevents.PagePublished{}
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
