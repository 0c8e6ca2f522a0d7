package dynamo

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// classes are the numbers of places side by side that the index byRoom tells
// apart, as the least of each. A partition is in the class of how many are neither
// sold nor closed: whether they are held, the partition itself says. So a hold never costs the
// index anything, and a sale seldom.
var classes = []int{1, 2, 3, 5}

// classOf returns the class of a partition, or 0 when it is sold out. A general
// area has but one.
func classOf(area *seatmap.AreaLayout, p *inventory.Partition) int {
	room := area.Room(p.Number, p.All()&^p.Sold&^p.Closed)
	if area.Kind == seatmap.General {
		return min(room, 1)
	}
	class := 0
	for _, least := range classes {
		if room >= least {
			class = least
		}
	}
	return class
}

// classesFor returns the classes of partitions that may have so many places side
// by side.
func classesFor(area *seatmap.AreaLayout, run int) []int {
	if area.Kind == seatmap.General {
		return classes[:1]
	}
	first := 0
	for first+1 < len(classes) && classes[first+1] <= run {
		first++
	}
	return classes[first:]
}

func roomOf(performanceID id.ID, areaID string, class int) string {
	return sharded(performanceID.String()+"#"+areaID, class)
}

// FreePartitions implements app.Tx. It walks through the index of what is not sold
// out and reads the partitions themselves: those that have no room now are left
// out. A partition that was sold out and has just come back is not in the index
// for moments.
func (t *transaction) FreePartitions(area *seatmap.AreaLayout, performanceID id.ID, run, from, limit int, now time.Time) ([]inventory.Partition, error) {
	w := walk{transaction: t, area: area, performanceID: performanceID, run: run, limit: limit, now: now}
	err := w.through(from, area.Partitions())
	if err == nil && len(w.found) < limit {
		err = w.through(0, from)
	}
	return w.found, err
}

type walk struct {
	*transaction
	area          *seatmap.AreaLayout
	performanceID id.ID
	run, limit    int
	now           time.Time
	found         []inventory.Partition
}

// through walks from one number to before another.
func (w *walk) through(from, end int) error {
	for from < end && len(w.found) < w.limit {
		numbers, next, err := w.candidates(from, end)
		if err != nil {
			return err
		}
		for len(numbers) > 0 && len(w.found) < w.limit {
			n := 1
			for n < len(numbers) && numbers[n]/neighbours == numbers[0]/neighbours {
				n++
			}
			if err := w.look(numbers[:n]); err != nil {
				return err
			}
			numbers = numbers[n:]
		}
		from = next
	}
	return nil
}

// candidates returns the next numbers that the index has, ascending, and where to
// go on.
func (w *walk) candidates(from, end int) (numbers []int, next int, err error) {
	page := max(w.limit, neighbours)
	wanted := classesFor(w.area, w.run)
	found := make([][]dynamo.Item, len(wanted))
	calls, ctx := errgroup.WithContext(w.ctx)
	for i, class := range wanted {
		calls.Go(func() (err error) {
			found[i], err = w.store.table.Query(ctx, dynamo.Query{
				Index: byRoom, PK: roomOf(w.performanceID, w.area.ID, class), From: partitionSK(w.area.ID, from),
				To: partitionSK(w.area.ID, end-1), Limit: page,
			})
			return err
		})
	}
	if err := calls.Wait(); err != nil {
		return nil, 0, err
	}
	next = end
	for _, items := range found {
		for _, item := range items {
			key, err := keyOfPartition(item.Key)
			if err != nil {
				return nil, 0, err
			}
			numbers = append(numbers, key.Number)
		}
		if len(items) == page { // there may be more of the class, behind its last
			next = min(next, numbers[len(numbers)-1]+1)
		}
	}
	slices.Sort(numbers)
	// One that changed its class meanwhile may be in two.
	numbers = slices.Compact(numbers)
	return slices.DeleteFunc(numbers, func(number int) bool { return number >= next }), next, nil
}

// look reads candidates that are under one key and keeps those that have room.
func (w *walk) look(numbers []int) error {
	first := partitionKey(inventory.Key{PerformanceID: w.performanceID, AreaID: w.area.ID, Number: numbers[0]})
	items, err := w.Query(dynamo.Query{PK: first.PK, From: first.SK, To: partitionSK(w.area.ID, numbers[len(numbers)-1])})
	if err != nil {
		return err
	}
	for _, item := range items {
		if !strings.HasPrefix(item.Key.SK, w.area.ID+"#") {
			continue
		}
		p, err := readPartition(item)
		if err != nil {
			return err
		}
		if len(w.found) < w.limit && w.area.Room(p.Number, p.Free(w.now)) >= w.run {
			w.found = append(w.found, p)
		}
	}
	return nil
}
