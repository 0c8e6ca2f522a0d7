// Package availability is what the sale has reported to be free, partition by
// partition, for display. It must not decide whether a place can be sold.
package availability

import (
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

// Partition is the state of one inventory partition. A newer version replaces
// an older one.
type Partition struct {
	PerformanceID id.ID
	AreaID        string
	Number        int // within its area, from 0
	Version       int // from 1
	Capacity      int
	Available     int
}

// Reported is the sum of an area's partitions that were reported.
type Reported struct {
	Capacity  int
	Available int
}

// Area is what is free in an area.
type Area struct {
	AreaID    string
	Capacity  int
	Available int
}

// Sum tells what is free in each area of a seat map. Capacity is the seat
// map's. Places of partitions that were not reported yet are free, since the
// sale reports a partition as soon as it takes something from it.
func Sum(capacities []seatmap.Capacity, reported map[string]Reported) []Area {
	areas := make([]Area, len(capacities))
	for i, c := range capacities {
		r := reported[c.AreaID]
		unreported := max(0, c.Places-r.Capacity)
		areas[i] = Area{
			AreaID:    c.AreaID,
			Capacity:  c.Places,
			Available: min(c.Places, unreported+max(0, r.Available)),
		}
	}
	return areas
}

// None tells that nothing is free any more.
func None(capacities []seatmap.Capacity) []Area {
	areas := make([]Area, len(capacities))
	for i, c := range capacities {
		areas[i] = Area{AreaID: c.AreaID, Capacity: c.Places}
	}
	return areas
}
