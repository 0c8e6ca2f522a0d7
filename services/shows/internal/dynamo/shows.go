package dynamo

import (
	"context"
	"errors"
	"fmt"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/jsoncodec"
	"ticketmesh.dev/services/shows/internal/show"
)

const (
	showKind  = "show#"
	openShows = "shows" // in byOpen: shows that are not settled
)

func showKey(v id.ID) dynamo.Key { return keyOf(showKind, v) }

// showItem carries no events: a show is read with everything of it, and its
// index has what it has.
func showItem(s show.Show, unsettled bool) (dynamo.Item, error) {
	document, err := jsoncodec.EncodeShow(s)
	keys := map[string]string{attrList: listOf(s)}
	if unsettled {
		keys[attrOpen] = openShows
	}
	return dynamo.Item{Key: showKey(s.ID()), Document: document, Keys: keys, Bulk: true}, err
}

// InsertShow implements app.Store.
func (s *Store) InsertShow(ctx context.Context, new show.Show) (stored show.Show, err error) {
	item, err := showItem(new, false)
	if err != nil {
		return show.Show{}, err
	}
	err = s.table.Update(ctx, func(tx *dynamo.Tx) error {
		found, err := tx.Get(item.Key)
		if err == nil {
			stored, err = jsoncodec.DecodeShow(found.Document)
			return err
		}
		if !errors.Is(err, dynamo.ErrNotFound) {
			return err
		}
		stored = new
		tx.Put(item)
		return nil
	})
	return stored, err
}

// Show implements app.Store.
func (s *Store) Show(ctx context.Context, showID id.ID) (show.Show, error) {
	item, err := s.table.Get(ctx, showKey(showID))
	if err != nil {
		return show.Show{}, notFound(err, "show %s", showID)
	}
	return jsoncodec.DecodeShow(item.Document)
}

// SaveShow implements app.Store.
func (s *Store) SaveShow(ctx context.Context, next show.Show, was int, unsettled bool, facts ...app.Fact) error {
	return s.write(ctx, facts, func(tx *dynamo.Tx) (bool, error) {
		stored, err := expectShow(tx, next.ID(), was)
		if err != nil {
			return false, err
		}
		item, err := showItem(next, unsettled || isOpen(stored))
		if err != nil {
			return false, err
		}
		tx.Put(item)
		return true, nil
	})
}

func isOpen(item dynamo.Item) bool { return item.Keys[attrOpen] != "" }

// expectShow returns the show's item, or app.ErrConflict unless it has the
// version.
func expectShow(tx *dynamo.Tx, showID id.ID, version int) (dynamo.Item, error) {
	conflict := fmt.Errorf("show %s is not at version %d: %w", showID, version, app.ErrConflict)
	item, err := tx.Get(showKey(showID))
	if errors.Is(err, dynamo.ErrNotFound) {
		return dynamo.Item{}, conflict
	}
	if err != nil {
		return dynamo.Item{}, err
	}
	stored, err := jsoncodec.DecodeShow(item.Document)
	if err == nil && stored.Version() != version {
		err = conflict
	}
	return item, err
}

// Unsettled implements app.Store.
func (s *Store) Unsettled(ctx context.Context, limit int) ([]id.ID, error) {
	return s.open(ctx, openShows, showKind, limit)
}

// open returns the ids of what is left to do of a kind.
func (s *Store) open(ctx context.Context, list, kind string, limit int) ([]id.ID, error) {
	items, err := s.table.Query(ctx, dynamo.Query{Index: byOpen, PK: list, Limit: limit})
	if err != nil {
		return nil, err
	}
	ids := make([]id.ID, len(items))
	for i, item := range items {
		if ids[i], err = idOf(kind, item.Key); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Settled implements app.Store.
func (s *Store) Settled(ctx context.Context, showID id.ID, version int) error {
	err := s.table.Update(ctx, func(tx *dynamo.Tx) error {
		item, err := expectShow(tx, showID, version)
		if err == nil {
			closeItem(tx, item)
		}
		return err
	})
	if errors.Is(err, app.ErrConflict) {
		return nil // more has happened since
	}
	return err
}

// closeItem takes an item out of byOpen.
func closeItem(tx *dynamo.Tx, item dynamo.Item) {
	if !isOpen(item) {
		return
	}
	delete(item.Keys, attrOpen)
	tx.Put(item)
}
