package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/performance"
)

const showKind = "show#"

// showRow is how a show is called now.
type showRow struct {
	Version int    `json:"version"`
	Title   string `json:"title"`
}

func readShow(showID id.ID, get func(dynamo.Key) (dynamo.Item, error)) (performance.Show, error) {
	item, err := get(keyOf(showKind, showID))
	if errors.Is(err, dynamo.ErrNotFound) {
		return performance.Show{}, performance.ErrShowNotFound
	}
	if err != nil {
		return performance.Show{}, err
	}
	var row showRow
	if err := json.Unmarshal(item.Document, &row); err != nil {
		return performance.Show{}, fmt.Errorf("item %s: %w", item.Key.PK, err)
	}
	return performance.Show{ID: showID, Version: row.Version, Title: row.Title}, nil
}

// Show implements app.Tx.
func (t *transaction) Show(showID id.ID) (performance.Show, error) { return readShow(showID, t.Get) }

// PutShow implements app.Tx.
func (t *transaction) PutShow(s performance.Show) error {
	document, err := json.Marshal(showRow{s.Version, s.Title})
	if err != nil {
		return err
	}
	t.Put(dynamo.Item{Key: keyOf(showKind, s.ID), Document: document})
	return nil
}

// Show implements app.Store.
func (s *Store) Show(ctx context.Context, showID id.ID) (performance.Show, error) {
	return readShow(showID, func(key dynamo.Key) (dynamo.Item, error) { return s.table.Get(ctx, key) })
}
