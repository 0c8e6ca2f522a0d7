package dynamo

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

// neighbours is how many partitions of an area, one after the other, are under one
// partition key, where one query reads them. It must never change.
const neighbours = 16

// What the partition keys of partitions begin with. Quotas are apart, so that
// nobody pays for them who looks at a seat map.
const (
	inventoryKind = "inv#"
	quotaKind     = "quota#"
)

func partitionKey(key inventory.Key) dynamo.Key {
	kind := inventoryKind
	if inventory.IsQuota(key.AreaID) {
		kind = quotaKind
	}
	shard := inventoryShard(key.AreaID, key.Number)
	return dynamo.Key{PK: sharded(kind+key.PerformanceID.String(), shard), SK: partitionSK(key.AreaID, key.Number)}
}

func partitionSK(areaID string, number int) string { return fmt.Sprintf("%s#%05d", areaID, number) }

// inventoryShard gives each area another beginning, so that small areas are spread
// too.
func inventoryShard(areaID string, number int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(areaID)) // it never fails
	return (int(h.Sum32()%shards) + number/neighbours) % shards
}

// keyOfPartition reads what partitionKey returned.
func keyOfPartition(key dynamo.Key) (inventory.Key, error) {
	malformed := fmt.Errorf("%w: partition %s %s", errMalformed, key.PK, key.SK)
	of, isPlaces := strings.CutPrefix(key.PK, inventoryKind)
	of, isQuota := strings.CutPrefix(of, quotaKind)
	hash := strings.LastIndexByte(key.SK, '#') // the name of a quota may have others
	if isPlaces == isQuota || hash < 0 || len(of) < idLength {
		return inventory.Key{}, malformed
	}
	performanceID, err := id.Parse(of[:idLength])
	if err != nil {
		return inventory.Key{}, malformed
	}
	n, err := strconv.Atoi(key.SK[hash+1:])
	if err != nil {
		return inventory.Key{}, malformed
	}
	return inventory.Key{PerformanceID: performanceID, AreaID: key.SK[:hash], Number: n}, nil
}

// encodePartition writes a partition as it is at an instant, by which the stream
// tells what is free.
func encodePartition(p *inventory.Partition, at time.Time) []byte {
	document := binary.AppendUvarint(nil, uint64(p.Capacity))
	document = binary.AppendUvarint(document, uint64(p.Version))
	document = binary.AppendUvarint(document, uint64(at.UnixMilli()))
	document = binary.AppendUvarint(document, uint64(p.Kept))
	document = binary.BigEndian.AppendUint64(document, uint64(p.Sold))
	document = binary.BigEndian.AppendUint64(document, uint64(p.Closed))
	return append(document, itemcodec.EncodeClaims(p.Claims)...)
}

func decodePartition(key dynamo.Key, document []byte) (p inventory.Partition, at time.Time, err error) {
	if p.Key, err = keyOfPartition(key); err != nil {
		return p, at, err
	}
	d := decoder{rest: document}
	p.Capacity, p.Version = int(d.uvarint()), int(d.uvarint())
	at = time.UnixMilli(int64(d.uvarint())).UTC()
	p.Kept = inventory.Slots(d.uvarint())
	p.Sold = inventory.Slots(d.uint64())
	p.Closed = inventory.Slots(d.uint64())
	if d.failed {
		return p, at, fmt.Errorf("%w: partition %s %s", errMalformed, key.PK, key.SK)
	}
	p.Claims, err = itemcodec.DecodeClaims(d.rest)
	return p, at, err
}

func readPartition(item dynamo.Item) (inventory.Partition, error) {
	p, _, err := decodePartition(item.Key, item.Document)
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
	item := dynamo.Item{Key: partitionKey(p.Key), Document: encodePartition(p, now), Bulk: true}
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
	var used [shards]bool
	for _, area := range show.Layout.LaidAreas() {
		for number := 0; number < area.Partitions(); number += neighbours {
			used[inventoryShard(area.ID, number)] = true
		}
	}
	found := make([][]inventory.Partition, shards)
	calls, ctx := errgroup.WithContext(ctx)
	for shard := range shards {
		if !used[shard] {
			continue
		}
		calls.Go(func() error {
			items, err := s.table.Query(ctx, dynamo.Query{PK: sharded(inventoryKind+performanceID.String(), shard)})
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
