package performance

import "ticketmesh.dev/services/shows/internal/violation"

const maxReason = 1_000

// Cancel calls the performance off for good, with a reason for customers that
// may be empty. Done is false, and the performance as it was, when it is
// cancelled already. It fails with a *violation.Error.
func (p Performance) Cancel(reason string) (after Performance, done bool, err error) {
	if p.state.Status == Cancelled {
		return p, false, nil
	}
	var list violation.List
	list.Text("reason", reason, maxReason, false)
	if err := list.Err(); err != nil {
		return p, false, err
	}
	next := p.state
	next.Status, next.Reason = Cancelled, reason
	next.Version++
	return Performance{next}, true, nil
}
