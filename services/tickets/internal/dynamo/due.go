package dynamo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
)

// Queues of the index byDue, each in shards.
const (
	holdQueue    = "hold"
	paymentQueue = "payment"
	refundQueue  = "refund"
	waitingQueue = "waiting"
)

// dueAt is a time as text that sorts as times do, in milliseconds since 1970.
func dueAt(t time.Time) string { return fmt.Sprintf("%013d", t.UnixMilli()) }

// queued returns the attributes of an item that is due in a queue.
func queued(queue string, v id.ID, at time.Time) map[string]string {
	return map[string]string{attrQueue: sharded(queue, shardOf(v)), attrDue: dueAt(at)}
}

// due returns what is due in a queue at the instant, the longest due of each shard
// first, and up to limit of each; 0 is all.
func (s *Store) due(ctx context.Context, queue string, at time.Time, limit int) ([]dynamo.Item, error) {
	return s.fromShards(ctx, func(shard int) dynamo.Query {
		return dynamo.Query{Index: byDue, PK: sharded(queue, shard), To: dueAt(at), Limit: limit}
	})
}

// fromShards queries all shards at once and returns their items one after the other.
func (s *Store) fromShards(ctx context.Context, query func(shard int) dynamo.Query) ([]dynamo.Item, error) {
	found := make([][]dynamo.Item, shards)
	calls, ctx := errgroup.WithContext(ctx)
	for shard := range shards {
		calls.Go(func() (err error) {
			found[shard], err = s.table.Query(ctx, query(shard))
			return err
		})
	}
	err := calls.Wait()
	return slices.Concat(found...), err
}

// duePage returns a page, by ascending id, of what is due in a queue. What is open
// is little: it is read whole for each page.
func (s *Store) duePage(ctx context.Context, queue string, at time.Time, page app.Page) ([]id.ID, error) {
	items, err := s.due(ctx, queue, at, 0)
	if err != nil {
		return nil, err
	}
	ids, err := idsOf(items)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(ids, compareIDs)
	first, found := slices.BinarySearchFunc(ids, page.After, compareIDs)
	if found {
		first++
	}
	return ids[first:min(len(ids), first+page.Limit)], nil
}

func compareIDs(a, b id.ID) int { return bytes.Compare(a[:], b[:]) }

// idsOf returns the ids that the items' partition keys end with.
func idsOf(items []dynamo.Item) ([]id.ID, error) {
	ids := make([]id.ID, len(items))
	for i, item := range items {
		var err error
		if ids[i], err = idAtEnd(item.Key.PK); err != nil {
			return nil, fmt.Errorf("item %s: %w", item.Key.PK, err)
		}
	}
	return ids, nil
}
