// Package buyer counts what one customer holds and owns of one performance, so
// that limits are kept whatever the customer does at the same time. There is
// one per customer and performance: no counter that all buyers touch.
package buyer

import (
	"errors"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/performance"
)

const (
	// MaxPerOrder is how many places one hold may have when the performance sets
	// no limit of its own.
	MaxPerOrder = 100
	// MostPerOrder is how many it may have whatever the performance says: an order
	// of more is more than one event on the bus can tell.
	MostPerOrder = 250
	// MaxHolds is how many live holds a customer may have of one performance.
	MaxHolds = 100
)

// ErrLimitExceeded reports more places, or more holds, than a customer may have.
var ErrLimitExceeded = errors.New("limit exceeded")

// Claim is a hold that counts against the limits while it lives.
type Claim struct {
	HoldID   id.ID
	Quantity int
	Until    time.Time
}

// Buyer is a customer of a performance. Version counts its changes from 1.
type Buyer struct {
	PerformanceID id.ID
	CustomerID    string
	Claims        []Claim
	Owned         int // places in orders that are not refunded
	Version       int
}

// Claim counts a hold, or says ErrLimitExceeded.
func (b *Buyer) Claim(claim Claim, limits performance.Limits, now time.Time) error {
	b.sweep(now)
	perOrder := limits.PerOrder
	if perOrder == 0 {
		perOrder = MaxPerOrder
	}
	perOrder = min(perOrder, MostPerOrder)
	if claim.Quantity > perOrder || len(b.Claims) >= MaxHolds || !b.mayHave(claim.Quantity, limits) {
		return ErrLimitExceeded
	}
	b.Claims = append(b.Claims, claim)
	b.Version++
	return nil
}

// Extend moves the expiry of a hold that counts.
func (b *Buyer) Extend(holdID id.ID, until time.Time) {
	for i := range b.Claims {
		if b.Claims[i].HoldID == holdID {
			b.Claims[i].Until = until
		}
	}
	b.Version++
}

// Release stops counting a hold.
func (b *Buyer) Release(holdID id.ID, now time.Time) {
	b.drop(holdID)
	b.sweep(now)
	b.Version++
}

// Own counts a hold's places as owned from now on. Those of a hold that did not
// count any more may be too many by now: ErrLimitExceeded.
func (b *Buyer) Own(holdID id.ID, quantity int, limits performance.Limits, now time.Time) error {
	b.sweep(now)
	counted := len(b.Claims)
	b.drop(holdID)
	if len(b.Claims) == counted && !b.mayHave(quantity, limits) {
		return ErrLimitExceeded
	}
	b.Owned += quantity
	b.Version++
	return nil
}

// Disown stops counting places that were refunded.
func (b *Buyer) Disown(quantity int) {
	b.Owned = max(0, b.Owned-quantity)
	b.Version++
}

// mayHave reports whether so many places more are within the customer's limit.
func (b *Buyer) mayHave(more int, limits performance.Limits) bool {
	total := b.Owned + more
	for _, claim := range b.Claims {
		total += claim.Quantity
	}
	return limits.PerCustomer == 0 || total <= limits.PerCustomer
}

func (b *Buyer) drop(holdID id.ID) {
	kept := b.Claims[:0]
	for _, claim := range b.Claims {
		if claim.HoldID != holdID {
			kept = append(kept, claim)
		}
	}
	b.Claims = kept
}

func (b *Buyer) sweep(now time.Time) {
	kept := b.Claims[:0]
	for _, claim := range b.Claims {
		if claim.Until.After(now) {
			kept = append(kept, claim)
		}
	}
	b.Claims = kept
}
