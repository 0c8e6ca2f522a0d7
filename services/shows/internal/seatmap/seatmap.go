// Package seatmap is the plan that a performance is sold from: areas, rows of
// seats in compact form, and price categories in one currency. It must not know
// what is sold, nor how a plan is stored or sent.
package seatmap

import (
	"fmt"
	"time"

	"ticketmesh.dev/platform/money"
)

// Kind tells how the places of an area are sold.
type Kind string

// The kinds of areas.
const (
	Seated  Kind = "seated"  // numbered seats
	General Kind = "general" // a capacity without numbers
)

// Row is a row of seats. The id of a seat within its area is <Label>-<seat>.
type Row struct {
	Label      string
	Seats      string   // as ParseSeats reads them
	AisleAfter []string // an aisle cuts the row after these seats
	Wheelchair []string // these seats are wheelchair places
	Companion  []string // these seats are for who comes with somebody in a wheelchair place
	OutOfSale  []string // these seats are never sold
}

// Area is a part of the house. A seated area has rows, a general one a capacity.
type Area struct {
	ID            string
	Name          string // may be empty
	Kind          Kind
	Rows          []Row
	Capacity      int
	PriceCategory string // id of one of the map's
}

// PriceCategory is what a place costs: the price of the first tier that is
// neither over nor sold out, after the last Price.
type PriceCategory struct {
	ID          string
	Name        string
	Price       money.Money
	Tiers       []Tier // the earliest end first
	Concessions []Concession
	// When its sale opens and closes within that of the performance; zero: with it.
	SalesOpenAt, SalesCloseAt time.Time
}

// Tier is a price until an instant, or for so many places.
type Tier struct {
	ID       string
	Name     string
	Price    money.Money
	Until    time.Time
	Quantity *int // nil for all
}

// Concession is a reduced price for some buyers: a price of its own, or so much
// off the one in force.
type Concession struct {
	ID         string
	Name       string
	Price      *money.Money // nil for a percentage
	PercentOff string       // empty for a price
}

// Capacity is how many places an area has.
type Capacity struct {
	AreaID string
	Places int
}

// Map is a valid seat map. It never changes and may be shared; neither may what
// its methods return.
type Map struct {
	areas       []Area
	categories  []PriceCategory
	allocations []Allocation
}

// MixedCurrenciesError reports prices in more than one currency.
type MixedCurrenciesError struct {
	Currencies []string // at least two, in the order of the price categories
}

// Error implements error.
func (e *MixedCurrenciesError) Error() string {
	return fmt.Sprintf("prices in more than one currency: %v", e.Currencies)
}

// Restore returns a map that New accepted before, as it was stored. It checks
// nothing.
func Restore(areas []Area, categories []PriceCategory) Map {
	return Map{areas: areas, categories: categories}
}

// Areas returns the areas in the order they were given.
func (m Map) Areas() []Area { return m.areas }

// PriceCategories returns the price categories in the order they were given.
func (m Map) PriceCategories() []PriceCategory { return m.categories }

// Currency returns the currency of all prices.
func (m Map) Currency() string {
	if len(m.categories) == 0 {
		return ""
	}
	return m.categories[0].Price.Currency
}

// Capacities counts the places of each area that are sold, in the order of
// ForSale. It reads every row, so keep the result.
func (m Map) Capacities() []Capacity {
	areas := m.ForSale()
	capacities := make([]Capacity, len(areas))
	for i, area := range areas {
		capacities[i] = Capacity{AreaID: area.ID, Places: area.Capacity}
		for _, row := range area.Rows {
			seats, err := ParseSeats(row.Seats)
			if err != nil {
				continue // New lets no such row in
			}
			capacities[i].Places += len(seats)
		}
	}
	return capacities
}
