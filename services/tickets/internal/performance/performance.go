// Package performance is what selling knows of a performance: when and at what
// price it sells, and its seat map. It is told by the shows service's events and
// never decides anything about a performance itself.
package performance

import (
	"errors"
	"fmt"
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
	// ErrMalformed reports a performance that could not be sold.
	ErrMalformed = errors.New("malformed performance")
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

// LayOut gives the performance its seat map. Errors: seatmap.ErrMalformed, and
// ErrMalformed when a place would have no price in the performance's currency.
func (p *Performance) LayOut(areas []seatmap.Area) error {
	layout, err := seatmap.New(areas)
	if err != nil {
		return err
	}
	for _, category := range p.Categories {
		if category.Price.Currency != p.Currency {
			return fmt.Errorf("%w: price category %q is in %s, the performance in %s", ErrMalformed, category.ID, category.Price.Currency, p.Currency)
		}
	}
	for _, area := range areas {
		if _, known := p.Category(area.PriceCategory); !known {
			return fmt.Errorf("%w: area %q has price category %q, which the performance has not", ErrMalformed, area.ID, area.PriceCategory)
		}
	}
	p.Areas, p.Layout = areas, layout
	return nil
}

// SalesCloseAtOrStart is when the sale ends: at its close, and at the start at
// the latest.
func (p *Performance) SalesCloseAtOrStart() time.Time {
	if !p.SalesCloseAt.IsZero() && p.SalesCloseAt.Before(p.StartsAt) {
		return p.SalesCloseAt
	}
	return p.StartsAt
}

// CheckSales returns ErrSalesClosed unless the performance sells at now.
func (p *Performance) CheckSales(now time.Time) error {
	closesAt := p.SalesCloseAtOrStart()
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
