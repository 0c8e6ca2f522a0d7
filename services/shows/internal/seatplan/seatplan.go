// Package seatplan is the plan of a house that performances are set up from:
// areas, rows and seats, without prices. It is kept in versions: a performance
// has the version it was set up from, whatever becomes of the plan.
package seatplan

import (
	"fmt"
	"reflect"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/violation"
)

const (
	maxName       = 200
	maxCategories = 100
	maxCategoryID = 64

	firstVersion = 1
)

// Category is a price category that areas name. What it costs is said by each
// performance.
type Category struct {
	ID   string
	Name string
}

// Details are what its organizer says about a plan.
type Details struct {
	Name        string
	Areas       []seatmap.Area
	Categories  []Category
	Allocations []seatmap.Allocation
}

// State is everything there is to a version of a plan.
type State struct {
	ID          id.ID
	OrganizerID string
	Details
	Version int // from 1
}

// Plan is one version of a plan that keeps its rules. What its methods return
// must not be changed.
type Plan struct {
	state State
}

// Finding is something that a foreign format says and a plan cannot, or the
// other way round, or that was made out of what is there.
type Finding struct {
	Where   string // the first place of it: a JSON pointer into the document, an area or a seat
	Count   int    // how many places there are
	Message string
}

// New makes the first version of a plan, or fails with a *violation.Error.
func New(planID id.ID, organizerID string, details Details) (Plan, error) {
	if err := details.check(); err != nil {
		return Plan{}, err
	}
	return Plan{State{ID: planID, OrganizerID: organizerID, Details: details, Version: firstVersion}}, nil
}

// Restore returns the plan that State described.
func Restore(s State) Plan { return Plan{s} }

// State returns all there is to it.
func (p Plan) State() State { return p.state }

// Replace makes the next version. The same details make none: changed is false
// then. It fails with a *violation.Error.
func (p Plan) Replace(details Details) (next Plan, changed bool, err error) {
	if err := details.check(); err != nil {
		return p, false, err
	}
	if reflect.DeepEqual(details, p.state.Details) {
		return p, false, nil
	}
	p.state.Details = details
	p.state.Version++
	return p, true, nil
}

// OwnedBy reports whether the plan is the organizer's.
func (p Plan) OwnedBy(subject string) bool { return subject != "" && p.state.OrganizerID == subject }

// Places counts the places that are sold, numbered or not. It reads every row.
func (p Plan) Places() int {
	total := 0
	for _, capacity := range seatmap.Restore(p.state.Areas, nil).Capacities() {
		total += capacity.Places
	}
	return total
}

// Priced is the seat map of the plan at these prices: one for each of its
// categories that an area has. A name that is left empty is the plan's. Paths
// in the *violation.Error begin with prefix; several currencies are a
// *seatmap.MixedCurrenciesError.
func (p Plan) Priced(prefix string, prices []seatmap.PriceCategory) (seatmap.Map, error) {
	names := make(map[string]string, len(p.state.Categories))
	for _, category := range p.state.Categories {
		names[category.ID] = category.Name
	}
	var list violation.List
	priced := make([]seatmap.PriceCategory, len(prices))
	given := make(map[string]bool, len(prices))
	for i, price := range prices {
		name, known := names[price.ID]
		if !known {
			list.Add(fmt.Sprintf("%spriceCategories[%d].id", prefix, i), "%q is not a category of the plan", price.ID)
		}
		if price.Name == "" {
			price.Name = name
		}
		given[price.ID] = true
		priced[i] = price
	}
	for _, area := range p.state.Areas {
		if !given[area.PriceCategory] {
			given[area.PriceCategory] = true
			list.Add(prefix+"priceCategories", "must have a price for %q", area.PriceCategory)
		}
	}
	if err := list.Err(); err != nil {
		return seatmap.Map{}, err
	}
	m, err := seatmap.New(prefix, p.state.Areas, priced)
	if err != nil {
		return seatmap.Map{}, err
	}
	return m.RestoreAllocations(p.state.Allocations), nil
}

func (d Details) check() error {
	var list violation.List
	list.Text("name", d.Name, maxName, true)
	if len(d.Categories) == 0 || len(d.Categories) > maxCategories {
		list.Add("priceCategories", "must have 1 to %d entries", maxCategories)
	}
	ids := make([]string, 0, len(d.Categories))
	seen := make(map[string]bool, len(d.Categories))
	for i, category := range d.Categories {
		path := fmt.Sprintf("priceCategories[%d]", i)
		list.Text(path+".id", category.ID, maxCategoryID, true)
		list.Text(path+".name", category.Name, maxName, true)
		if seen[category.ID] {
			list.Add(path+".id", "%q is there twice", category.ID)
		}
		seen[category.ID] = true
		ids = append(ids, category.ID)
	}
	if err := list.Err(); err != nil {
		return err
	}
	if err := seatmap.CheckAreas("", d.Areas, ids); err != nil {
		return err
	}
	return seatmap.CheckAllocations("", d.Areas, d.Allocations)
}
