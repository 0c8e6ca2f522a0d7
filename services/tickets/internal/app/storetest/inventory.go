package storetest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// plain is a performance without its layout, which is a pointer.
func plain(p *performance.Performance) performance.Performance {
	copied := *p
	copied.Layout = nil
	return copied
}

func performances(f *fixture) {
	if _, err := f.store().Performance(f.Context(), id.New()); !errors.Is(err, performance.ErrNotFound) {
		f.Errorf("Performance() = %v, want ErrNotFound", err)
	}
	p := f.put()
	check := func(want *performance.Performance) {
		f.Helper()
		got, err := f.store().Performance(f.Context(), p.ID)
		f.ok(err)
		f.same("read", plain(got), plain(want))
		f.update(func(tx app.Tx) error {
			got, err := tx.Performance(p.ID)
			f.ok(err)
			f.same("read in an update", plain(got), plain(want))
			f.same("places", got.Layout.Places(), want.Layout.Places())
			f.same("quotas", quotasOf(got), quotasOf(want))
			f.same("kept", got.Layout.Area("floor").Kept(1), want.Layout.Area("floor").Kept(1))
			return nil
		})
	}
	check(p)
	newer := *p
	newer.Version, newer.Title, newer.SalesCloseAt, newer.SalesOpenAt, newer.Limits = 2, "Later", start.Add(time.Hour), time.Time{}, performance.Limits{}
	newer.Cancelled, newer.RescheduledAt, newer.ReturnsUntil = true, start.Add(time.Minute), start.Add(time.Millisecond)
	newer.Released, newer.Presales, newer.Channels = nil, nil, nil
	f.ok(newer.LayOut(newer.Areas))
	f.update(func(tx app.Tx) error { return tx.PutPerformance(&newer) })
	check(&newer)
}

// touch changes a partition as a use case does.
func (f *fixture) touch(p *performance.Performance, areaID string, number int, change func(*inventory.Partition)) inventory.Partition {
	f.Helper()
	area := p.Layout.Counted(areaID)
	var changed inventory.Partition
	f.update(func(tx app.Tx) error {
		partition, err := tx.Partition(inventory.Key{PerformanceID: p.ID, AreaID: areaID, Number: number})
		if err != nil {
			return err
		}
		if partition.Version == 0 {
			partition = inventory.New(partition.Key, area.PartitionCapacity(number))
		}
		change(&partition)
		changed = partition
		return tx.PutPartition(area, partition)
	})
	return changed
}

func partitions(f *fixture) {
	p := f.put()
	key := inventory.Key{PerformanceID: p.ID, AreaID: "stalls", Number: 1}
	f.update(func(tx app.Tx) error {
		fresh, err := tx.Partition(key)
		f.ok(err)
		if fresh.Key != key || fresh.Sold != 0 || len(fresh.Claims) != 0 || fresh.Version > 1 {
			f.Errorf("a partition that nobody touched = %+v", fresh)
		}
		return nil
	})
	// The highest slot is the sign bit of a 64-bit integer.
	want := f.touch(p, "floor", 0, func(partition *inventory.Partition) {
		f.ok(partition.Sell(id.New(), 1<<63|1, start))
		f.ok(partition.Take(id.New(), 1<<62, start, start.Add(time.Minute)))
		f.ok(partition.Take(id.New(), 0b110, start, start.Add(time.Minute+time.Millisecond)))
	})
	f.update(func(tx app.Tx) error {
		got, err := tx.Partition(want.Key)
		f.ok(err)
		f.same("partition", got, want)
		return nil
	})
	all, err := f.store().Partitions(f.Context(), p.ID)
	f.ok(err)
	found := 0
	for _, partition := range all {
		if partition.Key == want.Key {
			f.same("partition of all", partition, want)
			found++
		} else if partition.Sold != 0 || len(partition.Claims) != 0 {
			f.Errorf("a partition that nobody touched = %+v", partition)
		}
		if got := p.Layout.Area(partition.AreaID).PartitionCapacity(partition.Number); partition.Capacity != got {
			f.Errorf("partition %+v has a capacity of %d, want %d", partition.Key, partition.Capacity, got)
		}
	}
	f.same("found", found, 1)
	if others, err := f.store().Partitions(f.Context(), id.New()); err != nil || len(others) != 0 {
		f.Errorf("partitions of no performance: %v, %v", others, err)
	}
	// A newer version of the performance keeps what is sold.
	newer := *p
	newer.Version = 2
	f.update(func(tx app.Tx) error { return tx.PutPerformance(&newer) })
	f.update(func(tx app.Tx) error {
		got, err := tx.Partition(want.Key)
		f.ok(err)
		f.same("partition after an update of its performance", got, want)
		return nil
	})
}

// partitionsConsistent moves a sold place to and fro within a partition: who reads
// sees exactly one.
func partitionsConsistent(f *fixture) {
	p := f.put()
	f.touch(p, "floor", 0, func(partition *inventory.Partition) { f.ok(partition.Sell(id.New(), 1, start)) })
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		defer close(done)
		for i := range 50 {
			err := f.store().Update(f.Context(), func(tx app.Tx) error {
				partition, err := tx.Partition(inventory.Key{PerformanceID: p.ID, AreaID: "floor"})
				if err != nil {
					return err
				}
				partition.Return(1 << (i % 64))
				if err := partition.Sell(id.New(), 1<<((i+1)%64), start); err != nil {
					return err
				}
				return tx.PutPartition(p.Layout.Area("floor"), partition)
			})
			if err != nil {
				f.Error(err)
			}
		}
	})
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		all, err := f.store().Partitions(f.Context(), p.ID)
		f.ok(err)
		sold := 0
		for _, partition := range all {
			sold += partition.Sold.Count()
		}
		if sold != 1 {
			f.Errorf("%d places are sold, want 1", sold)
			reading = false
		}
	}
	running.Wait()
}

// freePartitions compares with the definition over random states.
func freePartitions(f *fixture) {
	p := f.put()
	random := rand.New(rand.NewPCG(1, 2))
	for _, area := range slices.Concat(p.Layout.Areas(), p.Layout.Quotas()) {
		f.checkFree(p, area, 1, 0, 100, start) // nobody has touched them yet
		for range 12 {
			f.touch(p, area.ID, random.IntN(area.Partitions()), func(partition *inventory.Partition) {
				partition.Return(inventory.Slots(random.Uint64()))
				free := partition.Free(start)
				switch some := free & inventory.Slots(random.Uint64()|random.Uint64()); random.IntN(3) {
				case 0:
					_ = partition.Sell(id.New(), free, start) // sold out
				case 1:
					_ = partition.Sell(id.New(), some, start)
				default:
					_ = partition.Take(id.New(), some, start, start.Add(time.Minute))
				}
			})
			for _, now := range []time.Time{start, start.Add(time.Minute)} {
				f.checkFree(p, area, 1, random.IntN(area.Partitions()), 1+random.IntN(area.Partitions()+1), now)
				f.checkFree(p, area, 1+random.IntN(6), 0, 1+random.IntN(area.Partitions()+1), now)
			}
		}
	}
}

// freeInLargeHouse has more partitions than a store may look at in one go.
func freeInLargeHouse(f *fixture) {
	p := newPerformance(f)
	p.Allocations, p.Released = nil, nil // of the hall's rows
	rows := make([]seatmap.Row, 50)
	for i := range rows {
		rows[i] = seatmap.Row{Label: strconv.Itoa(i + 1), Seats: "1-40", AisleAfter: []string{"20"}}
	}
	p.Allocations = nil
	f.ok(p.LayOut([]seatmap.Area{
		{ID: "stalls", Kind: seatmap.Seated, PriceCategory: "I", Rows: rows}, {ID: "floor", Kind: seatmap.General, PriceCategory: "II", Capacity: 50 * 64},
	}))
	f.update(func(tx app.Tx) error { return tx.PutPerformance(p) })
	random := rand.New(rand.NewPCG(1, 2))
	for _, area := range p.Layout.Areas() {
		for number := range area.Partitions() {
			f.touch(p, area.ID, number, func(partition *inventory.Partition) {
				switch free := partition.Free(start); random.IntN(4) {
				case 0:
					f.ok(partition.Sell(id.New(), free, start))
				case 1:
					_ = partition.Sell(id.New(), free&inventory.Slots(random.Uint64()|random.Uint64()), start)
				case 2:
					f.ok(partition.Take(id.New(), free, start, start.Add(time.Minute)))
				}
			})
		}
		for _, limit := range []int{1, 4, 20, 100} {
			f.checkFree(p, area, 1+random.IntN(6), random.IntN(area.Partitions()), limit, start)
			f.checkFree(p, area, 1, 0, limit, start.Add(time.Minute))
		}
	}
}

// checkFree asks for partitions and checks that none that has room was left out.
func (f *fixture) checkFree(p *performance.Performance, area *seatmap.AreaLayout, run, from, limit int, now time.Time) {
	f.Helper()
	var got []inventory.Partition
	room := map[int]bool{}
	f.update(func(tx app.Tx) (err error) {
		if got, err = tx.FreePartitions(area, p.ID, run, from, limit, now); err != nil {
			return err
		}
		for number := range area.Partitions() {
			partition, err := tx.Partition(inventory.Key{PerformanceID: p.ID, AreaID: area.ID, Number: number})
			if err != nil {
				return err
			}
			if partition.Version == 0 {
				partition = inventory.New(partition.Key, area.PartitionCapacity(number))
			}
			free := partition.Free(now) & area.Ordinary(number)
			room[number] = free.Count() >= run
			if area.Kind == seatmap.Seated {
				room[number] = inventory.LongestRun(free, area.Adjacent(number)) >= run
			}
			for _, found := range got {
				if found.Number == number && found.Version > 0 {
					f.same("partition found", found, partition)
				}
			}
		}
		return nil
	})
	if len(got) > limit {
		f.Errorf("%d partitions, want at most %d", len(got), limit)
	}
	// In the order asked for, so that a full answer is complete up to its last.
	position := func(number int) int { return (number - from + area.Partitions()) % area.Partitions() }
	last := area.Partitions()
	var order []int
	for _, partition := range got {
		order = append(order, position(partition.Number))
	}
	if !slices.IsSorted(order) || len(slices.Compact(slices.Clone(order))) != len(order) {
		f.Errorf("partitions come at positions %v from %d", order, from)
	}
	if len(got) == limit {
		last = order[len(order)-1]
	}
	for number, has := range room {
		if has && position(number) <= last && !slices.Contains(order, position(number)) {
			f.Errorf("%s: partition %d has a run of %d and was left out of %v from %d, limit %d", area.ID, number, run, order, from, limit)
		}
	}
}

func freeAfterExpiry(f *fixture) {
	p := f.put()
	area := p.Layout.Area("floor")
	for number := range area.Partitions() {
		f.touch(p, "floor", number, func(partition *inventory.Partition) {
			f.ok(partition.Take(id.New(), partition.All(), start, start.Add(time.Duration(number+1)*time.Minute)))
		})
	}
	for minutes := range area.Partitions() + 1 {
		now := start.Add(time.Duration(minutes) * time.Minute)
		f.clock.Set(now)
		var got []inventory.Partition
		f.update(func(tx app.Tx) (err error) {
			got, err = tx.FreePartitions(area, p.ID, 1, 0, 100, now)
			return err
		})
		if len(got) < minutes {
			f.Errorf("after %d minutes %d partitions, want the %d whose holds expired", minutes, len(got), minutes)
		}
		f.checkFree(p, area, 1, 0, 100, now)
	}
}
