package message

import (
	"time"

	"ticketmesh.dev/platform/id"
)

// Show is what messages need to know of a show.
type Show struct {
	ID      id.ID
	Version int
	Title   string
	VenueID id.ID
}

// Venue is what messages need to know of a venue.
type Venue struct {
	ID      id.ID
	Version int
	Name    string
	Address string
	City    string
}

// Performance is what messages need to know of a performance.
type Performance struct {
	ID            id.ID
	Version       int
	ShowID        id.ID
	Title         string // of its show, when the performance was last changed
	VenueID       id.ID  // id.Nil: the show's
	StartsAt      time.Time
	TimeZone      string
	Cancelled     bool
	CancelledBy   Origin // the event that cancelled it
	Reason        string // of the cancellation
	PreviousStart time.Time
	ReturnsUntil  time.Time         // of one that was moved: until when tickets from before may be returned
	Areas         map[string]string // names by id
	Categories    map[string]string // names of price categories by id
}

// Notice is a message that all holders of tickets to a performance are to get. Because they may be many, it is
// spread over them page by page; After is the last order that was done.
type Notice struct {
	Origin        Origin
	Template      Template
	PerformanceID id.ID
	PreviousStart time.Time
	After         id.ID
}

// Succeed returns the state that replaces known, which is nil when nothing was known, and the notice that the change
// calls for, if any. It is false when the new state is not newer. What changed is told by comparing states, not by the
// event's name: of two changes that arrive in the wrong order the first is dropped as stale, and what it said must not
// be lost. Only when nothing was known the name decides, given as rescheduled.
func (p Performance) Succeed(known *Performance, by Origin, rescheduled bool) (Performance, *Notice, bool) {
	if known != nil && known.Version >= p.Version {
		return *known, nil, false
	}
	if p.Cancelled {
		p.CancelledBy = by
		if known != nil && known.Cancelled {
			p.CancelledBy = known.CancelledBy
			return p, nil, true
		}
		return p, &Notice{Origin: by, Template: PerformanceCancelled, PerformanceID: p.ID}, true
	}
	if known != nil {
		rescheduled = !known.StartsAt.Equal(p.StartsAt) || known.TimeZone != p.TimeZone
		p.PreviousStart = known.StartsAt
		// Names that a big seat map's event leaves out are kept.
		if len(p.Areas) == 0 {
			p.Areas = known.Areas
		}
	}
	// Sales may be rescheduled alone, which is nothing to those who have tickets.
	if !rescheduled || (p.PreviousStart.Equal(p.StartsAt) && known == nil) {
		return p, nil, true
	}
	return p, &Notice{Origin: by, Template: PerformanceRescheduled, PerformanceID: p.ID, PreviousStart: p.PreviousStart}, true
}
