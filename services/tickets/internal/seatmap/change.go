package seatmap

import (
	"errors"
	"fmt"
	"slices"

	"ticketmesh.dev/services/tickets/internal/inventory"
)

// ErrKindChanged reports an area that would have seats where an earlier seat map
// has a capacity, or the other way round. Their places cannot be told apart.
var ErrKindChanged = errors.New("an area keeps its kind")

// Change lays another seat map out over this one: every place that both have, by
// the ids of its area and seat, stays where it is. Errors: ErrMalformed,
// ErrKindChanged.
func (l *Layout) Change(areas []Area) (*Layout, error) {
	return Restore(areas, l.allGround())
}

// Ground is what Restore needs beside the areas: what earlier seat maps had, in
// the order of its places. It is nil as long as the seat map never changed.
func (l *Layout) Ground() []Area { return l.ground }

func (l *Layout) allGround() []Area {
	if l.ground != nil {
		return l.ground
	}
	ground := make([]Area, len(l.areas))
	for i, laid := range l.areas {
		ground[i] = laid.ground(Area{})
	}
	return ground
}

// settle records what the layout lies on, and lays out the areas of earlier seat
// maps that are gone.
func (l *Layout) settle(below []Area) error {
	l.ground = make([]Area, 0, len(below))
	for _, area := range below {
		laid := l.laid[area.ID]
		if laid == nil {
			laid = &AreaLayout{Area: Area{ID: area.ID, Kind: area.Kind, PriceCategory: area.PriceCategory}}
			if err := laid.lay(area); err != nil {
				return fmt.Errorf("area %q: %w", area.ID, err)
			}
			if err := l.add(laid); err != nil {
				return err
			}
		}
		l.ground = append(l.ground, laid.ground(area))
	}
	for _, laid := range l.areas {
		if !slices.ContainsFunc(below, func(area Area) bool { return area.ID == laid.ID }) {
			l.ground = append(l.ground, laid.ground(Area{}))
		}
	}
	return nil
}

// ground is the area as ground: the rows of below, and after them what has been
// added.
func (a *AreaLayout) ground(below Area) Area {
	ground := Area{ID: a.ID, Kind: a.Kind, PriceCategory: a.PriceCategory, Capacity: a.slots, Rows: slices.Concat(below.Rows, a.added)}
	if a.Kind == Seated {
		ground.Capacity = 0
	}
	return ground
}

// Laid returns the area also when it is one of an earlier seat map, or the quota;
// nil when there never was one of that id.
func (l *Layout) Laid(areaID string) *AreaLayout {
	if inventory.IsQuota(areaID) {
		return l.Quota(areaID)
	}
	return l.laid[areaID]
}

// LaidAreas returns the areas of this seat map and of earlier ones, in no order.
func (l *Layout) LaidAreas() []*AreaLayout {
	all := make([]*AreaLayout, 0, len(l.laid))
	for _, laid := range l.laid {
		all = append(all, laid)
	}
	return all
}

// Gone returns the slots of a partition whose seats this seat map has not; of a
// general area none, as its places have no names.
func (a *AreaLayout) Gone(partition int) inventory.Slots {
	if a.Kind != Seated {
		return 0
	}
	return a.gone[partition]
}

// Missing returns how many of a general area's slots are not for sale.
func (a *AreaLayout) Missing() int {
	if a.Kind == Seated {
		return 0
	}
	return a.slots - a.places
}

// Same reports whether the partition has the same places, for sale alike and side
// by side alike, as it has in another layout of the area.
func (a *AreaLayout) Same(as *AreaLayout, partition int) bool {
	return a.PartitionCapacity(partition) == as.PartitionCapacity(partition) && a.Gone(partition) == as.Gone(partition) &&
		a.Adjacent(partition) == as.Adjacent(partition) && a.Ordinary(partition) == as.Ordinary(partition)
}
