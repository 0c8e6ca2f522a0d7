package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

const (
	// fencePeriod is how long the places that a seat map is to lose are kept from
	// buyers while the event that tells it is on its way.
	fencePeriod = 30 * time.Minute
	// fenceBatch is how many partitions one transaction changes. DynamoDB takes 100
	// items.
	fenceBatch = 20
	// maxNamed is how many tickets and seats a refusal names.
	maxNamed = 1000
)

// ErrSeatMapChanging reports that the seat map which is to be changed is not the
// one that is sold from: the event that tells it is on its way, or another change
// is. It may be tried again.
var ErrSeatMapChanging = errors.New("the seat map is being changed")

// SeatsTakenError names what stands in the way of a change of the seat map, at
// most maxNamed of each.
type SeatsTakenError struct {
	Tickets []ticket.Ticket // that would have no place
	Seats   []string        // held, as <areaId>/<seat>; of a general area <areaId>
}

// Error implements error.
func (e *SeatsTakenError) Error() string {
	return fmt.Sprintf("%d tickets and the holds of %d seats need places that the seat map would lose", len(e.Tickets), len(e.Seats))
}

// SeatMapChange is a seat map that a performance is to have at the version.
type SeatMapChange struct {
	PerformanceID id.ID
	Version       int
	Areas         []seatmap.Area
}

// id is the same for the same change, so that it may be asked for again.
func (c SeatMapChange) id() id.ID {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d", c.PerformanceID, c.Version)
	for _, area := range c.Areas {
		fmt.Fprintf(h, "\n%q %q %d", area.ID, area.Kind, area.Capacity)
		for _, row := range area.Rows {
			fmt.Fprintf(h, " %q %q", row.Label, row.Seats)
		}
	}
	made := id.ID(h.Sum(nil)[:16])
	made[6] = made[6]&0x0f | 0x80 // version 8: of the maker's own design
	made[8] = made[8]&0x3f | 0x80
	return made
}

// PrepareSeatMap keeps the places that a change takes away from buyers until the
// change is told, for a while. It is refused whole when one of them is sold or
// held. It may be repeated. Errors: performance.ErrNotFound, ErrForbidden,
// ErrSeatMapChanging, *SeatsTakenError, seatmap.ErrKindChanged,
// seatmap.ErrMalformed.
func (s *Selling) PrepareSeatMap(ctx context.Context, caller Caller, change SeatMapChange) error {
	show, err := s.store.Performance(ctx, change.PerformanceID)
	if err != nil {
		return err
	}
	if !caller.organizes(show.OrganizerID) {
		return ErrForbidden
	}
	if change.Version != show.SeatMapVersion+1 {
		return ErrSeatMapChanging
	}
	next, err := show.Layout.Change(change.Areas)
	if err != nil {
		return err
	}
	const attempts = 5 // a general area has places enough while buyers take the ones that were chosen
	for attempt := 1; ; attempt++ {
		f, err := s.newFitting(ctx, show, change)
		if err != nil {
			return err
		}
		lost := f.lost(next)
		taken, err := s.fence(ctx, f, lost)
		if err != nil {
			return err
		}
		if len(taken) == 0 && !f.short() {
			return nil
		}
		if attempt < attempts && !f.short() && f.onlyGeneral(taken) {
			continue
		}
		if _, err := s.fence(ctx, f, nothingOf(lost)); err != nil {
			return err
		}
		return s.nameTaken(ctx, f, taken)
	}
}

// fitting is what is to be done to the partitions of a performance for a change
// of its seat map.
type fitting struct {
	show   *performance.Performance // as it is
	change id.ID
	now    time.Time
	states map[inventory.Key]inventory.Partition
	full   []string // general areas that have not so many free places
}

func (s *Selling) newFitting(ctx context.Context, show *performance.Performance, change SeatMapChange) (*fitting, error) {
	partitions, err := s.store.Partitions(ctx, show.ID)
	if err != nil {
		return nil, err
	}
	f := &fitting{show: show, change: change.id(), now: s.clock.Now(), states: make(map[inventory.Key]inventory.Partition, len(partitions))}
	for _, p := range partitions {
		f.states[p.Key] = p
	}
	return f, nil
}

func (f *fitting) short() bool { return len(f.full) > 0 }

// onlyGeneral reports whether all that was taken is of general areas, where others
// do as well.
func (f *fitting) onlyGeneral(taken map[inventory.Key]inventory.Slots) bool {
	for key := range taken {
		if f.show.Layout.Laid(key.AreaID).Kind != seatmap.General {
			return false
		}
	}
	return true
}

func (f *fitting) key(area *seatmap.AreaLayout, number int) inventory.Key {
	return inventory.Key{PerformanceID: f.show.ID, AreaID: area.ID, Number: number}
}

// state returns a partition as it is; of one that nobody touched, free.
func (f *fitting) state(key inventory.Key) inventory.Partition {
	if state, known := f.states[key]; known {
		return state
	}
	return inventory.New(key, f.show.Layout.Laid(key.AreaID).PartitionCapacity(key.Number))
}

// lost returns the slots of each partition that the next layout has not for sale.
// Of a general area they are those that are closed already, then those that this
// change has fenced, then others that are free, from the end, those of channels last.
func (f *fitting) lost(next *seatmap.Layout) map[inventory.Key]inventory.Slots {
	lost := map[inventory.Key]inventory.Slots{}
	for _, area := range f.show.Layout.LaidAreas() {
		then := next.Laid(area.ID)
		for number := range area.Partitions() {
			if gone := then.Gone(number); gone != 0 {
				lost[f.key(area, number)] = gone
			}
		}
		missing := then.Missing()
		for _, choose := range []func(inventory.Partition) inventory.Slots{
			func(p inventory.Partition) inventory.Slots { return p.Closed },
			func(p inventory.Partition) inventory.Slots { return p.FencedBy(f.change, f.now) },
			func(p inventory.Partition) inventory.Slots { return p.Available(f.now) },
			func(p inventory.Partition) inventory.Slots { return p.Free(f.now) }, // of a channel
		} {
			for number := area.Partitions() - 1; number >= 0 && missing > 0; number-- {
				key := f.key(area, number)
				chosen := inventory.Lowest(choose(f.state(key))&^lost[key], missing)
				if missing -= chosen.Count(); chosen != 0 {
					lost[key] |= chosen
				}
			}
		}
		if missing > 0 {
			f.full = append(f.full, area.ID)
		}
	}
	return lost
}

// nothingOf is what gives back all that the fence of the slots took.
func nothingOf(lost map[inventory.Key]inventory.Slots) map[inventory.Key]inventory.Slots {
	nothing := make(map[inventory.Key]inventory.Slots, len(lost))
	for key := range lost {
		nothing[key] = 0
	}
	return nothing
}

// fence claims the slots of each partition for the change, and returns those that
// are somebody else's.
func (s *Selling) fence(ctx context.Context, f *fitting, slots map[inventory.Key]inventory.Slots) (map[inventory.Key]inventory.Slots, error) {
	taken := map[inventory.Key]inventory.Slots{}
	err := s.refit(ctx, f, f.show.Layout, maps.Keys(slots), func(p *inventory.Partition) {
		delete(taken, p.Key) // the transaction may run again
		if others := p.Fence(f.change, slots[p.Key], f.now, f.now.Add(fencePeriod)); others != 0 {
			taken[p.Key] = others
		}
	})
	return taken, err
}

// refit changes partitions, which are those of the layout, a few in a transaction,
// while the performance stays as it is.
func (s *Selling) refit(ctx context.Context, f *fitting, layout *seatmap.Layout, keys iter.Seq[inventory.Key], change func(*inventory.Partition)) error {
	for batch := range slices.Chunk(slices.Collect(keys), fenceBatch) {
		err := s.store.Update(ctx, func(tx Tx) error {
			current, err := tx.Performance(f.show.ID)
			if err != nil {
				return err
			}
			if current.Version != f.show.Version {
				return ErrSeatMapChanging
			}
			for _, key := range batch {
				state, err := tx.Partition(key)
				if err != nil {
					return err
				}
				if state.Version == 0 {
					state = f.state(key)
				}
				before := state.Version
				if change(&state); state.Version == before {
					continue
				}
				if err := tx.PutPartition(layout.Laid(key.AreaID), state); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nameTaken says whose the places are that a change cannot take away.
func (s *Selling) nameTaken(ctx context.Context, f *fitting, taken map[inventory.Key]inventory.Slots) error {
	refusal := &SeatsTakenError{}
	named := func(t ticket.Ticket) bool {
		if slices.Contains(f.full, t.AreaID) {
			return true
		}
		key := inventory.Key{PerformanceID: f.show.ID, AreaID: t.AreaID, Number: t.Place.Partition}
		bit := inventory.Slots(1) << t.Place.Slot
		found := taken[key]&bit != 0
		taken[key] &^= bit
		return found
	}
	const batch = 100
	for page := (Page{Limit: batch}); len(refusal.Tickets) < maxNamed; {
		tickets, err := s.store.TicketsByPerformance(ctx, f.show.ID, page)
		if err != nil {
			return err
		}
		for _, t := range tickets {
			if t.Status != ticket.Void && len(refusal.Tickets) < maxNamed && named(t) {
				refusal.Tickets = append(refusal.Tickets, t)
			}
		}
		if len(tickets) < batch {
			break
		}
		page.After = tickets[len(tickets)-1].ID
	}
	refusal.Seats = f.heldSeats(taken)
	return refusal
}

// heldSeats names what is left of the slots, which no ticket has.
func (f *fitting) heldSeats(left map[inventory.Key]inventory.Slots) []string {
	seats := map[string]bool{}
	for key, slots := range left {
		area := f.show.Layout.Laid(key.AreaID)
		if area.Kind == seatmap.General {
			if slots != 0 {
				seats[area.ID] = true
			}
			continue
		}
		inPartition := area.PartitionSeats(key.Number)
		slots.Each(func(slot int) { seats[area.ID+"/"+inPartition[slot].ID] = true })
	}
	for _, areaID := range f.full {
		seats[areaID] = true
	}
	sorted := slices.SortedFunc(maps.Keys(seats), strings.Compare)
	return sorted[:min(len(sorted), maxNamed)]
}

// follow lays the told performance out over the known one and brings its
// partitions in line. What is sold keeps its place, whatever was told.
func (s *Selling) follow(ctx context.Context, known, told *performance.Performance) error {
	if err := told.Follow(known); err != nil || told.Layout == known.Layout {
		return err
	}
	f, err := s.newFitting(ctx, known, SeatMapChange{PerformanceID: told.ID, Version: told.SeatMapVersion, Areas: told.Areas})
	if err != nil {
		return err
	}
	lost := f.lost(told.Layout)
	keys := map[inventory.Key]bool{}
	for _, area := range known.Layout.LaidAreas() {
		then := told.Layout.Laid(area.ID)
		for number := range area.Partitions() {
			key := f.key(area, number)
			state := f.state(key)
			if !then.Same(area, number) || state.Closed != lost[key] || state.FencedBy(f.change, f.now) != 0 {
				keys[key] = true
			}
		}
	}
	for _, quota := range known.Layout.Quotas() {
		for number := range quota.Partitions() {
			if then := told.Layout.Quota(quota.ID); then != nil && number < then.Partitions() && !then.Same(quota, number) {
				keys[f.key(quota, number)] = true
			}
		}
	}
	taken := map[inventory.Key]inventory.Slots{}
	err = s.refit(ctx, f, told.Layout, maps.Keys(keys), func(p *inventory.Partition) {
		delete(taken, p.Key) // the transaction may run again
		capacity := told.Layout.Laid(p.AreaID).PartitionCapacity(p.Number)
		if inventory.IsQuota(p.AreaID) {
			// What is held of a quota that has shrunk is sold at the price all the same.
			p.Refit(max(capacity, p.Capacity), p.All()&^inventory.First(capacity), f.change, f.now)
			return
		}
		if left := p.Refit(capacity, lost[p.Key], f.change, f.now); left != 0 {
			taken[p.Key] = left
		}
	})
	if err == nil && len(taken)+len(f.full) > 0 {
		// Only what nobody asked about, or whose answer had run out, can be told so.
		s.logger.ErrorContext(ctx, "places that are sold or held are not in the new seat map", "performance", told.ID, "seats", f.heldSeats(taken))
	}
	return err
}
