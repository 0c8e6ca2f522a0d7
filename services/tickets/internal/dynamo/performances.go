package dynamo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

const (
	// cancelledQueue is what a cancelled performance is due in until its orders are
	// cancelled.
	cancelledQueue = "cancelled"
	// settling is how far the index of a performance's orders may lag behind.
	settling = time.Minute
	// pieceBytes is how much of a seat map one item has: less than the 400 KiB that
	// an item may have.
	pieceBytes = 300 << 10
	// maxKnown bounds how many performances are kept. One of 20,000 seats takes about
	// 2 MB.
	maxKnown = 16
)

// performanceRow is a performance without its seat map, which is large and seldom
// changes.
type performanceRow struct {
	Version     int             `json:"version"`
	State       json.RawMessage `json:"state"`
	Map         string          `json:"map"`    // digest of the seat map
	Pieces      int             `json:"pieces"` // that it is in
	CancelledAt int64           `json:"cancelledAt,omitempty"`
}

// mapRow is a seat map and the ground that it is laid out over.
type mapRow struct {
	Areas  []seatmap.Area
	Ground []seatmap.Area `json:",omitempty"`
}

func mapKeys(performanceID id.ID, row performanceRow) []dynamo.Key {
	keys := make([]dynamo.Key, row.Pieces)
	for i := range keys {
		keys[i] = dynamo.Key{PK: performanceKind + performanceID.String(), SK: fmt.Sprintf("map#%s#%02d", row.Map, i)}
	}
	return keys
}

// knownPerformance is a performance as read from a document. The same document
// always means the same, so it may be one that was never committed.
type knownPerformance struct {
	document    []byte
	performance *performance.Performance
}

func (s *Store) recall(performanceID id.ID, document []byte) *performance.Performance {
	s.known.Lock()
	defer s.known.Unlock()
	if known := s.known.performances[performanceID]; bytes.Equal(known.document, document) {
		return known.performance
	}
	return nil
}

func (s *Store) remember(document []byte, p *performance.Performance) {
	s.known.Lock()
	defer s.known.Unlock()
	for other := range s.known.performances {
		if len(s.known.performances) < maxKnown {
			break
		}
		delete(s.known.performances, other)
	}
	s.known.performances[p.ID] = knownPerformance{document, p}
}

// load returns the performance that the item is of. pieces reads its seat map, if
// that is not known; a map is never changed or deleted.
func (s *Store) load(performanceID id.ID, item dynamo.Item, pieces func([]dynamo.Key) ([]dynamo.Item, error)) (*performance.Performance, error) {
	if known := s.recall(performanceID, item.Document); known != nil {
		return known, nil
	}
	var row performanceRow
	if err := json.Unmarshal(item.Document, &row); err != nil {
		return nil, fmt.Errorf("item %s: %w", item.Key.PK, err)
	}
	p, _, err := itemcodec.DecodePerformance(performanceID, row.Version, row.State)
	if err != nil {
		return nil, err
	}
	read, err := pieces(mapKeys(performanceID, row))
	if err != nil {
		return nil, err
	}
	var packed []byte
	for _, piece := range read {
		packed = append(packed, piece.Document...)
	}
	var laid mapRow
	if err := unpack(packed, &laid); err != nil {
		return nil, fmt.Errorf("seat map of %s: %w", item.Key.PK, err)
	}
	if err := p.Restore(laid.Areas, laid.Ground); err != nil {
		return nil, err
	}
	s.remember(item.Document, p)
	return p, nil
}

// Performance implements app.Tx.
func (t *transaction) Performance(performanceID id.ID) (*performance.Performance, error) {
	item, err := t.Get(keyOf(performanceKind, performanceID))
	if errors.Is(err, dynamo.ErrNotFound) {
		return nil, performance.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return t.store.load(performanceID, item, func(keys []dynamo.Key) ([]dynamo.Item, error) {
		if err := t.Load(keys...); err != nil {
			return nil, err
		}
		found := make([]dynamo.Item, len(keys))
		for i, key := range keys {
			if found[i], err = t.Get(key); err != nil {
				return nil, err
			}
		}
		return found, nil
	})
}

// Performance implements app.Store.
func (s *Store) Performance(ctx context.Context, performanceID id.ID) (*performance.Performance, error) {
	item, err := s.table.Get(ctx, keyOf(performanceKind, performanceID))
	if errors.Is(err, dynamo.ErrNotFound) {
		return nil, performance.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return s.load(performanceID, item, func(keys []dynamo.Key) ([]dynamo.Item, error) { return s.all(ctx, keys) })
}

// all reads items in the order of their keys; dynamo.ErrNotFound when one is
// missing.
func (s *Store) all(ctx context.Context, keys []dynamo.Key) ([]dynamo.Item, error) {
	found, err := s.table.GetAll(ctx, keys)
	if err != nil {
		return nil, err
	}
	items := make([]dynamo.Item, len(keys))
	for i, key := range keys {
		item, there := found[key]
		if !there {
			return nil, fmt.Errorf("%w: %s %s", dynamo.ErrNotFound, key.PK, key.SK)
		}
		items[i] = item
	}
	return items, nil
}

// PutPerformance implements app.Tx. A seat map that is there is not written again.
// One that is replaced stays, since somebody may be about to read it.
func (t *transaction) PutPerformance(p *performance.Performance) error {
	before, err := t.Performance(p.ID)
	if err != nil && !errors.Is(err, performance.ErrNotFound) {
		return err
	}
	row := performanceRow{Version: p.Version}
	beside := *p
	beside.Areas, beside.Layout = nil, nil
	if row.State, err = itemcodec.EncodePerformance(&beside); err != nil {
		return err
	}
	packed, err := pack(mapRow{p.Areas, p.Layout.Ground()})
	if err != nil {
		return err
	}
	digest := sha256.Sum256(packed)
	row.Map, row.Pieces = hex.EncodeToString(digest[:8]), (len(packed)+pieceBytes-1)/pieceBytes
	for i, key := range mapKeys(p.ID, row) {
		if _, err := t.Get(key); errors.Is(err, dynamo.ErrNotFound) {
			t.Put(dynamo.Item{Key: key, Document: packed[i*pieceBytes : min(len(packed), (i+1)*pieceBytes)], Bulk: true})
		} else if err != nil {
			return err
		}
	}
	head := dynamo.Item{Key: keyOf(performanceKind, p.ID)}
	if p.Cancelled {
		now := t.store.clock.Now()
		row.CancelledAt = now.UnixMilli()
		head.Keys = map[string]string{attrQueue: cancelledQueue, attrDue: dueAt(now)}
	}
	if head.Document, err = json.Marshal(row); err != nil {
		return err
	}
	t.Put(head)
	return t.layOut(before, p)
}

// CancelledPerformances implements app.Store.
func (s *Store) CancelledPerformances(ctx context.Context) ([]id.ID, error) {
	items, err := s.table.Query(ctx, dynamo.Query{Index: byDue, PK: cancelledQueue, To: dueAt(s.clock.Now())})
	if err != nil {
		return nil, err
	}
	return idsOf(items)
}

// CancellationDone implements app.Store. Orders that were placed just before the
// performance was cancelled may not have been listed yet, so it comes back once
// when they must have been.
func (s *Store) CancellationDone(ctx context.Context, performanceID id.ID) error {
	return s.table.Update(ctx, func(tx *dynamo.Tx) error {
		item, err := tx.Get(keyOf(performanceKind, performanceID))
		if errors.Is(err, dynamo.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		var row performanceRow
		if err := json.Unmarshal(item.Document, &row); err != nil {
			return fmt.Errorf("item %s: %w", item.Key.PK, err)
		}
		settled := dueAt(time.UnixMilli(row.CancelledAt).Add(settling))
		due, pending := item.Keys[attrDue]
		switch now := dueAt(s.clock.Now()); {
		case !pending || due > now:
			return nil
		case now < settled:
			item.Keys = map[string]string{attrQueue: cancelledQueue, attrDue: settled}
		default:
			item.Keys = nil
		}
		tx.Put(item)
		return nil
	})
}
