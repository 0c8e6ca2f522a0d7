// Package performance is what selling knows of a performance: when and at what
// price it sells, and its seat map. It is told by the shows service's events and
// never decides anything about a performance itself.
package performance

import (
	"errors"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/seatmap"
)

var (
	// ErrNotFound reports a performance that is not known (yet).
	ErrNotFound = errors.New("performance not found")
	// ErrSalesClosed reports a performance that does not sell now: not yet, not
	// any more, over, or cancelled.
	ErrSalesClosed = errors.New("sales are closed")
)

// PriceCategory is what a place of the category costs.
type PriceCategory struct {
	ID    string
	Name  string
	Price money.Money
}

// Limits bound what a customer may buy; 0 means none of its own.
type Limits struct {
	PerOrder    int
	PerCustomer int
}

// Performance is one performance at one version. It never changes, so it may be
// shared; a newer version replaces it.
type Performance struct {
	ID             id.ID
	Version        int
	ShowID         id.ID
	OrganizerID    string
	Title          string
	Cancelled      bool
	StartsAtLocal  string
	TimeZone       string
	StartsAt       time.Time // UTC
	SalesOpenAt    time.Time // zero: at once
	SalesCloseAt   time.Time // zero: at the start
	Currency       string
	Categories     []PriceCategory
	Limits         Limits
	SeatMapVersion int
	Areas          []seatmap.Area
	Layout         *seatmap.Layout // of Areas
}

// CheckSales returns ErrSalesClosed unless the performance sells at now.
func (p *Performance) CheckSales(now time.Time) error {
	closesAt := p.StartsAt
	if !p.SalesCloseAt.IsZero() && p.SalesCloseAt.Before(closesAt) {
		closesAt = p.SalesCloseAt
	}
	if p.Cancelled || now.Before(p.SalesOpenAt) || !now.Before(closesAt) {
		return ErrSalesClosed
	}
	return nil
}

// Category finds a price category.
func (p *Performance) Category(categoryID string) (PriceCategory, bool) {
	for _, category := range p.Categories {
		if category.ID == categoryID {
			return category, true
		}
	}
	return PriceCategory{}, false
}
