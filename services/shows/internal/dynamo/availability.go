package dynamo

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/availability"
)

// availabilityShards spreads what an on-sale writes of one performance over
// partition keys, each of which takes 1,000 writes a second. It must never
// change: what was written is found by it.
const availabilityShards = 4

// partitionRow is the document of a partition. Members are only ever added.
type partitionRow struct {
	Capacity  int `json:"capacity"`
	Available int `json:"available"`
}

func partitionKey(p availability.Partition) dynamo.Key {
	name := fmt.Sprintf("%s/%d", p.AreaID, p.Number)
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(name)) // it never fails
	return dynamo.Key{PK: partitionsPK(p.PerformanceID, int(hash.Sum32()%availabilityShards)), SK: name}
}

func partitionsPK(performanceID id.ID, shard int) string {
	return fmt.Sprintf("availability#%s#%d", performanceID, shard)
}

// ApplyPartition implements app.Store. Every change of every partition of an on-sale
// comes here.
func (s *Store) ApplyPartition(ctx context.Context, p availability.Partition) error {
	document, err := json.Marshal(partitionRow{p.Capacity, p.Available})
	if err != nil {
		return err
	}
	return s.putNewer(ctx, dynamo.Item{Key: partitionKey(p), Document: document}, p.Version)
}

// Reported implements app.Store.
func (s *Store) Reported(ctx context.Context, performanceID id.ID) (map[string]availability.Reported, error) {
	found := make([][]dynamo.Item, availabilityShards)
	calls, ctx := errgroup.WithContext(ctx)
	for shard := range availabilityShards {
		calls.Go(func() (err error) {
			found[shard], err = s.table.Query(ctx, dynamo.Query{PK: partitionsPK(performanceID, shard)})
			return err
		})
	}
	if err := calls.Wait(); err != nil {
		return nil, err
	}
	reported := make(map[string]availability.Reported)
	for _, items := range found {
		for _, item := range items {
			var row partitionRow
			if err := json.Unmarshal(item.Document, &row); err != nil {
				return nil, fmt.Errorf("item %q %q: %w", item.Key.PK, item.Key.SK, err)
			}
			areaID := item.Key.SK[:strings.LastIndexByte(item.Key.SK, '/')]
			sum := reported[areaID]
			sum.Capacity += row.Capacity
			sum.Available += row.Available
			reported[areaID] = sum
		}
	}
	return reported, nil
}
