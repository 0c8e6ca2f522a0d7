package app

import (
	"errors"

	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// tidySearch is how many partitions with room are looked at for seats that leave
// none alone, before the first that are side by side are good enough. In a house of
// 4,096 places that is all of it.
const tidySearch = 64

// best takes seats side by side, never wheelchair and companions' places: those in
// the best partition where no single seat is left alone, else in the best.
func (t *taker) best(area *seatmap.AreaLayout, quantity int, held hold.Item) (hold.Item, error) {
	const batch = 4
	var untidy *touched
	var seats inventory.Slots
	for limit, looked := batch, 0; ; limit *= 2 {
		partitions, err := t.tx.FreePartitions(area, t.performance.ID, quantity, 0, limit, t.now)
		if err != nil {
			return held, err
		}
		for _, state := range partitions[looked:] {
			partition := t.touch(area, state)
			free := partition.free(t.now) & area.Ordinary(state.Number)
			chosen, found := inventory.BestRun(free, area.Adjacent(state.Number), quantity)
			switch {
			case found && !inventory.LeavesSingle(free, area.Adjacent(state.Number), chosen):
				return partition.sit(chosen, held), nil
			case found && untidy == nil:
				untidy, seats = partition, chosen
			}
		}
		looked = len(partitions)
		switch last := looked < limit; {
		case untidy != nil && (last || looked >= tidySearch):
			return untidy.sit(seats, held), nil
		case last:
			return held, ErrSoldOut
		}
	}
}

// groups takes seats side by side or, where there are not so many, in groups that
// are as large as can be.
func (t *taker) groups(area *seatmap.AreaLayout, quantity int, held hold.Item) (hold.Item, error) {
	for size := quantity; quantity > 0; size = min(size, quantity) {
		before := held.Quantity()
		next, err := t.best(area, size, held)
		switch {
		case err == nil:
			held = next
			quantity -= held.Quantity() - before
		case !errors.Is(err, ErrSoldOut) || size == 1:
			return held, err
		default:
			size--
		}
	}
	return held, nil
}

// wheelchair takes seats side by side of which exactly so many are wheelchair
// places; the others are whatever is beside them, companions' seats too. The
// partitions that have such places are few, and looked at in turn.
func (t *taker) wheelchair(area *seatmap.AreaLayout, quantity, places int, held hold.Item) (hold.Item, error) {
	for number := range area.Partitions() {
		if area.Wheelchair(number).Count() < places {
			continue
		}
		partition, err := t.partition(area, number)
		if err != nil {
			return held, err
		}
		chosen, found := inventory.BestRunWith(partition.free(t.now), area.Adjacent(number), area.Wheelchair(number), quantity, places)
		if found {
			return partition.sit(chosen, held), nil
		}
	}
	return held, ErrSoldOut
}

// sit takes the seats for an item.
func (p *touched) sit(chosen inventory.Slots, held hold.Item) hold.Item {
	p.taken |= chosen
	seats := p.area.PartitionSeats(p.state.Number)
	chosen.Each(func(slot int) {
		held.Seats = append(held.Seats, seats[slot].ID)
		held.Places = append(held.Places, seats[slot].Place)
	})
	return held
}
