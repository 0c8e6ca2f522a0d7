package performance

import (
	"time"

	"ticketmesh.dev/services/shows/internal/violation"
)

// returnsPeriod is how long tickets may be returned after a performance was moved,
// unless it says otherwise.
const returnsPeriod = 14 * 24 * time.Hour

// Reschedule moves the performance to other times at now; tickets stay valid. Who
// has tickets for another start may return them until returnsUntil, or for two
// weeks when that is zero, and in either case until the start at the latest. Moved
// is false, and the performance as it was, when these are its times already. It
// fails with a *violation.Error, an *InvalidLocalTimeError or a *CancelledError.
func (p Performance) Reschedule(when Times, returnsUntil, now time.Time) (after Performance, moved bool, err error) {
	if p.state.Status == Cancelled {
		return p, false, &CancelledError{p.state.ID}
	}
	var list violation.List
	startsAtUTC, err := when.check(&list)
	if err != nil {
		return p, false, err
	}
	next := p.state
	next.StartsAt, next.TimeZone, next.StartsAtUTC = when.StartsAt, when.TimeZone, startsAtUTC
	next.SalesOpenAt, next.SalesCloseAt = whole(when.SalesOpenAt), whole(when.SalesCloseAt)
	if err := next.allowReturns(p.state, returnsUntil, now); err != nil {
		return p, false, err
	}
	// The local start follows from these two, however it is spelled.
	if next.TimeZone == p.state.TimeZone &&
		next.StartsAtUTC.Equal(p.state.StartsAtUTC) &&
		next.SalesOpenAt.Equal(p.state.SalesOpenAt) && next.SalesCloseAt.Equal(p.state.SalesCloseAt) &&
		next.ReturnsUntil.Equal(p.state.ReturnsUntil) {
		return p, false, nil
	}
	next.Version++
	return Performance{next}, true, nil
}

// allowReturns says until when tickets may be returned. What was promised by an
// earlier move holds.
func (s *State) allowReturns(before State, until, now time.Time) error {
	moved := !s.StartsAtUTC.Equal(before.StartsAtUTC)
	var list violation.List
	switch {
	case until.IsZero() && !moved:
		return nil
	case until.IsZero():
		until = now.Add(returnsPeriod)
	case !moved && before.RescheduledAt.IsZero():
		list.Add("returnsUntil", "is for a performance that is moved to another start")
	case until.After(s.StartsAtUTC):
		list.Add("returnsUntil", "must not be after the start")
	}
	if err := list.Err(); err != nil {
		return err
	}
	if moved {
		s.RescheduledAt = whole(now)
	}
	if until.Before(before.ReturnsUntil) {
		until = before.ReturnsUntil
	}
	if until.After(s.StartsAtUTC) {
		until = s.StartsAtUTC
	}
	s.ReturnsUntil = whole(until)
	return nil
}

// Times returns when the performance starts and is sold.
func (p Performance) Times() Times {
	return Times{
		StartsAt: p.state.StartsAt, TimeZone: p.state.TimeZone,
		SalesOpenAt: p.state.SalesOpenAt, SalesCloseAt: p.state.SalesCloseAt,
	}
}
