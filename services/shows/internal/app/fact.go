package app

import (
	"time"

	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/show"
)

// Fact is something that other services are told, with the whole state it led
// to: a ShowFact or a PerformanceFact.
type Fact interface{ fact() }

// ShowChange is what happened to a show.
type ShowChange int

// What can happen to a show that others have heard of.
const (
	ShowPublished ShowChange = iota + 1
	ShowUpdated
	ShowCancelled
)

// ShowFact says that a show is as it is now.
type ShowFact struct {
	Change ShowChange
	At     time.Time
	Show   show.Show
}

// PerformanceChange is what happened to a performance.
type PerformanceChange int

// What can happen to a performance that others have heard of, or hear of now.
const (
	PerformanceScheduled PerformanceChange = iota + 1
	PerformanceRescheduled
	PerformanceCancelled
)

// PerformanceFact says that a performance is as it is now.
type PerformanceFact struct {
	Change      PerformanceChange
	At          time.Time
	Show        show.Show // its show
	Performance performance.Performance
	SeatMap     seatmap.Map
	// PreviousStartsAtUTC is when a rescheduled performance would have started.
	PreviousStartsAtUTC time.Time
}

func (ShowFact) fact()        {}
func (PerformanceFact) fact() {}
