package storetest

import (
	"slices"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// changedSeatMap makes the first row of the stalls shorter, adds another, and widens
// the floor.
func changedSeatMap(f *fixture) {
	p := f.put()
	newer := *p
	newer.Version, newer.SeatMapVersion, newer.Areas = 2, 2, slices.Clone(p.Areas)
	newer.Allocations, newer.Released = nil, nil
	for i, area := range newer.Areas {
		if area.Kind == seatmap.General {
			newer.Areas[i].Capacity += 30
			continue
		}
		newer.Areas[i].Rows = append(slices.Clone(area.Rows), seatmap.Row{Label: "new", Seats: "1-3"})
		newer.Areas[i].Rows[0] = seatmap.Row{Label: area.Rows[0].Label, Seats: "3-40"}
	}
	f.ok(newer.Follow(p))
	gone := newer.Layout.Area("stalls").Gone(0)
	f.update(func(tx app.Tx) error { return tx.PutPerformance(&newer) })
	last := p.Layout.Area("floor").Partitions() - 1
	widened := newer.Layout.Area("floor").PartitionCapacity(last)
	closed := f.touch(&newer, "stalls", 0, func(partition *inventory.Partition) {
		if taken := partition.Refit(newer.Layout.Area("stalls").PartitionCapacity(0), gone, id.New(), start); taken != 0 {
			f.Errorf("a fresh partition has %b taken", taken)
		}
	})
	wide := f.touch(&newer, "floor", last, func(partition *inventory.Partition) {
		partition.Refit(widened, 0b100, id.New(), start)
		f.ok(partition.Take(id.New(), 1<<(widened-1), start, start.Add(time.Minute)))
	})
	check := func() {
		f.Helper()
		got, err := f.store().Performance(f.Context(), p.ID)
		f.ok(err)
		f.same("performance", plain(got), plain(&newer))
		f.same("ground", got.Layout.Ground(), newer.Layout.Ground())
		for _, name := range []string{"new-3", p.Layout.Area("stalls").PartitionSeats(0)[0].ID} {
			here, found := got.Layout.Area("stalls").Locate(name)
			want, wanted := newer.Layout.Area("stalls").Locate(name)
			f.same("seat "+name, here, want)
			f.same("whether there is "+name, found, wanted)
		}
		all, err := f.store().Partitions(f.Context(), p.ID)
		f.ok(err)
		for _, want := range []inventory.Partition{closed, wide} {
			index := slices.IndexFunc(all, func(p inventory.Partition) bool { return p.Key == want.Key })
			if index < 0 {
				f.Fatalf("partition %+v is not there", want.Key)
			}
			f.same("partition", all[index], want)
		}
	}
	check()
	if closed.Closed == 0 || wide.Closed == 0 {
		f.Fatal("nothing is closed")
	}
	if f.opened.Reopen != nil {
		f.opened.Store = f.opened.Reopen(f.T)
		check()
	}
	// What is closed is no room.
	f.touch(&newer, "stalls", 0, func(partition *inventory.Partition) { f.ok(partition.Sell(id.New(), partition.Free(start), start)) })
	f.update(func(tx app.Tx) error {
		found, err := tx.FreePartitions(newer.Layout.Area("stalls"), p.ID, 1, 0, 10, start)
		f.ok(err)
		for _, partition := range found {
			if partition.Key == closed.Key {
				f.Errorf("a partition whose free places are closed is found: %+v", partition)
			}
		}
		return nil
	})
}
