package seatmap

import (
	"fmt"
	"slices"

	"ticketmesh.dev/services/shows/internal/sales"
)

const maxAllocations = 200

// Allocation is places that only one channel sells, until they are released.
type Allocation struct {
	ID       string
	Name     string // may be empty
	Channel  string
	AreaID   string
	Rows     []AllocatedRow // of a seated area
	Quantity int            // of a general area
}

// AllocatedRow is seats of one row.
type AllocatedRow struct {
	Label string
	Seats string // as ParseSeats reads them, in any order
}

// allocations checks them against areas that are valid.
func (v *validator) allocations(areas []Area, allocations []Allocation) {
	path := v.prefix + "allocations"
	if len(allocations) > maxAllocations {
		v.list.Add(path, "must not have more than %d entries", maxAllocations)
		return
	}
	ids := map[string]bool{}
	left := map[string]int{}                // places of general areas
	free := map[[2]string]map[string]bool{} // seats of rows that are for sale and nobody has
	for _, area := range areas {
		left[area.ID] = area.Capacity
	}
	for i, allocation := range allocations {
		if v.list.Full() {
			return
		}
		path := fmt.Sprintf("%s[%d]", path, i)
		v.list.Text(path+".id", allocation.ID, maxAreaID, true)
		if ids[allocation.ID] {
			v.list.Add(path+".id", "%q is there twice", allocation.ID)
		}
		ids[allocation.ID] = true
		v.list.Text(path+".name", allocation.Name, maxName, false)
		if !sales.IsChannel(allocation.Channel) {
			v.list.Add(path+".channel", "must be up to 32 small letters, digits, _ and -, and begin with a letter")
		}
		at := slices.IndexFunc(areas, func(a Area) bool { return a.ID == allocation.AreaID })
		switch {
		case at < 0:
			v.list.Add(path+".areaId", "%q is not an area of this seat map", shorten(allocation.AreaID))
		case areas[at].Kind == General:
			if len(allocation.Rows) > 0 {
				v.list.Add(path+".rows", "belong to a seated area only")
			}
			if allocation.Quantity < 1 || allocation.Quantity > left[allocation.AreaID] {
				v.list.Add(path+".quantity", "must be from 1 to what the area has beside other allocations")
			}
			left[allocation.AreaID] -= allocation.Quantity
		default:
			if allocation.Quantity != 0 {
				v.list.Add(path+".quantity", "belongs to a general area only")
			}
			if len(allocation.Rows) == 0 || len(allocation.Rows) > maxRows {
				v.list.Add(path+".rows", "must have 1 to %d entries in a seated area", maxRows)
			}
			for j, row := range allocation.Rows {
				v.allocatedRow(fmt.Sprintf("%s.rows[%d]", path, j), areas[at], row, free)
			}
		}
	}
}

func (v *validator) allocatedRow(path string, area Area, allocated AllocatedRow, free map[[2]string]map[string]bool) {
	key := [2]string{area.ID, allocated.Label}
	if free[key] == nil {
		at := slices.IndexFunc(area.Rows, func(r Row) bool { return r.Label == allocated.Label })
		if at < 0 {
			v.list.Add(path+".row", "%q is not a row of the area", shorten(allocated.Label))
			return
		}
		free[key] = map[string]bool{}
		seats, err := ParseSeats(area.Rows[at].Seats)
		if err != nil {
			return // it was said
		}
		for _, seat := range seats {
			free[key][seat] = !slices.Contains(area.Rows[at].OutOfSale, seat)
		}
	}
	if len(allocated.Seats) > maxCompact {
		v.list.Add(path+".seats", "must not be longer than %d characters", maxCompact)
		return
	}
	seats, err := ParseSeats(allocated.Seats)
	if err != nil {
		v.list.Add(path+".seats", "%s", err.Error())
		return
	}
	for _, seat := range seats {
		if !free[key][seat] {
			v.list.Add(path+".seats", "%q is not a seat that is for sale and in no other allocation", shorten(seat))
			return
		}
		free[key][seat] = false
	}
}

// Allocate checks allocations of the map's places and returns the map with them.
// Paths in a *violation.Error begin with prefix.
func (m Map) Allocate(prefix string, allocations []Allocation) (Map, error) {
	if err := CheckAllocations(prefix, m.areas, allocations); err != nil {
		return Map{}, err
	}
	return m.RestoreAllocations(allocations), nil
}

// CheckAllocations checks allocations of areas that are valid.
func CheckAllocations(prefix string, areas []Area, allocations []Allocation) error {
	v := validator{prefix: prefix}
	v.allocations(areas, allocations)
	return v.list.Err()
}

// RestoreAllocations returns the map with allocations that Allocate accepted
// before. It checks nothing.
func (m Map) RestoreAllocations(allocations []Allocation) Map {
	m.allocations = allocations
	return m
}

// Allocations returns the allocations in the order they were given.
func (m Map) Allocations() []Allocation { return m.allocations }

// HasAllocation reports whether the map has an allocation of that id.
func (m Map) HasAllocation(allocationID string) bool {
	return slices.ContainsFunc(m.allocations, func(a Allocation) bool { return a.ID == allocationID })
}
