package dynamo

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Claim implements app.Outgoing. The index lags behind, so that what it has is claimed only when the item says the same;
// others may claim at the same time, and then each item is one's.
func (s *Store) Claim(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]message.Message, error) {
	candidates, err := s.due(ctx, now, limit)
	if err != nil {
		return nil, err
	}
	var claimed []message.Message
	for len(candidates) > 0 && len(claimed) < limit {
		n := min(limit-len(claimed), len(candidates))
		found, err := s.claimAll(ctx, candidates[:n], now, lease)
		claimed = append(claimed, found...)
		if err != nil && len(claimed) == 0 {
			return nil, err
		}
		if err != nil {
			break // what is claimed would be hidden from all for the lease
		}
		candidates = candidates[n:]
	}
	return claimed, nil
}

// claimAll returns those of the candidates that it claimed, also with an error.
func (s *Store) claimAll(ctx context.Context, candidates []dynamo.Item, now time.Time, lease time.Duration) ([]message.Message, error) {
	found := make([]*message.Message, len(candidates))
	var calls errgroup.Group
	calls.SetLimit(maxCalls)
	for i, candidate := range candidates {
		calls.Go(func() (err error) {
			found[i], err = s.claim(ctx, candidate.Key, now, lease)
			return err
		})
	}
	err := calls.Wait()
	var claimed []message.Message
	for _, m := range found {
		if m != nil {
			claimed = append(claimed, *m)
		}
	}
	return claimed, err
}

// due returns up to limit messages of each shard as the index has them, the longest due first.
func (s *Store) due(ctx context.Context, now time.Time, limit int) ([]dynamo.Item, error) {
	found := make([][]dynamo.Item, shards)
	calls, ctx := errgroup.WithContext(ctx)
	for shard := range shards {
		calls.Go(func() (err error) {
			found[shard], err = s.table.Query(ctx, dynamo.Query{Index: byDue, PK: strconv.Itoa(shard), To: dueAt(now), Limit: limit})
			return err
		})
	}
	if err := calls.Wait(); err != nil {
		return nil, err
	}
	all := slices.Concat(found...)
	slices.SortStableFunc(all, func(a, b dynamo.Item) int { return cmp.Compare(a.Keys[attrDue], b.Keys[attrDue]) })
	return all, nil
}

// claim returns nil when the message is not to be had.
func (s *Store) claim(ctx context.Context, key dynamo.Key, now time.Time, lease time.Duration) (*message.Message, error) {
	var claimed *message.Message
	err := s.table.Update(ctx, func(tx *dynamo.Tx) error {
		claimed = nil
		item, err := tx.Get(key)
		if errors.Is(err, dynamo.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if due, queued := item.Keys[attrDue]; !queued || due > dueAt(now) {
			return nil
		}
		m, err := readMessage(item)
		if err != nil {
			return err
		}
		item.Keys[attrDue] = dueAt(now.Add(lease))
		delete(item.Keys, attrWake)
		tx.Put(item)
		claimed = &m
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// Settle implements app.Outgoing. Each message is a unit of work of its own with its fact.
func (s *Store) Settle(ctx context.Context, messages []message.Message) error {
	var calls errgroup.Group
	calls.SetLimit(maxCalls)
	for _, m := range messages {
		calls.Go(func() error {
			facts, err := s.facts(m)
			if err != nil {
				return err
			}
			return s.settle(ctx, m, facts)
		})
	}
	return calls.Wait()
}

// facts returns what is published of a message as it is now.
func (s *Store) facts(m message.Message) ([]event.Event, error) {
	fact, ok := m.Fact()
	if !ok {
		return nil, nil
	}
	e, err := s.codec.Event(fact)
	return []event.Event{e}, err
}

func (s *Store) settle(ctx context.Context, m message.Message, facts []event.Event) error {
	next, err := messageItem(m)
	if err != nil {
		return err
	}
	return s.table.Update(ctx, func(tx *dynamo.Tx) error {
		item, err := tx.Get(next.Key)
		if errors.Is(err, dynamo.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, queued := item.Keys[attrDue]; !queued {
			return nil
		}
		tx.Put(next)
		return tx.Publish(facts...)
	})
}
