package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/availability"
)

const (
	// availabilityShards spreads what an on-sale writes of one performance over
	// partition keys, each of which takes 1,000 writes a second. It must never
	// change: what was written is found by it.
	availabilityShards = 4
	// attrVersion is a partition's version as text that sorts as versions do.
	attrVersion = "version"
)

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

// ApplyPartition implements app.Store: one conditional write and no read, since
// every change of every partition of an on-sale comes here.
func (s *Store) ApplyPartition(ctx context.Context, p availability.Partition) error {
	document, err := json.Marshal(partitionRow{p.Capacity, p.Available})
	if err != nil {
		return err
	}
	version := fmt.Sprintf("%019d", p.Version)
	err = s.update(ctx, func(tx *dynamo.Tx) error {
		tx.PutIf(dynamo.Item{Key: partitionKey(p), Document: document, Keys: map[string]string{attrVersion: version}}, dynamo.Condition{
			Expression: "attribute_not_exists(#version) OR #version < :version",
			Names:      map[string]string{"#version": attrVersion},
			Values:     map[string]types.AttributeValue{":version": &types.AttributeValueMemberS{Value: version}},
		})
		return nil
	})
	if stale := (*dynamo.ConditionError)(nil); errors.As(err, &stale) {
		return nil
	}
	return err
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
