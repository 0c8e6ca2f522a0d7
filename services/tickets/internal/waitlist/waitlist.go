// Package waitlist is the queue for places that are not free yet. First come,
// first served; an offer is a hold with an expiry, and who lets it pass leaves
// the queue, so that nobody blocks those behind.
package waitlist

import (
	"errors"
	"time"

	"ticketmesh.dev/platform/id"
)

var (
	// ErrNotFound reports an entry that does not exist or is somebody else's.
	ErrNotFound = errors.New("waiting-list entry not found")
	// ErrNotSoldOut reports that there are enough places now.
	ErrNotSoldOut = errors.New("not sold out")
	// ErrUnknownCategory reports a price category that the performance does not have.
	ErrUnknownCategory = errors.New("unknown price category")
)

// Status is the state of an entry.
type Status string

// The states of an entry.
const (
	Waiting Status = "waiting"
	Offered Status = "offered"
	Taken   Status = "taken"   // the offer became an order
	Expired Status = "expired" // the offer passed
	Left    Status = "left"
)

// Entry is one customer's wish. Version counts its changes from 1.
type Entry struct {
	ID            id.ID
	PerformanceID id.ID
	PriceCategory string
	Quantity      int
	CustomerID    string
	Email         string
	Language      string
	Status        Status
	HoldID        id.ID     // of an offer
	ExpiresAt     time.Time // of an offer
	CreatedAt     time.Time
	Version       int
}

// Offer gives the entry a hold. It reports false when nobody waits any more.
func (e *Entry) Offer(holdID id.ID, until time.Time) bool {
	if e.Status != Waiting {
		return false
	}
	e.Status, e.HoldID, e.ExpiresAt = Offered, holdID, until
	e.Version++
	return true
}

// Close ends an offer: taken by an order, or passed.
func (e *Entry) Close(status Status) {
	if e.Status == Offered {
		e.Status = status
		e.Version++
	}
}

// Leave ends the waiting. It reports false when it had ended before.
func (e *Entry) Leave() bool {
	if e.Status != Waiting && e.Status != Offered {
		return false
	}
	e.Status = Left
	e.Version++
	return true
}

// Current returns the status as the clock has it: an offer is over when its
// time is, whether or not anything has noticed.
func (e *Entry) Current(now time.Time) Status {
	if e.Status == Offered && !e.ExpiresAt.After(now) {
		return Expired
	}
	return e.Status
}

// OfferedFact says that places were offered to an entry.
type OfferedFact struct{ Entry Entry }
