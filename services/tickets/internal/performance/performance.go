// Package performance is what selling knows of a performance: when and at what
// price it sells, and its seat map. It is told by the shows service's events and
// never decides anything about a performance itself.
package performance

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/pricing"
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
	// ErrUnknownConcession reports a concession that the price category has not.
	ErrUnknownConcession = errors.New("unknown concession")
)

// PriceCategory is what a place of the category costs: the price of the first
// tier that is neither over nor sold out, after the last Price.
type PriceCategory struct {
	ID          string
	Name        string
	Price       money.Money
	Tiers       []Tier       `json:",omitempty"` // the earliest end first
	Concessions []Concession `json:",omitempty"`
	// When its sale opens and closes within that of the performance; zero: with it.
	SalesOpenAt  time.Time `json:",omitzero"`
	SalesCloseAt time.Time `json:",omitzero"`
}

// Tier is a price until an instant or for so many places, whichever ends first.
type Tier struct {
	ID       string
	Price    money.Money
	Until    time.Time
	Quantity int `json:",omitempty"` // how many places; 0: all
}

// Concession is a reduced price: one of its own, or so much off the one in
// force.
type Concession struct {
	ID    string
	Price money.Money // the zero value: a percentage
	Off   pricing.Percent
}

// TiersAt returns the tiers that are not over at now. Those that are sold out are
// among them: what their quotas have left, only the inventory knows.
func (c PriceCategory) TiersAt(now time.Time) []Tier {
	for i, tier := range c.Tiers {
		if now.Before(tier.Until) {
			return c.Tiers[i:]
		}
	}
	return nil
}

// TierQuota is the quota of a tier that has a Quantity.
func TierQuota(categoryID, tierID string) string {
	return inventory.QuotaID("tier", categoryID, tierID)
}

// Reduced returns what a place costs by a concession where full is the price in
// force, or ErrUnknownConcession.
func (c PriceCategory) Reduced(concessionID string, full money.Money, rounding pricing.Rounding) (money.Money, error) {
	for _, concession := range c.Concessions {
		switch {
		case concession.ID != concessionID:
		case concession.Price != (money.Money{}):
			return concession.Price, nil
		default:
			return rounding.Off(full, concession.Off), nil
		}
	}
	return money.Money{}, ErrUnknownConcession
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
	RescheduledAt  time.Time // when it was moved to another start last; zero: never
	ReturnsUntil   time.Time // until when tickets ordered before that may be returned
	Currency       string
	Categories     []PriceCategory
	Pricing        pricing.Rules // what is charged beside the prices
	Limits         Limits
	Channels       []Channel // those that have windows of their own
	Presales       []Presale
	SeatMapVersion int
	Areas          []seatmap.Area
	Allocations    []seatmap.Allocation
	Released       []string        // allocations whose places are for everybody
	Layout         *seatmap.Layout // of Areas over those of earlier seat maps, and the quotas: by LayOut
}

// LayOut gives the performance its seat map, in which its channels have their
// allocations. Errors: seatmap.ErrMalformed, and
// ErrMalformed when a place would have no price in the performance's currency.
func (p *Performance) LayOut(areas []seatmap.Area) error { return p.Restore(areas, nil) }

// Restore does as LayOut, on the ground of the layout that was before. It may fail
// with seatmap.ErrKindChanged too.
func (p *Performance) Restore(areas, ground []seatmap.Area) error {
	layout, err := seatmap.Restore(areas, ground)
	if err != nil {
		return err
	}
	return p.lay(areas, layout)
}

// Follow lays the performance's seat map out over that of the version before, so
// that every place stays where it is. Errors: seatmap.ErrKindChanged,
// seatmap.ErrMalformed, ErrMalformed.
func (p *Performance) Follow(before *Performance) error {
	if reflect.DeepEqual(p.Areas, before.Areas) && reflect.DeepEqual(p.Categories, before.Categories) &&
		reflect.DeepEqual(p.Allocations, before.Allocations) && reflect.DeepEqual(p.Released, before.Released) && reflect.DeepEqual(p.Presales, before.Presales) {
		p.Layout = before.Layout
		return nil
	}
	layout, err := before.Layout.Change(p.Areas)
	if err != nil {
		return err
	}
	return p.lay(p.Areas, layout)
}

func (p *Performance) lay(areas []seatmap.Area, layout *seatmap.Layout) error {
	for _, category := range p.Categories {
		if category.Price.Currency != p.Currency {
			return fmt.Errorf("%w: price category %q is in %s, the performance in %s", ErrMalformed, category.ID, category.Price.Currency, p.Currency)
		}
		if !category.inCurrency(p.Currency) {
			return fmt.Errorf("%w: a price of category %q is not in %s", ErrMalformed, category.ID, p.Currency)
		}
	}
	if err := p.Pricing.Check(p.Currency); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	for _, area := range areas {
		if _, known := p.Category(area.PriceCategory); !known {
			return fmt.Errorf("%w: area %q has price category %q, which the performance has not", ErrMalformed, area.ID, area.PriceCategory)
		}
	}
	if err := errors.Join(layout.Allocate(p.Allocations, p.Released), p.addQuotas(layout), p.addCodes(layout)); err != nil {
		return err
	}
	p.Areas, p.Layout = areas, layout
	return nil
}

// addQuotas counts the places of each tier that has only so many. It needs no
// more than its category has places.
func (p *Performance) addQuotas(layout *seatmap.Layout) error {
	places := map[string]int{}
	for _, area := range layout.Areas() {
		places[area.PriceCategory] += area.Places()
	}
	for _, category := range p.Categories {
		for _, tier := range category.Tiers {
			if tier.Quantity == 0 || places[category.ID] == 0 {
				continue
			}
			if err := layout.AddQuota(TierQuota(category.ID, tier.ID), min(tier.Quantity, places[category.ID])); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c PriceCategory) inCurrency(code string) bool {
	for _, tier := range c.Tiers {
		if tier.Price.Currency != code {
			return false
		}
	}
	for _, concession := range c.Concessions {
		if concession.Price != (money.Money{}) && concession.Price.Currency != code {
			return false
		}
	}
	return true
}

// salesCloseAt is when the sale ends: at its close, and at the start at the
// latest.
func (p *Performance) salesCloseAt() time.Time {
	if !p.SalesCloseAt.IsZero() && p.SalesCloseAt.Before(p.StartsAt) {
		return p.SalesCloseAt
	}
	return p.StartsAt
}

// SalesCloseAtOf is when the sale of a price category ends.
func (p *Performance) SalesCloseAtOf(categoryID string) time.Time {
	closesAt := p.salesCloseAt()
	if category, _ := p.Category(categoryID); !category.SalesCloseAt.IsZero() && category.SalesCloseAt.Before(closesAt) {
		return category.SalesCloseAt
	}
	return closesAt
}

// CheckSales returns ErrSalesClosed unless the performance sells at now.
func (p *Performance) CheckSales(now time.Time) error {
	if p.Cancelled || now.Before(p.SalesOpenAt) || !now.Before(p.salesCloseAt()) {
		return ErrSalesClosed
	}
	return nil
}

// CheckSalesOf returns ErrSalesClosed unless the performance sells places of the
// price category at now.
func (p *Performance) CheckSalesOf(categoryID string, now time.Time) error {
	if category, _ := p.Category(categoryID); now.Before(category.SalesOpenAt) || !now.Before(p.SalesCloseAtOf(categoryID)) {
		return ErrSalesClosed
	}
	return p.CheckSales(now)
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
