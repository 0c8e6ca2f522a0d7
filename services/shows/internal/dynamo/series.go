package dynamo

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/jsoncodec"
	"ticketmesh.dev/services/shows/internal/series"
)

const (
	seriesKind = "series#"
	openSeries = "series" // in byOpen: series that are not finished
	bodySK     = "body"
)

func seriesKey(v id.ID) dynamo.Key { return keyOf(seriesKind, v) }

// InsertSeries implements app.SeriesStore.
func (s *Store) InsertSeries(ctx context.Context, of series.Series, showVersion int) (series.Series, error) {
	state := of.State()
	key := seriesKey(state.ID)
	body, err := jsoncodec.EncodeSeries(of)
	if err != nil {
		return series.Series{}, err
	}
	items, err := parts(key.PK, bodySK, body)
	if err != nil {
		return series.Series{}, err
	}
	exists := false
	err = s.table.Update(ctx, func(tx *dynamo.Tx) error {
		_, err := tx.Get(key)
		if exists = err == nil; exists || !errors.Is(err, dynamo.ErrNotFound) {
			return err
		}
		if _, err := expectShow(tx, state.ShowID, showVersion); err != nil {
			return err
		}
		tx.Check(showKey(state.ShowID))
		tx.Put(dynamo.Item{Key: key, Document: []byte(state.ShowID.String()), Keys: map[string]string{attrOpen: openSeries}})
		for _, item := range items {
			tx.Put(item)
		}
		return nil
	})
	if err == nil && exists {
		return s.Series(ctx, state.ShowID, state.ID)
	}
	return of, err
}

// Series implements app.SeriesStore.
func (s *Store) Series(ctx context.Context, showID, seriesID id.ID) (series.Series, error) {
	of, err := s.series(ctx, seriesID)
	if err == nil && of.State().ShowID != showID {
		err = dynamo.ErrNotFound
	}
	if err != nil {
		return series.Series{}, notFound(err, "series %s of show %s", seriesID, showID)
	}
	return of, nil
}

// series returns a series, or dynamo.ErrNotFound.
func (s *Store) series(ctx context.Context, seriesID id.ID) (series.Series, error) {
	items, err := s.table.Query(ctx, dynamo.Query{PK: seriesKey(seriesID).PK})
	if err != nil {
		return series.Series{}, err
	}
	if len(items) == 0 {
		return series.Series{}, dynamo.ErrNotFound
	}
	showID, err := id.Parse(string(items[0].Document))
	if err != nil {
		return series.Series{}, err
	}
	body, err := join(items[1:])
	if err != nil {
		return series.Series{}, err
	}
	return jsoncodec.DecodeSeries(showID, seriesID, body)
}

// UnfinishedSeries implements app.SeriesStore.
func (s *Store) UnfinishedSeries(ctx context.Context, limit int) ([]series.Series, error) {
	ids, err := s.open(ctx, openSeries, seriesKind, limit)
	if err != nil {
		return nil, err
	}
	unfinished := make([]series.Series, len(ids))
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(maxCalls)
	for i, seriesID := range ids {
		calls.Go(func() (err error) {
			unfinished[i], err = s.series(ctx, seriesID)
			return err
		})
	}
	return unfinished, calls.Wait()
}

// SeriesFinished implements app.SeriesStore.
func (s *Store) SeriesFinished(ctx context.Context, seriesID id.ID) error {
	err := s.table.Update(ctx, func(tx *dynamo.Tx) error {
		item, err := tx.Get(seriesKey(seriesID))
		if err == nil {
			closeItem(tx, item)
		}
		return err
	})
	if errors.Is(err, dynamo.ErrNotFound) {
		return nil
	}
	return err
}
