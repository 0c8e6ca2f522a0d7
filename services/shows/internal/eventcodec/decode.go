package eventcodec

import (
	"errors"
	"fmt"

	"ticketmesh.dev/contracts/infoevents"
	"ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/services/shows/internal/availability"
	"ticketmesh.dev/services/shows/internal/venue"
)

// ErrMalformed reports an event that breaks its contract; no retry helps.
var ErrMalformed = errors.New("malformed event")

// DecodePartition reads availability.changed. Members that this version does
// not know are ignored. It fails with ErrMalformed.
func DecodePartition(e event.Event) (availability.Partition, error) {
	if e.Type != ticketsevents.TypeAvailabilityChanged {
		return availability.Partition{}, fmt.Errorf("%w: %s is not an availability", ErrMalformed, e.Type)
	}
	var data ticketsevents.AvailabilityChanged
	if err := data.UnmarshalJSON(e.Data); err != nil {
		return availability.Partition{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := data.Validate(); err != nil {
		return availability.Partition{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return availability.Partition{
		PerformanceID: data.PerformanceID,
		AreaID:        data.AreaID,
		Number:        data.Partition,
		Version:       data.Version,
		Capacity:      data.Capacity,
		Available:     data.Available,
	}, nil
}

// DecodeVenue reads venue.updated. It fails with ErrMalformed.
func DecodeVenue(e event.Event) (venue.Venue, error) {
	var data infoevents.VenueUpdated
	if err := data.UnmarshalJSON(e.Data); err != nil {
		return venue.Venue{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := data.Validate(); err != nil {
		return venue.Venue{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	v := venue.Venue{ID: data.VenueID, Version: data.Version, City: data.City}
	if data.Deleted {
		v.City = ""
	}
	return v, nil
}
