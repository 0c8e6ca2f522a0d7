package dynamo

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/waitlist"
)

// entryRow is an entry beside its id.
type entryRow struct {
	PerformanceID id.ID           `json:"performance"`
	PriceCategory string          `json:"category"`
	Quantity      int             `json:"quantity"`
	CustomerID    string          `json:"customer"`
	Email         string          `json:"email"`
	Language      string          `json:"language"`
	Status        waitlist.Status `json:"status"`
	HoldID        id.ID           `json:"hold,omitzero"`
	ExpiresAt     int64           `json:"expires,omitempty"`
	CreatedAt     int64           `json:"created"`
	Version       int             `json:"version"`
}

func readEntry(item dynamo.Item) (waitlist.Entry, error) {
	var row entryRow
	if err := read(item, &row); err != nil {
		return waitlist.Entry{}, err
	}
	entryID, err := idAtEnd(item.Key.PK)
	return waitlist.Entry{
		ID: entryID, PerformanceID: row.PerformanceID, PriceCategory: row.PriceCategory, Quantity: row.Quantity, CustomerID: row.CustomerID,
		Email: row.Email, Language: row.Language, Status: row.Status, HoldID: row.HoldID, ExpiresAt: itemcodec.Instant(row.ExpiresAt),
		CreatedAt: itemcodec.Instant(row.CreatedAt), Version: row.Version,
	}, err
}

// waitingFor is what the places in the queue of a price category begin with, in
// the order of joining. A queue is in one shard.
func waitingFor(performanceID id.ID, priceCategory string) string {
	return performanceID.String() + "#" + priceCategory + "#"
}

func waitingShard(queue string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(queue)) // it never fails
	return sharded(waitingQueue, int(h.Sum32()%shards))
}

// Entry implements app.Tx.
func (t *transaction) Entry(entryID id.ID) (waitlist.Entry, error) {
	return foundEntry(t.Get(keyOf(entryKind, entryID)))
}

// Entry implements app.Store.
func (s *Store) Entry(ctx context.Context, entryID id.ID) (waitlist.Entry, error) {
	return foundEntry(s.table.Get(ctx, keyOf(entryKind, entryID)))
}

func foundEntry(item dynamo.Item, err error) (waitlist.Entry, error) {
	if errors.Is(err, dynamo.ErrNotFound) {
		return waitlist.Entry{}, waitlist.ErrNotFound
	}
	if err != nil {
		return waitlist.Entry{}, err
	}
	return readEntry(item)
}

// PutEntry implements app.Tx.
func (t *transaction) PutEntry(e waitlist.Entry) error {
	item := dynamo.Item{Key: keyOf(entryKind, e.ID)}
	if e.Status == waitlist.Waiting {
		queue := waitingFor(e.PerformanceID, e.PriceCategory)
		item.Keys = map[string]string{attrQueue: waitingShard(queue), attrDue: queue + e.ID.String()}
	}
	var err error
	item.Document, err = pack(entryRow{
		PerformanceID: e.PerformanceID, PriceCategory: e.PriceCategory, Quantity: e.Quantity, CustomerID: e.CustomerID, Email: e.Email,
		Language: e.Language, Status: e.Status, HoldID: e.HoldID, ExpiresAt: itemcodec.Millis(e.ExpiresAt), CreatedAt: itemcodec.Millis(e.CreatedAt),
		Version: e.Version,
	})
	if err != nil {
		return err
	}
	t.Put(item)
	return nil
}

// waitingPage is how many entries of a queue are asked for at once: all but the
// first wait too, unless they left just now.
const waitingPage = 8

// FirstWaiting implements app.Tx.
func (t *transaction) FirstWaiting(performanceID id.ID, priceCategory string, after id.ID) (waitlist.Entry, error) {
	queue := waitingFor(performanceID, priceCategory)
	q := dynamo.Query{Index: byDue, PK: waitingShard(queue), Prefix: queue, Limit: waitingPage}
	if after != id.Nil {
		q.After = queue + after.String()
	}
	for {
		items, err := t.Query(q)
		if err != nil {
			return waitlist.Entry{}, err
		}
		for _, item := range items {
			entry, err := foundEntry(t.Get(item.Key))
			if err == nil && entry.Status == waitlist.Waiting || err != nil && !errors.Is(err, waitlist.ErrNotFound) {
				return entry, err
			}
		}
		if len(items) < waitingPage {
			return waitlist.Entry{}, waitlist.ErrNotFound
		}
		q.After = items[len(items)-1].Keys[attrDue]
	}
}

// Waiting implements app.Store. It reads the first of each queue and goes on
// behind its last.
func (s *Store) Waiting(ctx context.Context) ([]app.WaitingFor, error) {
	found := make([][]app.WaitingFor, shards)
	calls, ctx := errgroup.WithContext(ctx)
	for shard := range shards {
		calls.Go(func() error {
			for from := "0"; ; {
				items, err := s.table.Query(ctx, dynamo.Query{Index: byDue, PK: sharded(waitingQueue, shard), From: from, Limit: 1})
				if err != nil || len(items) == 0 {
					return err
				}
				place := items[0].Keys[attrDue]
				if len(place) < 2*idLength+2 {
					return fmt.Errorf("%w: waiting as %q", errMalformed, place)
				}
				performanceID, err := id.Parse(place[:idLength])
				if err != nil {
					return fmt.Errorf("%w: waiting as %q", errMalformed, place)
				}
				category := place[idLength+1 : len(place)-idLength-1]
				found[shard] = append(found[shard], app.WaitingFor{PerformanceID: performanceID, PriceCategory: category})
				from = waitingFor(performanceID, category) + "~" // behind every id
			}
		})
	}
	err := calls.Wait()
	return slices.Concat(found...), err
}
