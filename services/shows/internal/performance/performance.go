// Package performance is one date of a show: when it starts, in which time
// zone, when it is sold and from which seat map. It must not know what is sold,
// and reads no clock: a performance may lie in the past.
package performance

import (
	"fmt"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/pricing"
	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

// Status is the state of a performance.
type Status string

// The states of a performance.
const (
	Scheduled Status = "scheduled"
	Cancelled Status = "cancelled"
)

// CancelledError reports a change to a performance that will not take place.
type CancelledError struct {
	PerformanceID id.ID
}

// Error implements error.
func (e *CancelledError) Error() string {
	return fmt.Sprintf("performance %s is cancelled", e.PerformanceID)
}

// Limits bound what one customer may buy; 0 is no limit.
type Limits struct {
	PerOrder    int
	PerCustomer int
}

// SeatPlan is a version of a plan.
type SeatPlan struct {
	ID      id.ID
	Version int
}

// State is everything there is to a performance, for those who store it and
// show it. The seat map is kept apart and found by its version.
type State struct {
	ID     id.ID
	ShowID id.ID

	StartsAt     string    // local, as it was given: 2027-06-01T20:00
	TimeZone     string    // IANA name
	StartsAtUTC  time.Time // what StartsAt in TimeZone was when it was set
	SalesOpenAt  time.Time // zero: at once
	SalesCloseAt time.Time // zero: at the start
	Limits       Limits
	// Of one that was moved to another start: when that was, the last time, and
	// until when tickets that were bought before may be returned.
	RescheduledAt time.Time
	ReturnsUntil  time.Time

	Currency       string
	SeatMapVersion int
	SeatPlan       SeatPlan           // what the seat map was made from; zero when it was given whole
	Pricing        *pricing.Rules     // nil: nothing is charged beside the prices
	Sales          sales.Rules        // who may buy when, beside the public
	Capacities     []seatmap.Capacity // of the seat map's areas, in its order

	Status Status
	Reason string // of a cancelled performance; may be empty
	// Announced says that other services have heard of it: from then on every
	// change is told.
	Announced bool
	Version   int // from 1, one more with every change that can be seen
}

// Performance is a performance that keeps its rules.
type Performance struct {
	state State
}

// Restore returns the performance that State described.
func Restore(s State) Performance { return Performance{s} }

// State returns all there is to it. Its slices must not be changed.
func (p Performance) State() State { return p.state }

// ID returns the performance's id.
func (p Performance) ID() id.ID { return p.state.ID }

// Announced returns the performance as one that other services have heard of.
// Its version stays: nobody sees the difference.
func (p Performance) Announced() Performance {
	p.state.Announced = true
	return p
}
