package performance

import (
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/pricing"
	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/violation"
)

const (
	maxPerOrder    = 1_000
	maxPerCustomer = 1_000_000

	firstVersion = 1
)

// Terms are how a performance is sold.
type Terms struct {
	SeatMap               seatmap.Map
	SeatPlan              SeatPlan // what the seat map was made from, if anything
	Pricing               *pricing.Rules
	Channels              []sales.Channel
	PerOrder, PerCustomer *int // nil for no limit
}

// Schedule makes a performance of a show. It fails with a *violation.Error or
// an *InvalidLocalTimeError. Announced says whether it is told at once, which
// it is when its show is published.
func Schedule(performanceID, showID id.ID, when Times, terms Terms, announced bool) (Performance, error) {
	var list violation.List
	limit := func(field string, value *int, most int) int {
		if value == nil {
			return 0
		}
		if *value < 1 || *value > most {
			list.Add(field, "must be from 1 to %d", most)
		}
		return *value
	}
	limits := Limits{
		PerOrder:    limit("limits.perOrder", terms.PerOrder, maxPerOrder),
		PerCustomer: limit("limits.perCustomer", terms.PerCustomer, maxPerCustomer),
	}
	if terms.Pricing != nil {
		terms.Pricing.Check(&list, "pricing.", terms.SeatMap.Currency())
	}
	sales.CheckChannels(&list, terms.Channels)
	startsAtUTC, err := when.check(&list)
	if err != nil {
		return Performance{}, err
	}
	return Performance{State{
		ID:             performanceID,
		ShowID:         showID,
		StartsAt:       when.StartsAt,
		TimeZone:       when.TimeZone,
		StartsAtUTC:    startsAtUTC,
		SalesOpenAt:    whole(when.SalesOpenAt),
		SalesCloseAt:   whole(when.SalesCloseAt),
		Limits:         limits,
		Currency:       terms.SeatMap.Currency(),
		SeatMapVersion: firstVersion,
		SeatPlan:       terms.SeatPlan,
		Pricing:        terms.Pricing,
		Sales:          sales.Rules{Channels: terms.Channels},
		Capacities:     terms.SeatMap.Capacities(),
		Status:         Scheduled,
		Announced:      announced,
		Version:        firstVersion,
	}}, nil
}

// Times says when a performance starts and is sold.
type Times struct {
	StartsAt     string // local: 2027-06-01T20:00, seconds optional
	TimeZone     string
	SalesOpenAt  time.Time // zero for none
	SalesCloseAt time.Time // zero for none
}

// check reports all that is malformed as a *violation.Error, then a start that
// is no single moment as an *InvalidLocalTimeError, and returns the start.
func (t Times) check(list *violation.List) (time.Time, error) {
	wall, wallErr := ParseLocal(t.StartsAt)
	if wallErr != nil {
		list.Add("startsAt", "%s", wallErr.Error())
	}
	zone, zoneErr := loadZone(t.TimeZone)
	if zoneErr != nil {
		list.Add("timeZone", "%s", zoneErr.Error())
	}
	for _, sales := range []struct {
		field string
		at    time.Time
	}{{"salesOpenAt", t.SalesOpenAt}, {"salesCloseAt", t.SalesCloseAt}} {
		if year := sales.at.UTC().Year(); !sales.at.IsZero() && (year < minYear || year > maxYear) {
			list.Add(sales.field, "must be in the years %d to %d", minYear, maxYear)
		}
	}
	if !t.SalesOpenAt.IsZero() && !t.SalesCloseAt.IsZero() && !whole(t.SalesOpenAt).Before(whole(t.SalesCloseAt)) {
		list.Add("salesOpenAt", "must be before salesCloseAt")
	}
	if err := list.Err(); err != nil {
		return time.Time{}, err
	}
	moments := moments(wall, zone)
	if len(moments) != 1 {
		return time.Time{}, &InvalidLocalTimeError{Local: t.StartsAt, TimeZone: t.TimeZone, Moments: moments}
	}
	return moments[0], nil
}

// whole is t as events and the API can say it.
func whole(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
