package dynamo

import (
	"context"
	"errors"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/jsoncodec"
	"ticketmesh.dev/services/notifications/internal/message"
)

// NextNotice implements app.Notices. Ids of events rise with time.
func (s *Store) NextNotice(ctx context.Context) (message.Notice, error) {
	found, err := s.table.Query(ctx, dynamo.Query{PK: noticesPK, Limit: 1})
	if err != nil {
		return message.Notice{}, err
	}
	if len(found) == 0 {
		return message.Notice{}, app.ErrNotFound
	}
	return readNotice(found[0])
}

// Purchases implements app.Notices: shard by shard, and in each by the order's id.
func (s *Store) Purchases(ctx context.Context, performanceID, after id.ID, limit int) ([]message.Purchase, error) {
	var found []message.Purchase
	begin, from := 0, ""
	if after != id.Nil {
		begin, from = shardOf(after), after.String()
	}
	for shard := begin; shard < shards && len(found) < limit; shard++ {
		items, err := s.table.Query(ctx, dynamo.Query{PK: purchasesPK(performanceID, shard), After: from, Limit: limit - len(found)})
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			p, err := readPurchase(performanceID, item)
			if err != nil {
				return nil, err
			}
			found = append(found, p)
		}
		from = ""
	}
	return found, nil
}

func readPurchase(performanceID id.ID, item dynamo.Item) (message.Purchase, error) {
	orderID, err := id.Parse(item.Key.SK)
	if err != nil {
		return message.Purchase{}, err
	}
	return jsoncodec.DecodePurchase(performanceID, orderID, item.Document)
}

// Advance implements app.Notices.
func (s *Store) Advance(ctx context.Context, n message.Notice, messages []message.Message, after id.ID, done bool) error {
	if err := s.Add(ctx, messages); err != nil {
		return err
	}
	key, expected := noticeKey(n.Origin.EventID), n.After
	n.After = after
	next, err := noticeItem(n)
	if err != nil {
		return err
	}
	return s.table.Update(ctx, func(tx *dynamo.Tx) error {
		item, err := tx.Get(key)
		if errors.Is(err, dynamo.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		known, err := readNotice(item)
		switch {
		case err != nil || known.After != expected:
			return err
		case done:
			tx.Delete(key)
		default:
			tx.Put(next)
		}
		return nil
	})
}
