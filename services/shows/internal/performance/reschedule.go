package performance

import "ticketmesh.dev/services/shows/internal/violation"

// Reschedule moves the performance to other times; tickets stay valid. Moved is
// false, and the performance as it was, when these are its times already. It
// fails with a *violation.Error, an *InvalidLocalTimeError or a *CancelledError.
func (p Performance) Reschedule(when Times) (after Performance, moved bool, err error) {
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
	// The local start follows from these two, however it is spelled.
	if next.TimeZone == p.state.TimeZone &&
		next.StartsAtUTC.Equal(p.state.StartsAtUTC) &&
		next.SalesOpenAt.Equal(p.state.SalesOpenAt) && next.SalesCloseAt.Equal(p.state.SalesCloseAt) {
		return p, false, nil
	}
	next.Version++
	return Performance{next}, true, nil
}

// Times returns when the performance starts and is sold.
func (p Performance) Times() Times {
	return Times{
		StartsAt: p.state.StartsAt, TimeZone: p.state.TimeZone,
		SalesOpenAt: p.state.SalesOpenAt, SalesCloseAt: p.state.SalesCloseAt,
	}
}
