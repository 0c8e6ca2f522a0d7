package dynamo

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/jsoncodec"
	"ticketmesh.dev/services/notifications/internal/message"
)

// releaseSize is how many waiting messages become queued in one unit of work, which takes 100 actions.
const releaseSize = 40

// PutShow implements app.Chronicle.
func (s *Store) PutShow(ctx context.Context, origin message.Origin, show message.Show) error {
	state, err := jsoncodec.EncodeShow(show)
	if err != nil {
		return err
	}
	return s.putState(ctx, origin, showKey(show.ID), stateRow{show.Version, state})
}

// PutVenue implements app.Chronicle.
func (s *Store) PutVenue(ctx context.Context, origin message.Origin, venue message.Venue) error {
	state, err := jsoncodec.EncodeVenue(venue)
	if err != nil {
		return err
	}
	return s.putState(ctx, origin, venueKey(venue.ID), stateRow{venue.Version, state})
}

func (s *Store) putState(ctx context.Context, origin message.Origin, key dynamo.Key, state stateRow) error {
	item, err := document(key, state)
	if err != nil {
		return err
	}
	_, err = s.once(ctx, origin, func(tx *dynamo.Tx) error {
		var known stateRow
		if _, err := find(tx, key, &known); err != nil {
			return err
		}
		if state.Version > known.Version {
			tx.Put(item)
		}
		return nil
	})
	return err
}

// PutPerformance implements app.Chronicle. Messages that wait may be more than one unit of work takes, so they are
// released after it. Who adds one meanwhile looks after that whether the performance is known.
func (s *Store) PutPerformance(ctx context.Context, origin message.Origin, performanceID id.ID,
	succeed func(known *message.Performance) (message.Performance, *message.Notice, bool),
) error {
	noticed := false
	_, err := s.once(ctx, origin, func(tx *dynamo.Tx) error {
		known, err := performance(tx, performanceID)
		if err != nil {
			return err
		}
		next, notice, changed := succeed(known)
		if !changed {
			return nil
		}
		state, err := jsoncodec.EncodePerformance(next)
		if err != nil {
			return err
		}
		item, err := document(performanceKey(performanceID), stateRow{next.Version, state})
		if err != nil {
			return err
		}
		tx.Put(item)
		if noticed = notice != nil; noticed {
			item, err := noticeItem(*notice)
			if err != nil {
				return err
			}
			item.Keys = map[string]string{attrWake: "1"}
			tx.Put(item)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if noticed {
		wake(s.noticesAdded)
	}
	return s.release(ctx, performanceID)
}

// release has the messages that wait for a performance, which is known, become queued.
func (s *Store) release(ctx context.Context, performanceID id.ID) error {
	for {
		markers, err := s.table.Query(ctx, dynamo.Query{PK: waitingKey(performanceID, id.Nil).PK, Limit: releaseSize})
		if err != nil || len(markers) == 0 {
			return err
		}
		keys := make([]dynamo.Key, len(markers))
		for i, marker := range markers {
			messageID, err := id.Parse(marker.Key.SK)
			if err != nil {
				return err
			}
			keys[i] = messageKey(messageID)
		}
		err = s.table.Update(ctx, func(tx *dynamo.Tx) error {
			if err := tx.Load(keys...); err != nil {
				return err
			}
			for i, marker := range markers {
				if err := releaseOne(tx, keys[i]); err != nil {
					return err
				}
				tx.Delete(marker.Key)
			}
			return nil
		})
		if err != nil {
			return err
		}
		wake(s.messagesAdded)
	}
}

func releaseOne(tx *dynamo.Tx, key dynamo.Key) error {
	item, err := tx.Get(key)
	if err != nil {
		return err
	}
	m, err := readMessage(item)
	if err != nil || m.Status != message.Waiting {
		return err
	}
	m.Status = message.Queued
	if item, err = addedItem(m); err != nil {
		return err
	}
	tx.Put(item)
	return nil
}

// Record implements app.Chronicle.
func (s *Store) Record(ctx context.Context, origin message.Origin, performanceID, orderID id.ID,
	change func(p *message.Purchase) []message.Message,
) error {
	var waits, queued bool
	first, err := s.once(ctx, origin, func(tx *dynamo.Tx) error {
		waits, queued = false, false
		keys := []dynamo.Key{performanceKey(performanceID)}
		if orderID != id.Nil {
			keys = append(keys, purchaseKey(performanceID, orderID))
		}
		if err := tx.Load(keys...); err != nil {
			return err
		}
		known, err := performance(tx, performanceID)
		if err != nil {
			return err
		}
		messages, err := changePurchase(tx, performanceID, orderID, change)
		if err != nil {
			return err
		}
		added := false
		for _, m := range messages {
			if known == nil {
				m.Status = message.Waiting
			}
			is, err := addMessage(tx, m)
			if err != nil {
				return err
			}
			added = added || is
		}
		waits, queued = added && known == nil, added && known != nil
		return nil
	})
	if err != nil {
		return err
	}
	if queued {
		wake(s.messagesAdded)
	}
	if !waits && first {
		return nil
	}
	// The performance may have come since it was looked for; or did so before the event was delivered again, because
	// this was interrupted.
	switch _, err := s.Performance(ctx, performanceID); {
	case errors.Is(err, app.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return s.release(ctx, performanceID)
}

// changePurchase writes the purchase as change leaves it, if that is anything new.
func changePurchase(tx *dynamo.Tx, performanceID, orderID id.ID, change func(p *message.Purchase) []message.Message) ([]message.Message, error) {
	p := message.Purchase{PerformanceID: performanceID, OrderID: orderID}
	if orderID == id.Nil {
		return change(&p), nil
	}
	item, err := tx.Get(purchaseKey(performanceID, orderID))
	switch {
	case errors.Is(err, dynamo.ErrNotFound):
		item = dynamo.Item{Key: purchaseKey(performanceID, orderID), Document: []byte("{}")}
	case err != nil:
		return nil, err
	default:
		if p, err = jsoncodec.DecodePurchase(performanceID, orderID, item.Document); err != nil {
			return nil, err
		}
	}
	messages := change(&p)
	state, err := jsoncodec.EncodePurchase(p)
	if err != nil {
		return nil, err
	}
	if string(state) != string(item.Document) {
		item.Document = state
		item.Bulk = true
		tx.Put(item)
	}
	return messages, nil
}

// addMessage is false when the message is there already.
func addMessage(tx *dynamo.Tx, m message.Message) (bool, error) {
	switch _, err := tx.Get(messageKey(m.ID)); {
	case err == nil:
		return false, nil
	case !errors.Is(err, dynamo.ErrNotFound):
		return false, err
	}
	item, err := addedItem(m)
	if err != nil {
		return false, err
	}
	tx.Put(item)
	if m.Status == message.Waiting {
		tx.Put(dynamo.Item{Key: waitingKey(m.PerformanceID, m.ID)})
	}
	return true, nil
}

// Performance implements app.Chronicle.
func (s *Store) Performance(ctx context.Context, performanceID id.ID) (message.Performance, error) {
	item, err := s.table.Get(ctx, performanceKey(performanceID))
	if errors.Is(err, dynamo.ErrNotFound) {
		return message.Performance{}, app.ErrNotFound
	}
	if err != nil {
		return message.Performance{}, err
	}
	return readPerformance(performanceID, item)
}

// Add implements app.Chronicle. Each message is a write of its own, which costs half of what it would in a transaction.
func (s *Store) Add(ctx context.Context, messages []message.Message) error {
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(maxCalls)
	for _, m := range messages {
		calls.Go(func() error {
			item, err := addedItem(m)
			if err != nil {
				return err
			}
			err = s.table.Update(ctx, func(tx *dynamo.Tx) error {
				tx.Create(item)
				return nil
			})
			if there := (*dynamo.ConditionError)(nil); errors.As(err, &there) {
				return nil
			}
			return err
		})
	}
	if err := calls.Wait(); err != nil {
		return err
	}
	if len(messages) > 0 {
		wake(s.messagesAdded)
	}
	return nil
}

// once runs fn in a unit of work unless the event was processed before, and then it is false.
func (s *Store) once(ctx context.Context, origin message.Origin, fn func(tx *dynamo.Tx) error) (first bool, err error) {
	err = s.table.Update(ctx, func(tx *dynamo.Tx) error {
		var err error
		if first, err = tx.FirstTime(consumerName, origin.EventID); err != nil || !first {
			return err
		}
		return fn(tx)
	})
	return first, err
}

// find reads an item's document, if there is one.
func find(tx *dynamo.Tx, key dynamo.Key, row any) (bool, error) {
	item, err := tx.Get(key)
	if errors.Is(err, dynamo.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, read(item, row)
}

// performance returns nil when the performance is not known.
func performance(tx *dynamo.Tx, performanceID id.ID) (*message.Performance, error) {
	item, err := tx.Get(performanceKey(performanceID))
	if errors.Is(err, dynamo.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := readPerformance(performanceID, item)
	return &p, err
}

func readPerformance(performanceID id.ID, item dynamo.Item) (message.Performance, error) {
	var row stateRow
	if err := read(item, &row); err != nil {
		return message.Performance{}, err
	}
	return jsoncodec.DecodePerformance(performanceID, row.Version, row.State)
}
