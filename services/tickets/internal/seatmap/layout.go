// Package seatmap reads a performance's seat map and lays its places out in
// inventory partitions: who is next to whom, and which partition and slot a
// seat has. It knows nothing of what is free or sold.
package seatmap

import (
	"errors"
	"fmt"
	"strings"

	"ticketmesh.dev/services/tickets/internal/inventory"
)

// ErrMalformed reports a seat map that cannot be laid out.
var ErrMalformed = errors.New("malformed seat map")

// Kind tells how the places of an area are sold.
type Kind string

// The kinds of areas.
const (
	Seated  Kind = "seated"
	General Kind = "general"
)

// Row is a row of seats in compact form, as the contract has it.
type Row struct {
	Label      string
	Seats      string   // "1-11,13,15" in physical order
	AisleAfter []string // an aisle cuts the row after these seats
	Wheelchair []string
	Companion  []string // for who comes with somebody in a wheelchair place
}

// Area is an area of the seat map in compact form.
type Area struct {
	ID            string
	Name          string
	Kind          Kind
	Rows          []Row
	Capacity      int
	PriceCategory string
}

// Seat is a seat of a seated area.
type Seat struct {
	ID    string // <row>-<number>
	Place inventory.Place
	// Reserved says that it is a wheelchair or a companion's place, which is
	// sold by name only.
	Reserved bool
	// NextAdjacent says that the seat after this one in the same row, with no
	// aisle between, has the next slot of the same partition.
	NextAdjacent bool
}

// AreaLayout is an area with its partitions.
type AreaLayout struct {
	Area
	places     int
	partitions int
	seats      []Seat // by partition, then slot
	starts     []int  // index in seats of each partition's first
	adjacent   []inventory.Slots
	ordinary   []inventory.Slots
	rows       map[string]map[string]int32
	kept       map[int][]kept // by partition
}

// Layout is a laid-out seat map. It never changes, so it may be shared.
type Layout struct {
	areas []*AreaLayout
	byID  map[string]*AreaLayout
	seats int

	quotas    []*AreaLayout
	quotaByID map[string]*AreaLayout
}

// maxSeats bounds what a few bytes of ranges can expand to. The largest stadiums
// have a tenth of it.
const maxSeats = 1_000_000

// New lays the areas out, or says with ErrMalformed what is wrong with them.
func New(areas []Area) (*Layout, error) {
	layout := &Layout{byID: make(map[string]*AreaLayout, len(areas))}
	for _, area := range areas {
		if _, twice := layout.byID[area.ID]; twice || area.ID == "" || inventory.IsQuota(area.ID) {
			return nil, fmt.Errorf("%w: area %q is empty, a quota's or there twice", ErrMalformed, area.ID)
		}
		laid := &AreaLayout{Area: area}
		switch area.Kind {
		case Seated:
			if err := laid.seat(); err != nil {
				return nil, fmt.Errorf("area %q: %w", area.ID, err)
			}
		case General:
			if area.Capacity < 1 {
				return nil, fmt.Errorf("%w: area %q has no capacity", ErrMalformed, area.ID)
			}
			laid.number()
		default:
			return nil, fmt.Errorf("%w: area %q has kind %q", ErrMalformed, area.ID, area.Kind)
		}
		layout.seats += len(laid.seats)
		if layout.seats > maxSeats {
			return nil, fmt.Errorf("%w: more than %d seats", ErrMalformed, maxSeats)
		}
		layout.areas = append(layout.areas, laid)
		layout.byID[area.ID] = laid
	}
	if len(layout.areas) == 0 {
		return nil, fmt.Errorf("%w: no areas", ErrMalformed)
	}
	return layout, nil
}

// seat packs whole rows into partitions, best first; only a row that is longer
// than a partition is cut.
func (a *AreaLayout) seat() error {
	a.rows = make(map[string]map[string]int32, len(a.Rows))
	partition, slot := 0, 0
	a.starts = append(a.starts, 0)
	next := func() {
		partition++
		slot = 0
		a.starts = append(a.starts, len(a.seats))
	}
	for _, row := range a.Rows {
		numbers, err := expand(row.Seats)
		if err != nil {
			return fmt.Errorf("row %q: %w", row.Label, err)
		}
		if _, twice := a.rows[row.Label]; twice || row.Label == "" {
			return fmt.Errorf("%w: row %q is empty or there twice", ErrMalformed, row.Label)
		}
		index := make(map[string]int32, len(numbers))
		for i, number := range numbers {
			index[number] = int32(i)
		}
		aisle, reserved, err := marks(row, index)
		if err != nil {
			return err
		}
		if len(a.seats)+len(numbers) > maxSeats {
			return fmt.Errorf("%w: more than %d seats", ErrMalformed, maxSeats)
		}
		if slot > 0 && slot+len(numbers) > inventory.MaxPlaces {
			next()
		}
		for i, number := range numbers {
			if slot == inventory.MaxPlaces {
				next()
			}
			index[number] = int32(len(a.seats))
			a.seats = append(a.seats, Seat{
				ID:           row.Label + "-" + number,
				Place:        inventory.Place{Partition: partition, Slot: slot},
				Reserved:     reserved[number],
				NextAdjacent: i+1 < len(numbers) && !aisle[number] && slot+1 < inventory.MaxPlaces,
			})
			slot++
		}
		a.rows[row.Label] = index
	}
	if len(a.seats) == 0 {
		return fmt.Errorf("%w: no seats", ErrMalformed)
	}
	a.places, a.partitions = len(a.seats), partition+1
	a.adjacent = make([]inventory.Slots, a.partitions)
	a.ordinary = make([]inventory.Slots, a.partitions)
	for _, seat := range a.seats {
		bit := inventory.Slots(1) << seat.Place.Slot
		if seat.NextAdjacent {
			a.adjacent[seat.Place.Partition] |= bit
		}
		if !seat.Reserved {
			a.ordinary[seat.Place.Partition] |= bit
		}
	}
	return nil
}

func marks(row Row, index map[string]int32) (aisle, reserved map[string]bool, err error) {
	aisle, reserved = map[string]bool{}, map[string]bool{}
	for _, mark := range []struct {
		numbers []string
		set     map[string]bool
	}{{row.AisleAfter, aisle}, {row.Wheelchair, reserved}, {row.Companion, reserved}} {
		for _, number := range mark.numbers {
			if _, exists := index[number]; !exists {
				return nil, nil, fmt.Errorf("%w: row %q has no seat %q to mark", ErrMalformed, row.Label, number)
			}
			mark.set[number] = true
		}
	}
	return aisle, reserved, nil
}

// Areas returns the areas in the order of the seat map.
func (l *Layout) Areas() []*AreaLayout { return l.areas }

// Area returns the area, or nil when there is none of that id.
func (l *Layout) Area(areaID string) *AreaLayout { return l.byID[areaID] }

// Places returns how many places all areas have.
func (l *Layout) Places() int {
	total := 0
	for _, area := range l.areas {
		total += area.places
	}
	return total
}

// Places returns how many places the area has.
func (a *AreaLayout) Places() int { return a.places }

// Partitions returns how many partitions the area has, numbered from 0.
func (a *AreaLayout) Partitions() int { return a.partitions }

// PartitionCapacity returns how many places the partition has.
func (a *AreaLayout) PartitionCapacity(partition int) int {
	if a.Kind == Seated {
		return len(a.PartitionSeats(partition))
	}
	if partition == a.partitions-1 {
		return a.places - partition*inventory.MaxPlaces
	}
	return inventory.MaxPlaces
}

// PartitionSeats returns the seats of a partition by slot; none in a general area.
func (a *AreaLayout) PartitionSeats(partition int) []Seat {
	if a.Kind != Seated {
		return nil
	}
	end := len(a.seats)
	if partition+1 < len(a.starts) {
		end = a.starts[partition+1]
	}
	return a.seats[a.starts[partition]:end]
}

// Adjacent returns the slots of a partition whose next slot is the seat beside.
func (a *AreaLayout) Adjacent(partition int) inventory.Slots {
	if a.Kind != Seated {
		return 0
	}
	return a.adjacent[partition]
}

// Ordinary returns the slots of a partition that are neither wheelchair nor
// companions' places; of a general area all.
func (a *AreaLayout) Ordinary(partition int) inventory.Slots {
	if a.Kind != Seated {
		return ^inventory.Slots(0)
	}
	return a.ordinary[partition]
}

// Locate finds a seat by its id within the area.
func (a *AreaLayout) Locate(seatID string) (Seat, bool) {
	// The number has no hyphen; a row's label may.
	cut := strings.LastIndexByte(seatID, '-')
	if cut < 0 {
		return Seat{}, false
	}
	index, found := a.rows[seatID[:cut]][seatID[cut+1:]]
	if !found {
		return Seat{}, false
	}
	return a.seats[index], true
}

// Room returns how many of a partition's free places can be had together: side by
// side and for anybody in a seated area, all of them in a general one.
func (a *AreaLayout) Room(partition int, free inventory.Slots) int {
	if a.Kind == General {
		return free.Count()
	}
	return inventory.LongestRun(free&a.Ordinary(partition), a.Adjacent(partition))
}
