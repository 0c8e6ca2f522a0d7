package show

import "time"

// Publish shows the draft to everybody. Done is false, and the show as it was,
// when it is published already. A cancelled show is a *CancelledError.
func (s Show) Publish(now time.Time) (after Show, done bool, err error) {
	switch s.state.Status {
	case Cancelled:
		return s, false, &CancelledError{s.state.ID}
	case Published:
		return s, false, nil
	}
	next := s.state
	next.Status, next.PublishedAt = Published, now
	next.Version++
	return Show{next}, true, nil
}
