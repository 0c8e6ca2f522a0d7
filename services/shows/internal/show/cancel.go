package show

import "ticketmesh.dev/services/shows/internal/violation"

// Cancel calls the show off for good, with a reason for customers that may be
// empty; a draft stays unseen. Done is false, and the show as it was, when it
// is cancelled already. It fails with a *violation.Error.
func (s Show) Cancel(reason string) (after Show, done bool, err error) {
	if s.state.Status == Cancelled {
		return s, false, nil
	}
	var list violation.List
	list.Text("reason", reason, maxReason, false)
	if err := list.Err(); err != nil {
		return s, false, err
	}
	next := s.state
	next.Status, next.Reason = Cancelled, reason
	next.Version++
	return Show{next}, true, nil
}
