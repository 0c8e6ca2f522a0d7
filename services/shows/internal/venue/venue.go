// Package venue is what shows need to know of the venues that they take place at,
// for finding them. It must not decide whether there is such a venue: that is the
// info service's.
package venue

import "ticketmesh.dev/platform/id"

// Venue is where a venue is. A newer version replaces an older one. One that was
// removed is in no city.
type Venue struct {
	ID      id.ID
	Version int // from 1
	City    string
}
