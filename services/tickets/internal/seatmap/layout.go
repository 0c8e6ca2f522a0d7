// Package seatmap reads a performance's seat map and lays its places out in
// inventory partitions: who is next to whom, and which partition and slot a
// seat has. A place keeps both for good, also when the seat map changes. It
// knows nothing of what is free or sold.
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
	// not sold unless it is asked for.
	Reserved bool
	// NextAdjacent says that the seat after this one in the same row, with no
	// aisle between, has the next slot of the same partition.
	NextAdjacent bool
	// Gone says that an earlier seat map had it and this one has not.
	Gone bool
}

// AreaLayout is an area with its partitions.
type AreaLayout struct {
	Area
	places     int // for sale
	slots      int // there ever were
	partitions int
	seats      []Seat // by partition, then slot
	starts     []int  // index in seats of each partition's first
	adjacent   []inventory.Slots
	ordinary   []inventory.Slots
	wheelchair []inventory.Slots
	gone       []inventory.Slots
	rows       map[string]map[string]int32
	added      []Row          // seats that no earlier seat map had, as they were packed
	kept       map[int][]kept // by partition
}

// Layout is a laid-out seat map. It never changes, so it may be shared.
type Layout struct {
	areas  []*AreaLayout
	laid   map[string]*AreaLayout // those of earlier seat maps too
	ground []Area                 // nil: the areas themselves
	seats  int

	quotas    []*AreaLayout
	quotaByID map[string]*AreaLayout
}

// maxSeats bounds what a few bytes of ranges can expand to. The largest stadiums
// have a tenth of it.
const maxSeats = 1_000_000

// New lays the areas out, or says with ErrMalformed what is wrong with them.
func New(areas []Area) (*Layout, error) { return Restore(areas, nil) }

// Restore lays the areas out on the ground that Ground returned before. Errors:
// ErrMalformed, ErrKindChanged.
func Restore(areas, ground []Area) (*Layout, error) {
	layout := &Layout{laid: make(map[string]*AreaLayout, len(areas))}
	earlier := make(map[string]Area, len(ground))
	for _, area := range ground {
		earlier[area.ID] = area
	}
	for _, area := range areas {
		if _, twice := layout.laid[area.ID]; twice || area.ID == "" || inventory.IsQuota(area.ID) {
			return nil, fmt.Errorf("%w: area %q is empty, a quota's or there twice", ErrMalformed, area.ID)
		}
		below, known := earlier[area.ID]
		if known && below.Kind != area.Kind {
			return nil, fmt.Errorf("%w: area %q", ErrKindChanged, area.ID)
		}
		laid := &AreaLayout{Area: area}
		if err := laid.lay(below); err != nil {
			return nil, fmt.Errorf("area %q: %w", area.ID, err)
		}
		if laid.places == 0 {
			return nil, fmt.Errorf("%w: area %q has no places", ErrMalformed, area.ID)
		}
		layout.areas = append(layout.areas, laid)
		if err := layout.add(laid); err != nil {
			return nil, err
		}
	}
	if len(layout.areas) == 0 {
		return nil, fmt.Errorf("%w: no areas", ErrMalformed)
	}
	if ground == nil {
		return layout, nil
	}
	return layout, layout.settle(ground)
}

func (l *Layout) add(laid *AreaLayout) error {
	l.laid[laid.ID] = laid
	l.seats += len(laid.seats)
	if l.seats > maxSeats {
		return fmt.Errorf("%w: more than %d seats", ErrMalformed, maxSeats)
	}
	return nil
}

// lay gives every place its partition and slot, those of below first.
func (a *AreaLayout) lay(below Area) error {
	switch a.Kind {
	case Seated:
		return a.seat(below)
	case General:
		a.number(below.Capacity)
		return nil
	default:
		return fmt.Errorf("%w: it has kind %q", ErrMalformed, a.Kind)
	}
}

// seat packs whole rows into partitions, best first; only a row that is longer
// than a partition is cut. Seats that were not there before come after all others.
func (a *AreaLayout) seat(below Area) error {
	a.rows = make(map[string]map[string]int32, len(a.Rows))
	a.starts = append(a.starts, 0)
	if err := a.pack(below.Rows); err != nil {
		return err
	}
	numbers := make([][]string, len(a.Rows))
	fresh := make([]Row, 0, len(a.Rows))
	labels := make(map[string]bool, len(a.Rows))
	for i, row := range a.Rows {
		if labels[row.Label] || row.Label == "" {
			return fmt.Errorf("%w: row %q is empty or there twice", ErrMalformed, row.Label)
		}
		labels[row.Label] = true
		var err error
		if numbers[i], err = expand(row.Seats); err != nil {
			return fmt.Errorf("row %q: %w", row.Label, err)
		}
		if missing := a.missing(row, numbers[i]); missing != "" {
			fresh = append(fresh, Row{Label: row.Label, Seats: missing})
		}
	}
	if err := a.pack(fresh); err != nil {
		return err
	}
	a.added = fresh
	a.slots = len(a.seats)
	a.partitions = len(a.starts)
	a.adjacent, a.ordinary = make([]inventory.Slots, a.partitions), make([]inventory.Slots, a.partitions)
	a.gone, a.wheelchair = make([]inventory.Slots, a.partitions), make([]inventory.Slots, a.partitions)
	for number := range a.partitions {
		a.gone[number] = inventory.First(len(a.PartitionSeats(number)))
	}
	for i, row := range a.Rows {
		if err := a.mark(row, numbers[i]); err != nil {
			return err
		}
	}
	return nil
}

// missing returns the seats of a row that have no place yet.
func (a *AreaLayout) missing(row Row, numbers []string) string {
	known := a.rows[row.Label]
	if known == nil {
		return row.Seats
	}
	var missing []string
	for _, number := range numbers {
		if _, placed := known[number]; !placed {
			missing = append(missing, number)
		}
	}
	return strings.Join(missing, ",")
}

// pack gives rows of seats the next slots. No row may be for sale yet.
func (a *AreaLayout) pack(rows []Row) error {
	for _, row := range rows {
		numbers, err := expand(row.Seats)
		if err != nil {
			return fmt.Errorf("row %q: %w", row.Label, err)
		}
		if len(a.seats)+len(numbers) > maxSeats {
			return fmt.Errorf("%w: more than %d seats", ErrMalformed, maxSeats)
		}
		index := a.rows[row.Label]
		if index == nil {
			index = make(map[string]int32, len(numbers))
			a.rows[row.Label] = index
		}
		if slot := a.nextSlot(); slot > 0 && slot+len(numbers) > inventory.MaxPlaces {
			a.starts = append(a.starts, len(a.seats))
		}
		for _, number := range numbers {
			if a.nextSlot() == inventory.MaxPlaces {
				a.starts = append(a.starts, len(a.seats))
			}
			index[number] = int32(len(a.seats))
			a.seats = append(a.seats, Seat{
				ID: row.Label + "-" + number, Place: inventory.Place{Partition: len(a.starts) - 1, Slot: a.nextSlot()}, Gone: true,
			})
		}
	}
	return nil
}

// nextSlot is how many slots the last partition has.
func (a *AreaLayout) nextSlot() int { return len(a.seats) - a.starts[len(a.starts)-1] }

// mark puts a row's seats on sale and says what they are.
func (a *AreaLayout) mark(row Row, numbers []string) error {
	index := a.rows[row.Label]
	present := make(map[string]bool, len(numbers))
	for _, number := range numbers {
		present[number] = true
	}
	aisle, wheelchair, reserved, err := marks(row, present)
	if err != nil {
		return err
	}
	for i, number := range numbers {
		seat := &a.seats[index[number]]
		bit := inventory.Slots(1) << seat.Place.Slot
		seat.Gone = false
		a.gone[seat.Place.Partition] &^= bit
		a.places++
		if seat.Reserved = reserved[number]; !seat.Reserved {
			a.ordinary[seat.Place.Partition] |= bit
		}
		if wheelchair[number] {
			a.wheelchair[seat.Place.Partition] |= bit
		}
		if i+1 == len(numbers) || aisle[number] {
			continue
		}
		after := a.seats[index[numbers[i+1]]].Place
		if seat.NextAdjacent = after.Partition == seat.Place.Partition && after.Slot == seat.Place.Slot+1; seat.NextAdjacent {
			a.adjacent[seat.Place.Partition] |= bit
		}
	}
	return nil
}

func marks(row Row, present map[string]bool) (aisle, wheelchair, reserved map[string]bool, err error) {
	aisle, wheelchair, reserved = map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, mark := range []struct {
		numbers []string
		set     map[string]bool
	}{{row.AisleAfter, aisle}, {row.Wheelchair, wheelchair}, {row.Wheelchair, reserved}, {row.Companion, reserved}} {
		for _, number := range mark.numbers {
			if !present[number] {
				return nil, nil, nil, fmt.Errorf("%w: row %q has no seat %q to mark", ErrMalformed, row.Label, number)
			}
			mark.set[number] = true
		}
	}
	return aisle, wheelchair, reserved, nil
}

// Areas returns the areas in the order of the seat map.
func (l *Layout) Areas() []*AreaLayout { return l.areas }

// Area returns the area, or nil when the seat map has none of that id.
func (l *Layout) Area(areaID string) *AreaLayout {
	if laid := l.laid[areaID]; laid != nil && laid.places > 0 {
		return laid
	}
	return nil
}

// Places returns how many places all areas have.
func (l *Layout) Places() int {
	total := 0
	for _, area := range l.areas {
		total += area.places
	}
	return total
}

// Places returns how many places the area has for sale.
func (a *AreaLayout) Places() int { return a.places }

// Partitions returns how many partitions the area has, numbered from 0.
func (a *AreaLayout) Partitions() int { return a.partitions }

// PartitionCapacity returns how many slots the partition has, those of places that
// are gone too.
func (a *AreaLayout) PartitionCapacity(partition int) int {
	if a.Kind == Seated {
		return len(a.PartitionSeats(partition))
	}
	if partition == a.partitions-1 {
		return a.slots - partition*inventory.MaxPlaces
	}
	return inventory.MaxPlaces
}

// PartitionSeats returns the seats of a partition by slot, those that are gone too;
// none in a general area.
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

// Wheelchair returns the wheelchair places of a partition; of a general area none.
func (a *AreaLayout) Wheelchair(partition int) inventory.Slots {
	if a.Kind != Seated {
		return 0
	}
	return a.wheelchair[partition]
}

// Locate finds a seat by its id within the area.
func (a *AreaLayout) Locate(seatID string) (Seat, bool) {
	// The number has no hyphen; a row's label may.
	cut := strings.LastIndexByte(seatID, '-')
	if cut < 0 {
		return Seat{}, false
	}
	index, found := a.rows[seatID[:cut]][seatID[cut+1:]]
	if !found || a.seats[index].Gone {
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
