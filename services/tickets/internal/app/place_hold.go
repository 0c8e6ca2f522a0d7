package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/pricing"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// HoldRequest asks for places. HoldID is the id of the hold to be: a Repeatable
// request with the id of a hold returns that hold.
type HoldRequest struct {
	HoldID        id.ID
	Repeatable    bool
	PerformanceID id.ID
	Items         []HoldRequestItem
	Channel       string // that sells, for who organizes the show; empty: the public's
	PresaleCode   string // may be empty
}

// HoldRequestItem asks for places of one area in exactly one of three ways.
type HoldRequestItem struct {
	AreaID        string
	Seats         []string // these
	Quantity      int      // so many of a general area
	BestAvailable int      // so many side by side of a seated area
	Wheelchair    int      // exactly so many of the best available are wheelchair places
	Split         bool     // the best available may be apart
	Concessions   []ConcessionChoice
}

// places returns how many places the item asks for.
func (i HoldRequestItem) places() int { return len(i.Seats) + i.Quantity + i.BestAvailable }

// ConcessionChoice asks for so many of the places, the first of them that have no
// other, at a reduced price.
type ConcessionChoice struct {
	ID       string
	Quantity int
}

// PlaceHold sets places aside, all or nothing, at the prices that are in force;
// the hold keeps them. Errors: performance.ErrNotFound,
// performance.ErrSalesClosed, performance.ErrUnknownConcession,
// performance.ErrUnknownChannel, performance.ErrInvalidPresaleCode,
// ErrPresaleCodeExhausted, ErrForbidden, buyer.ErrLimitExceeded, *UnknownSeatError,
// *SeatsUnavailableError, ErrSoldOut, *InvalidError.
func (s *Selling) PlaceHold(ctx context.Context, caller Caller, request HoldRequest) (hold.Hold, error) {
	if err := checkItems(request.Items); err != nil {
		return hold.Hold{}, err
	}
	var placed hold.Hold
	err := s.store.Update(ctx, func(tx Tx) error {
		if request.Repeatable {
			existing, err := tx.Hold(request.HoldID)
			if err == nil && existing.CustomerID != caller.CustomerID {
				return hold.ErrNotFound
			}
			if !errors.Is(err, hold.ErrNotFound) {
				placed = existing
				return err
			}
		}
		now := s.clock.Now()
		var err error
		placed, err = take(tx, caller, request, now, now.Add(hold.Period))
		return err
	})
	return placed, err
}

// take claims the places for a new hold and stores it.
func take(tx Tx, caller Caller, request HoldRequest, now, until time.Time) (hold.Hold, error) {
	show, err := tx.Performance(request.PerformanceID)
	if err != nil {
		return hold.Hold{}, err
	}
	by, err := sellerOf(show, caller, request)
	if err != nil {
		return hold.Hold{}, err
	}
	if by.sale == (performance.Sale{}) {
		if err := show.CheckSales(now); err != nil {
			return hold.Hold{}, err
		}
	}
	placed := hold.Hold{
		ID: request.HoldID, PerformanceID: show.ID, CustomerID: caller.CustomerID, Status: hold.Active,
		PlacedAt: now, ExpiresAt: until, Sale: by.sale, Version: 1,
	}
	taker := taker{tx: tx, performance: show, seller: by, holdID: placed.ID, now: now, until: until, partitions: noPartitions()}
	for i, item := range request.Items {
		held, err := taker.take(i, item)
		if err != nil {
			return hold.Hold{}, err
		}
		placed.Items = append(placed.Items, held...)
	}
	if err := taker.err(); err != nil {
		return hold.Hold{}, err
	}
	if taker.touches() > hold.MaxPartitions {
		return hold.Hold{}, buyer.ErrLimitExceeded
	}
	if len(placed.Items) > hold.MaxItems {
		return hold.Hold{}, &InvalidError{Field: "items", Message: fmt.Sprintf("come at more than %d prices and areas in all", hold.MaxItems)}
	}
	if err := charge(&placed, show); err != nil {
		return hold.Hold{}, err
	}
	customer, err := tx.Buyer(show.ID, caller.CustomerID)
	if err != nil {
		return hold.Hold{}, err
	}
	claim := buyer.Claim{HoldID: placed.ID, Quantity: placed.Quantity(), Until: until}
	if err := customer.Claim(claim, by.limits, now); err != nil {
		return hold.Hold{}, err
	}
	if err := taker.store(); err != nil {
		return hold.Hold{}, err
	}
	return placed, errors.Join(tx.PutBuyer(customer), tx.PutHold(placed), tx.Record(hold.PlacedFact{Hold: placed}))
}

// charge says what a hold costs.
func charge(placed *hold.Hold, show *performance.Performance) error {
	lines := make([]pricing.Line, len(placed.Items))
	for i, item := range placed.Items {
		lines[i] = pricing.Line{Quantity: item.Quantity(), UnitPrice: item.UnitPrice}
	}
	charged, err := show.Pricing.Charge(show.Currency, lines)
	if err != nil {
		return err
	}
	for i, unit := range charged.Lines {
		placed.Items[i].Refund = unit.Refund
	}
	placed.Extras, placed.Total = charged.Extras, charged.Total
	return nil
}

// checkItems refuses what no performance could answer.
func checkItems(items []HoldRequestItem) error {
	seen := map[[2]string]bool{}
	for i, item := range items {
		ways := 0
		for _, used := range []bool{len(item.Seats) > 0, item.Quantity != 0, item.BestAvailable != 0} {
			if used {
				ways++
			}
		}
		if ways != 1 {
			return &InvalidError{Field: fmt.Sprintf("items[%d]", i), Message: "needs exactly one of seats, quantity and bestAvailable"}
		}
		if item.Wheelchair > item.BestAvailable {
			return &InvalidError{Field: fmt.Sprintf("items[%d].wheelchair", i), Message: "is for more places than bestAvailable"}
		}
		if item.Split && item.BestAvailable == 0 || item.Split && item.Wheelchair > 0 {
			return &InvalidError{Field: fmt.Sprintf("items[%d].split", i), Message: "goes with bestAvailable and without wheelchair"}
		}
		for j, seat := range item.Seats {
			if seen[[2]string{item.AreaID, seat}] {
				return &InvalidError{Field: fmt.Sprintf("items[%d].seats[%d]", i, j), Message: "names a seat twice"}
			}
			seen[[2]string{item.AreaID, seat}] = true
		}
		reduced := 0
		for _, choice := range item.Concessions {
			reduced += choice.Quantity
		}
		if reduced > item.places() {
			return &InvalidError{Field: fmt.Sprintf("items[%d].concessions", i), Message: "are for more places than the item has"}
		}
	}
	return nil
}

// touched is a partition that a hold takes places of.
type touched struct {
	area    *seatmap.AreaLayout
	state   inventory.Partition
	another inventory.Slots // another channel's
	taken   inventory.Slots
}

// taker collects the places of one hold over its items, so that two items never
// get the same place and each partition is written once.
type taker struct {
	tx          Tx
	performance *performance.Performance
	seller      seller
	holdID      id.ID
	now, until  time.Time
	partitions  map[inventory.Key]*touched
	unavailable []string
	unknown     []string
}

// err reports all seats at fault at once: unknown ones first.
func (t *taker) err() error {
	if len(t.unknown) > 0 {
		return &UnknownSeatError{Seats: t.unknown}
	}
	if len(t.unavailable) > 0 {
		return &SeatsUnavailableError{Seats: t.unavailable}
	}
	return nil
}

// touches returns how many partitions places were taken of.
func (t *taker) touches() int {
	touched := 0
	for _, partition := range t.partitions {
		if partition.taken != 0 {
			touched++
		}
	}
	return touched
}

// take takes the places of an item, which are as many items of the hold as there
// are prices.
func (t *taker) take(index int, item HoldRequestItem) ([]hold.Item, error) {
	area := t.performance.Layout.Area(item.AreaID)
	if area == nil {
		t.unknown = append(t.unknown, item.AreaID)
		return nil, nil
	}
	category, known := t.performance.Category(area.PriceCategory)
	if !known {
		return nil, fmt.Errorf("area %q has price category %q, which the performance has not", area.ID, area.PriceCategory)
	}
	if err := t.seller.check(t.performance, category.ID, t.now); err != nil {
		return nil, err
	}
	held, err := t.places(index, item, area, hold.Item{AreaID: area.ID, PriceCategory: category.ID})
	if err != nil || held.Quantity() < item.places() {
		return nil, err // t.err says which seats are missing
	}
	if held, err = t.useCode(held); err != nil {
		return nil, err
	}
	priced, err := t.priced(category, held)
	if err != nil {
		return nil, err
	}
	return reduced(priced, item.Concessions, category, t.performance.Pricing.Rounding)
}

// places takes the places of an item that are free; of named seats they may be
// fewer than asked for.
func (t *taker) places(index int, item HoldRequestItem, area *seatmap.AreaLayout, held hold.Item) (hold.Item, error) {
	switch {
	case len(item.Seats) > 0:
		if area.Kind != seatmap.Seated {
			t.unknown = append(t.unknown, area.ID+"/"+item.Seats[0])
			return held, nil
		}
		return t.seats(area, item.Seats, held)
	case item.Quantity > 0:
		if area.Kind != seatmap.General {
			return held, &InvalidError{Field: fmt.Sprintf("items[%d].quantity", index), Message: "is for general areas; area " + area.ID + " has numbered seats"}
		}
		return t.general(area, item.Quantity, held)
	default:
		if area.Kind != seatmap.Seated {
			if item.Wheelchair > 0 {
				return held, &InvalidError{Field: fmt.Sprintf("items[%d].wheelchair", index), Message: "is for seated areas; area " + area.ID + " has no numbered seats"}
			}
			return t.general(area, item.BestAvailable, held)
		}
		switch {
		case item.Wheelchair > 0:
			return t.wheelchair(area, item.BestAvailable, item.Wheelchair, held)
		case item.Split:
			return t.groups(area, item.BestAvailable, held)
		}
		return t.best(area, item.BestAvailable, held)
	}
}

func (t *taker) partition(area *seatmap.AreaLayout, number int) (*touched, error) {
	key := inventory.Key{PerformanceID: t.performance.ID, AreaID: area.ID, Number: number}
	if known := t.partitions[key]; known != nil {
		return known, nil
	}
	state, err := t.tx.Partition(key)
	if err != nil {
		return nil, err
	}
	return t.touch(area, state), nil
}

func (t *taker) touch(area *seatmap.AreaLayout, state inventory.Partition) *touched {
	if known := t.partitions[state.Key]; known != nil {
		return known
	}
	if state.Version == 0 {
		state = inventory.New(state.Key, area.PartitionCapacity(state.Number))
	}
	state.Kept = area.Kept(state.Number)
	fresh := &touched{area: area, state: state, another: area.KeptFrom(t.seller.sale.Channel, state.Number)}
	t.partitions[state.Key] = fresh
	return fresh
}

func (t *touched) free(now time.Time) inventory.Slots {
	return t.state.Free(now) &^ t.another &^ t.taken
}

func (t *taker) seats(area *seatmap.AreaLayout, seats []string, held hold.Item) (hold.Item, error) {
	for _, seatID := range seats {
		seat, known := area.Locate(seatID)
		if !known {
			t.unknown = append(t.unknown, area.ID+"/"+seatID)
			continue
		}
		partition, err := t.partition(area, seat.Place.Partition)
		if err != nil {
			return held, err
		}
		bit := inventory.Slots(1) << seat.Place.Slot
		if partition.free(t.now)&bit == 0 {
			t.unavailable = append(t.unavailable, area.ID+"/"+seatID)
			continue
		}
		partition.taken |= bit
		held.Seats = append(held.Seats, seatID)
		held.Places = append(held.Places, seat.Place)
	}
	return held, nil
}

// general takes places of a general area.
func (t *taker) general(area *seatmap.AreaLayout, quantity int, held hold.Item) (hold.Item, error) {
	var err error
	held.Places, err = t.upTo(area, quantity)
	if err == nil && len(held.Places) < quantity {
		err = ErrSoldOut
	}
	return held, err
}

// upTo takes so many places of a general area or a quota, or all that are free,
// from a partition chosen at random on, so that buyers who come at the same time
// do not meet in one item.
func (t *taker) upTo(area *seatmap.AreaLayout, quantity int) ([]inventory.Place, error) {
	const batch = 4
	var places []inventory.Place
	from := rand.IntN(area.Partitions())
	for limit := batch + len(t.partitions); ; limit *= 2 {
		partitions, err := t.tx.FreePartitions(area, t.performance.ID, 1, from, limit, t.now)
		if err != nil {
			return nil, err
		}
		for _, state := range partitions {
			partition := t.touch(area, state)
			chosen := inventory.Lowest(partition.free(t.now), quantity-len(places))
			partition.taken |= chosen
			chosen.Each(func(slot int) {
				places = append(places, inventory.Place{Partition: state.Number, Slot: slot})
			})
			if len(places) == quantity {
				return places, nil
			}
		}
		if len(partitions) < limit {
			return places, nil
		}
	}
}

// store claims what was taken in each partition.
func (t *taker) store() error {
	for _, partition := range t.partitions {
		if partition.taken == 0 {
			continue
		}
		if err := partition.state.Take(t.holdID, partition.taken, t.now, t.until); err != nil {
			return err
		}
		if err := t.tx.PutPartition(partition.area, partition.state); err != nil {
			return err
		}
	}
	return nil
}

func noPartitions() map[inventory.Key]*touched { return map[inventory.Key]*touched{} }
