package performance

import (
	"errors"
	"time"
)

var (
	// ErrNoReturns reports tickets that their buyer cannot return for all of the
	// money: they were bought for the start that the performance has.
	ErrNoReturns = errors.New("the performance was not moved since")
	// ErrReturnsClosed reports that the time to return tickets is over.
	ErrReturnsClosed = errors.New("the time to return tickets is over")
)

// CheckReturns returns ErrNoReturns or ErrReturnsClosed unless tickets that were
// ordered then may be returned at now.
func (p *Performance) CheckReturns(orderedAt, now time.Time) error {
	if !orderedAt.Before(p.RescheduledAt) {
		return ErrNoReturns
	}
	if !now.Before(p.ReturnsUntil) {
		return ErrReturnsClosed
	}
	return nil
}
