// Package series is performances of one show that recur by a rule, all from one
// seat map and at one local time, whatever clocks do between them. Once they are
// scheduled each goes its own way.
package series

import (
	"fmt"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/pricing"
	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/violation"
)

// MaxOccurrences is how many performances a series may have: one a day for a
// year.
const MaxOccurrences = 366

// Template is what all performances of a series have in common.
type Template struct {
	TimeZone    string
	SalesOpenAt time.Time // zero: at once
	SeatMap     seatmap.Map
	SeatPlan    performance.SeatPlan
	Pricing     *pricing.Rules
	Channels    []sales.Channel
	Limits      performance.Limits
}

// Occurrence is one performance of a series.
type Occurrence struct {
	PerformanceID id.ID
	StartsAt      string // local: 2027-06-01T20:00
}

// State is everything there is to a series.
type State struct {
	ID          id.ID
	ShowID      id.ID
	Rule        string // as it was given
	Template    Template
	Occurrences []Occurrence // by their start
}

// Series is a series that keeps its rules. What its methods return must not be
// changed.
type Series struct {
	state State
}

// New makes a series with a performance at each of the local starts. It fails
// with a *violation.Error, or with the *performance.InvalidLocalTimeError of the
// first start that is no single moment.
func New(seriesID, showID id.ID, rule string, starts []string, t Template) (Series, error) {
	if len(starts) == 0 || len(starts) > MaxOccurrences {
		var list violation.List
		list.Add("rrule", "must give 1 to %d performances", MaxOccurrences)
		return Series{}, list.Err()
	}
	s := Series{State{ID: seriesID, ShowID: showID, Rule: rule, Template: t}}
	for _, startsAt := range starts {
		s.state.Occurrences = append(s.state.Occurrences, Occurrence{PerformanceID: id.New(), StartsAt: startsAt})
	}
	for i := range s.state.Occurrences {
		if _, err := s.Performance(i, false); err != nil {
			return Series{}, err
		}
	}
	return s, nil
}

// Restore returns the series that State described.
func Restore(s State) Series { return Series{s} }

// State returns all there is to it.
func (s Series) State() State { return s.state }

// Performance makes the performance of an occurrence, the same every time.
// Announced says whether it is told at once.
func (s Series) Performance(occurrence int, announced bool) (performance.Performance, error) {
	o, t := s.state.Occurrences[occurrence], s.state.Template
	limit := func(n int) *int {
		if n == 0 {
			return nil
		}
		return &n
	}
	p, err := performance.Schedule(o.PerformanceID, s.state.ShowID,
		performance.Times{StartsAt: o.StartsAt, TimeZone: t.TimeZone, SalesOpenAt: t.SalesOpenAt},
		performance.Terms{
			SeatMap: t.SeatMap, SeatPlan: t.SeatPlan, Pricing: t.Pricing, Channels: t.Channels,
			PerOrder: limit(t.Limits.PerOrder), PerCustomer: limit(t.Limits.PerCustomer),
		}, announced)
	if err != nil {
		return performance.Performance{}, fmt.Errorf("performance %d of the series: %w", occurrence+1, err)
	}
	return p, nil
}
