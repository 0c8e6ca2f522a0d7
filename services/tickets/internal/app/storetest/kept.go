package storetest

import (
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/inventory"
)

// kept checks that partitions say what is some channel's, from the first on.
func kept(f *fixture) {
	p := f.put()
	read := func(areaID string, number int) inventory.Partition {
		f.Helper()
		var found inventory.Partition
		f.update(func(tx app.Tx) (err error) {
			found, err = tx.Partition(inventory.Key{PerformanceID: p.ID, AreaID: areaID, Number: number})
			return err
		})
		return found
	}
	for _, want := range []struct {
		areaID string
		number int
		kept   inventory.Slots
	}{{"stalls", 0, 0b1111}, {"stalls", 1, 1}, {"floor", 0, ^inventory.Slots(0)}, {"floor", 1, 1}, {"floor", 2, 0}} {
		// A store may do without those that nobody touched.
		if found := read(want.areaID, want.number); found.Version > 0 && found.Kept != want.kept {
			f.Errorf("partition %d of %s keeps %b, want %b", want.number, want.areaID, found.Kept, want.kept)
		}
	}
	changed := f.touch(p, "floor", 0, func(partition *inventory.Partition) {
		partition.Keep(1<<63 | 1)
		f.ok(partition.Sell(id.New(), 1<<63, start))
	})
	f.same("changed", read("floor", 0), changed)
	all, err := f.store().Partitions(f.Context(), p.ID)
	f.ok(err)
	for _, partition := range all {
		if partition.Key == changed.Key {
			f.same("listed", partition, changed)
		}
	}
}
