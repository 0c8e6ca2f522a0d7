// Package announce checks what functions of shows announce.
package announce

import (
	"errors"
	"fmt"

	"ticketmesh.dev/contracts/showsevents"
)

var (
	errSeatMap  = errors.New("neither or both of seatMap and seatMapRef")
	errPrevious = errors.New("no previousStartsAtUtc")
)

// Validator checks events by the types that are generated from their schemas, and what
// schemas say of several members together. The schemas themselves would be read and
// compiled at a cold start, for the same answers.
type Validator struct{}

// Validate implements event.Validator.
func (Validator) Validate(eventType string, data []byte) (err error) {
	switch eventType {
	case showsevents.TypeShowPublished, showsevents.TypeShowUpdated, showsevents.TypeShowCancelled:
		err = check(data, &showsevents.Show{})
	case showsevents.TypePerformanceScheduled, showsevents.TypePerformanceRescheduled, showsevents.TypePerformanceCancelled:
		p := &showsevents.Performance{}
		err = check(data, p)
		switch {
		case err != nil:
		case p.SeatMap.Set == p.SeatMapRef.Set:
			err = errSeatMap
		case eventType == showsevents.TypePerformanceRescheduled && !p.PreviousStartsAtUtc.Set:
			err = errPrevious
		}
	default:
		err = errors.New("it is not announced here")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", eventType, err)
	}
	return nil
}

// check reads data into e and checks each of its members.
func check(data []byte, e interface {
	UnmarshalJSON(data []byte) error
	Validate() error
},
) error {
	if err := e.UnmarshalJSON(data); err != nil {
		return err
	}
	return e.Validate()
}
