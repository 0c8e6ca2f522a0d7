package tickets_test

import (
	"errors"
	"fmt"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// change is a seat map that shows has told, and that may not have arrived.
type change struct {
	eventID id.ID
	show    *performance.Performance
}

// changeSeatMap asks for another seat map, as shows does, and tells it.
func (m *model) changeSeatMap() {
	m.redeliver()
	if m.store.dead || m.show.Cancelled {
		return
	}
	rows := []seatmap.Row{{Label: "A", Seats: rapid.SampledFrom([]string{"1-3", "1-4", "1-2", "2-5", "3,1"}).Draw(m.T, "row A")}}
	if rapid.Bool().Draw(m.T, "row B") {
		rows = append(rows, seatmap.Row{Label: "B", Seats: "1-2"})
	}
	next := *m.show
	next.Version, next.SeatMapVersion = m.show.Version+1, m.show.SeatMapVersion+1
	if next.Allocations = nil; rows[0].Seats == "1-4" || rows[0].Seats == "2-5" {
		next.Allocations = friendsSeat
	}
	m.ok(next.LayOut([]seatmap.Area{
		{ID: "stalls", Kind: seatmap.Seated, PriceCategory: "I", Rows: rows},
		{ID: "floor", Kind: seatmap.General, PriceCategory: "II", Capacity: rapid.IntRange(1, 5).Draw(m.T, "floor")},
	}))
	err := m.selling.PrepareSeatMap(m.ctx, organizer, app.SeatMapChange{PerformanceID: next.ID, Version: next.SeatMapVersion, Areas: next.Areas})
	var taken *app.SeatsTakenError
	switch {
	case errors.Is(err, errCrash):
		return // shows was not answered, and changes nothing
	case errors.As(err, &taken):
		m.stands(taken, &next)
		return
	}
	m.ok(err)
	m.pending = &change{id.New(), &next}
	m.redeliver()
}

// redeliver brings the event of a change that has not arrived.
func (m *model) redeliver() {
	if m.pending == nil {
		return
	}
	told := *m.pending.show
	m.ok(told.LayOut(told.Areas)) // as it is read from the event
	err := m.refusal(m.selling.UpdatePerformance(m.ctx, "model", m.pending.eventID, &told))
	known, readErr := m.store.Performance(m.ctx, m.show.ID)
	m.ok(readErr)
	m.show = known
	if err == nil {
		m.pending = nil
	}
}

// stands checks that a change is refused for what there is: each ticket that it
// names has a place that the next seat map has not, or of which it has too few.
func (m *model) stands(taken *app.SeatsTakenError, next *performance.Performance) {
	m.Helper()
	if len(taken.Tickets)+len(taken.Seats) == 0 {
		m.Fatal("refused for nothing")
	}
	for _, t := range taken.Tickets {
		area := next.Layout.Area(t.AreaID)
		if _, there := area.Locate(t.Seat); area.Kind == seatmap.Seated && there {
			m.Fatalf("%s is refused, and the next seat map has it", t.Seat)
		}
		if current := m.read().tickets[t.ID]; current.ID != t.ID {
			m.Fatalf("%s is no ticket", t.ID)
		}
	}
}

// there returns those of the seats that the seat map has.
func (m *model) there(seats []string) []string {
	var there []string
	for _, seatID := range seats {
		if _, found := m.show.Layout.Area("stalls").Locate(seatID); found {
			there = append(there, seatID)
		}
	}
	return there
}

// heldBy returns what of a partition holds have, and not a change of the seat map.
func (m *model) heldBy(p inventory.Partition, holds map[id.ID]hold.Hold) inventory.Slots {
	var held inventory.Slots
	for _, claim := range p.Claims {
		if _, known := holds[claim.HoldID]; known && claim.Until.After(m.clock.Now()) {
			held |= claim.Slots
		}
	}
	return held
}

// fits checks that an area has as many places as its seat map says, once that is
// all that it was told.
func (m *model) fits(area *seatmap.AreaLayout, seats map[inventory.Key]inventory.Partition) {
	m.Helper()
	places := 0
	for number := range area.Partitions() {
		p := seats[inventory.Key{PerformanceID: m.show.ID, AreaID: area.ID, Number: number}]
		if places += p.Capacity - p.Closed.Count(); p.Sold&p.Closed != 0 {
			m.Fatalf("%s: %b is sold, %b is closed", area.ID, p.Sold, p.Closed)
		}
	}
	if m.pending == nil && places != area.Places() {
		m.Fatalf("%s has %d places, the seat map %d: %s", area.ID, places, area.Places(), fmt.Sprint(seats))
	}
}
