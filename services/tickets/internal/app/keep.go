package app

import (
	"context"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/performance"
)

// keep has everybody told which places are whose, where that changed with the
// performance. Nothing is sold by it: who takes places goes by the performance. So
// it need not be one commit, and where it is cut off a partition is right with its
// next change.
func (s *Selling) keep(ctx context.Context, before, after *performance.Performance) error {
	freed := false
	for _, area := range after.Layout.Areas() {
		was := before.Layout.Area(area.ID)
		for number := range area.Partitions() {
			kept, had := area.Kept(number), inventory.Slots(0)
			if was != nil {
				had = was.Kept(number)
			}
			if kept == had {
				continue
			}
			if err := s.keepPartition(ctx, after.ID, area.ID, number); err != nil {
				return err
			}
			freed = freed || had&^kept != 0
		}
	}
	if freed {
		s.placesFreed()
	}
	return nil
}

func (s *Selling) keepPartition(ctx context.Context, performanceID id.ID, areaID string, number int) error {
	return s.store.Update(ctx, func(tx Tx) error {
		show, err := tx.Performance(performanceID)
		if err != nil {
			return err
		}
		area := show.Layout.Area(areaID)
		if area == nil || number >= area.Partitions() {
			return nil // it changed again
		}
		partition, err := tx.Partition(inventory.Key{PerformanceID: performanceID, AreaID: areaID, Number: number})
		if err != nil {
			return err
		}
		if partition.Version == 0 {
			partition = inventory.New(partition.Key, area.PartitionCapacity(number))
		}
		if !partition.Keep(area.Kept(number)) {
			return nil
		}
		return tx.PutPartition(area, partition)
	})
}
