package dynamo

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/partitioncodec"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

func partitionKey(key inventory.Key) dynamo.Key {
	pk, sk := partitioncodec.Keys(key)
	return dynamo.Key{PK: pk, SK: sk}
}

func readPartition(item dynamo.Item) (inventory.Partition, error) {
	p, _, err := partitioncodec.Decode(item.Key.PK, item.Key.SK, item.Document)
	return p, err
}

// Partition implements app.Tx.
func (t *transaction) Partition(key inventory.Key) (inventory.Partition, error) {
	item, err := t.Get(partitionKey(key))
	if errors.Is(err, dynamo.ErrNotFound) {
		return inventory.Partition{Key: key}, nil
	}
	if err != nil {
		return inventory.Partition{}, err
	}
	return readPartition(item)
}

// PutPartition implements app.Tx.
func (t *transaction) PutPartition(area *seatmap.AreaLayout, p inventory.Partition) error {
	t.Put(partitionItem(area, &p, t.store.clock.Now()))
	return nil
}

// partitionItem returns a partition's item. It is read with many others, so it
// carries no events.
func partitionItem(area *seatmap.AreaLayout, p *inventory.Partition, now time.Time) dynamo.Item {
	item := dynamo.Item{Key: partitionKey(p.Key), Document: partitioncodec.Encode(p, now), Bulk: true}
	if class := classOf(area, p); class > 0 {
		item.Keys = map[string]string{attrRoom: roomOf(p.PerformanceID, area.ID, class)}
	}
	return item
}

// layOut has a partition made for each that the performance did not have before.
func (t *transaction) layOut(before, after *performance.Performance) error {
	now := t.store.clock.Now()
	for _, area := range slices.Concat(after.Layout.Areas(), after.Layout.Quotas()) {
		first := 0
		if before != nil {
			if was := before.Layout.Laid(area.ID); was != nil {
				first = was.Partitions()
			}
		}
		for number := first; number < area.Partitions(); number++ {
			fresh := inventory.New(inventory.Key{PerformanceID: after.ID, AreaID: area.ID, Number: number}, area.PartitionCapacity(number))
			fresh.Kept = area.Kept(number)
			t.fresh = append(t.fresh, partitionItem(area, &fresh, now))
		}
	}
	return nil
}

// makePartitions writes the partitions of a performance that is about to be
// committed. They are more than one unit of work takes, and are no harm if it
// fails. One that is there is left alone: places of it may be sold.
func (t *transaction) makePartitions() error {
	calls, ctx := errgroup.WithContext(t.ctx)
	calls.SetLimit(maxCalls)
	for _, item := range t.fresh {
		calls.Go(func() error {
			err := t.store.table.Update(ctx, func(tx *dynamo.Tx) error {
				tx.Create(item)
				return nil
			})
			if there := (*dynamo.ConditionError)(nil); errors.As(err, &there) {
				return nil
			}
			return err
		})
	}
	return calls.Wait()
}

// Partitions implements app.Store. It asks for those keys alone that partitions of
// the seat map, and of earlier ones, are under.
func (s *Store) Partitions(ctx context.Context, performanceID id.ID) ([]inventory.Partition, error) {
	show, err := s.Performance(ctx, performanceID)
	if errors.Is(err, performance.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var used [partitioncodec.Shards]bool
	for _, area := range show.Layout.LaidAreas() {
		for number := 0; number < area.Partitions(); number += partitioncodec.Neighbours {
			used[partitioncodec.Shard(area.ID, number)] = true
		}
	}
	found := make([][]inventory.Partition, partitioncodec.Shards)
	calls, ctx := errgroup.WithContext(ctx)
	for shard := range used {
		if !used[shard] {
			continue
		}
		calls.Go(func() error {
			items, err := s.table.Query(ctx, dynamo.Query{PK: partitioncodec.PlacesPK(performanceID, shard)})
			if err != nil {
				return err
			}
			for _, item := range items {
				p, err := readPartition(item)
				if err != nil {
					return err
				}
				if show.Layout.Laid(p.AreaID) != nil {
					found[shard] = append(found[shard], p)
				}
			}
			return nil
		})
	}
	err = calls.Wait()
	return slices.Concat(found...), err
}
