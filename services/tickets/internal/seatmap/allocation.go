package seatmap

import (
	"fmt"
	"slices"

	"ticketmesh.dev/services/tickets/internal/inventory"
)

// Allocation is places that only one channel sells: rows of a seated area, or a
// quantity of a general one.
type Allocation struct {
	ID       string
	Channel  string
	AreaID   string
	Rows     []Row `json:",omitempty"` // labels and seats alone
	Quantity int   `json:",omitempty"`
}

// kept is what a channel has of a partition.
type kept struct {
	channel string
	slots   inventory.Slots
}

// Allocate gives channels their places, but for the allocations that are
// released, or says with ErrMalformed that there are no such places or that they
// are given twice. In a general area the first allocation has the first places
// and the next those that follow, whether it is released or not: so they stay
// whose they are. It is for who makes the layout, before it is shared.
func (l *Layout) Allocate(allocations []Allocation, released []string) error {
	next := map[string]int{} // places of general areas that were given
	for _, allocation := range allocations {
		area := l.Area(allocation.AreaID)
		if area == nil || (area.Kind == General) != (allocation.Quantity > 0) || allocation.Quantity > area.places-next[area.ID] {
			return fmt.Errorf("%w: area %q has not the places of allocation %q", ErrMalformed, allocation.AreaID, allocation.ID)
		}
		places, err := area.placesOf(allocation.Rows)
		if err != nil {
			return fmt.Errorf("allocation %q: %w", allocation.ID, err)
		}
		for range allocation.Quantity {
			places = append(places, inventory.Place{Partition: next[area.ID] / inventory.MaxPlaces, Slot: next[area.ID] % inventory.MaxPlaces})
			next[area.ID]++
		}
		if slices.Contains(released, allocation.ID) {
			continue
		}
		for _, place := range places {
			if area.Kept(place.Partition)&(1<<place.Slot) != 0 {
				return fmt.Errorf("%w: a place of allocation %q is another's", ErrMalformed, allocation.ID)
			}
			area.keep(place, allocation.Channel)
		}
	}
	return nil
}

func (a *AreaLayout) placesOf(rows []Row) ([]inventory.Place, error) {
	var places []inventory.Place
	for _, row := range rows {
		numbers, err := expand(row.Seats)
		if err != nil {
			return nil, err
		}
		for _, number := range numbers {
			seat, known := a.Locate(row.Label + "-" + number)
			if !known {
				return nil, fmt.Errorf("%w: row %q has no seat %q to allocate", ErrMalformed, row.Label, number)
			}
			places = append(places, seat.Place)
		}
	}
	return places, nil
}

func (a *AreaLayout) keep(place inventory.Place, channel string) {
	if a.kept == nil {
		a.kept = map[int][]kept{}
	}
	partition := a.kept[place.Partition]
	for i := range partition {
		if partition[i].channel == channel {
			partition[i].slots |= 1 << place.Slot
			return
		}
	}
	a.kept[place.Partition] = append(partition, kept{channel, 1 << place.Slot})
}

// Kept returns the slots of a partition that are some channel's.
func (a *AreaLayout) Kept(partition int) inventory.Slots {
	var slots inventory.Slots
	for _, of := range a.kept[partition] {
		slots |= of.slots
	}
	return slots
}

// KeptFrom returns the slots of a partition that the channel must not sell since
// they are another's. The public's channel is "".
func (a *AreaLayout) KeptFrom(channel string, partition int) inventory.Slots {
	var slots inventory.Slots
	for _, of := range a.kept[partition] {
		if of.channel != channel {
			slots |= of.slots
		}
	}
	return slots
}
