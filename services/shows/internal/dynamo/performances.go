package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/jsoncodec"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

func performanceKey(v id.ID) dynamo.Key { return keyOf("performance#", v) }

func mapSK(version int) string { return "map#" + strconv.Itoa(version) }

// performanceItem carries no events: they have the whole seat map, and whoever
// reads the performance would pay for it every time.
func performanceItem(p performance.Performance) (dynamo.Item, error) {
	document, err := jsoncodec.EncodePerformance(p)
	return dynamo.Item{Key: performanceKey(p.ID()), Document: document, Bulk: true}, err
}

// InsertPerformance implements app.Store.
func (s *Store) InsertPerformance(ctx context.Context, p performance.Performance, m seatmap.Map, showVersion int, facts ...app.Fact) (performance.Performance, error) {
	state := p.State()
	body, err := jsoncodec.EncodeSeatMap(m)
	if err != nil {
		return performance.Performance{}, err
	}
	items, err := parts(performanceKey(state.ID).PK, mapSK(state.SeatMapVersion), body)
	if err != nil {
		return performance.Performance{}, err
	}
	item, err := performanceItem(p)
	if err != nil {
		return performance.Performance{}, err
	}
	date, err := dateItem(state, len(body))
	if err != nil {
		return performance.Performance{}, err
	}
	items = append(items, item, date)
	exists := false
	err = s.write(ctx, facts, func(tx *dynamo.Tx) (bool, error) {
		if err := tx.Load(item.Key, showKey(state.ShowID)); err != nil {
			return false, err
		}
		_, err := tx.Get(item.Key)
		if exists = err == nil; exists || !errors.Is(err, dynamo.ErrNotFound) {
			return false, err
		}
		if _, err := expectShow(tx, state.ShowID, showVersion); err != nil {
			return false, err
		}
		tx.Check(showKey(state.ShowID))
		for _, each := range items {
			tx.Put(each)
		}
		return true, nil
	})
	if err == nil && exists {
		return s.Performance(ctx, state.ShowID, state.ID)
	}
	return p, err
}

// Performance implements app.Store.
func (s *Store) Performance(ctx context.Context, showID, performanceID id.ID) (performance.Performance, error) {
	item, err := s.table.Get(ctx, performanceKey(performanceID))
	if err != nil {
		return performance.Performance{}, notFound(err, "performance %s", performanceID)
	}
	p, err := jsoncodec.DecodePerformance(item.Document)
	if err == nil && p.State().ShowID != showID {
		err = notFound(dynamo.ErrNotFound, "performance %s of show %s", performanceID, showID)
	}
	return p, err
}

// SavePerformance implements app.Store. The seat map stays.
func (s *Store) SavePerformance(ctx context.Context, p, was performance.Performance, showVersion int, facts ...app.Fact) error {
	return s.replace(ctx, p, was, nil, showVersion, facts)
}

// ChangeSeatMap implements app.Store.
func (s *Store) ChangeSeatMap(ctx context.Context, p, was performance.Performance, m seatmap.Map, showVersion int, facts ...app.Fact) error {
	body, err := jsoncodec.EncodeSeatMap(m)
	if err != nil {
		return err
	}
	return s.replace(ctx, p, was, body, showVersion, facts)
}

// replace stores p with its seat map, if was is what is stored; without one the
// seat map stays.
func (s *Store) replace(ctx context.Context, p, was performance.Performance, seatMap []byte, showVersion int, facts []app.Fact) error {
	state := p.State()
	next, err := performanceItem(p)
	if err != nil {
		return err
	}
	var pieces []dynamo.Item
	if seatMap != nil {
		if pieces, err = parts(next.Key.PK, mapSK(state.SeatMapVersion), seatMap); err != nil {
			return err
		}
	}
	return s.write(ctx, facts, func(tx *dynamo.Tx) (bool, error) {
		if err := tx.Load(next.Key, showKey(state.ShowID)); err != nil {
			return false, err
		}
		if _, err := expectShow(tx, state.ShowID, showVersion); err != nil {
			return false, err
		}
		stored, err := expectPerformance(tx, state.ShowID, was.State())
		if err != nil {
			return false, err
		}
		listed, err := tx.Get(dateKey(stored))
		if err != nil {
			return false, err
		}
		before, err := readDate(listed)
		if err != nil {
			return false, err
		}
		mapBytes := before.MapBytes
		if seatMap != nil {
			mapBytes = len(seatMap)
		}
		after, err := dateItem(state, mapBytes)
		if err != nil {
			return false, err
		}
		tx.Check(showKey(state.ShowID))
		tx.Put(next)
		if after.Key != before.key {
			tx.Delete(before.key)
		}
		tx.Put(after)
		for _, piece := range pieces {
			tx.Put(piece)
		}
		return true, nil
	})
}

// expectPerformance returns what is stored of the show's performance, or
// app.ErrConflict unless it is as it was.
func expectPerformance(tx *dynamo.Tx, showID id.ID, was performance.State) (performance.State, error) {
	conflict := fmt.Errorf("performance %s is not at version %d: %w", was.ID, was.Version, app.ErrConflict)
	item, err := tx.Get(performanceKey(was.ID))
	if errors.Is(err, dynamo.ErrNotFound) {
		return performance.State{}, conflict
	}
	if err != nil {
		return performance.State{}, err
	}
	p, err := jsoncodec.DecodePerformance(item.Document)
	if err != nil {
		return performance.State{}, err
	}
	stored := p.State()
	if stored.ShowID != showID || stored.Version != was.Version || stored.Announced != was.Announced {
		return performance.State{}, conflict
	}
	return stored, nil
}

// ListPerformances implements app.Store.
func (s *Store) ListPerformances(ctx context.Context, q app.PerformanceQuery) (app.PerformancePage, error) {
	query := dynamo.Query{PK: datesPK(q.ShowID)}
	if q.After != (app.PerformanceKey{}) {
		query.After = dateKey(performance.State{ShowID: q.ShowID, StartsAtUTC: q.After.StartsAtUTC, ID: q.After.ID}).SK
	}
	query.Limit = q.Limit + 1
	items, err := s.table.Query(ctx, query)
	if err != nil {
		return app.PerformancePage{}, err
	}
	var page app.PerformancePage
	var ids []id.ID
	var last app.PerformanceKey
	size := 0
	for _, item := range items {
		d, err := readDate(item)
		if err != nil {
			return app.PerformancePage{}, err
		}
		size += d.MapBytes
		if len(ids) == q.Limit || len(ids) > 0 && size > q.MaxBytes {
			page.Next = last
			break
		}
		ids = append(ids, d.PerformanceID)
		last = app.PerformanceKey{StartsAtUTC: d.startsAt, ID: d.PerformanceID}
	}
	performances, err := s.performances(ctx, ids)
	if err != nil {
		return app.PerformancePage{}, err
	}
	page.Performances = make([]app.PerformanceView, len(performances))
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(maxCalls)
	for i, p := range performances {
		calls.Go(func() error {
			m, err := s.SeatMap(ctx, p.ID(), p.State().SeatMapVersion)
			page.Performances[i] = app.PerformanceView{Performance: p, SeatMap: m}
			return err
		})
	}
	return page, calls.Wait()
}

// performances returns performances that there are, in the order of the ids.
func (s *Store) performances(ctx context.Context, ids []id.ID) ([]performance.Performance, error) {
	keys := make([]dynamo.Key, len(ids))
	for i, v := range ids {
		keys[i] = performanceKey(v)
	}
	items, err := s.table.GetAll(ctx, keys)
	if err != nil {
		return nil, err
	}
	performances := make([]performance.Performance, len(ids))
	for i, key := range keys {
		if performances[i], err = jsoncodec.DecodePerformance(items[key].Document); err != nil {
			return nil, err
		}
	}
	return performances, nil
}

// PendingPerformances implements app.Store.
func (s *Store) PendingPerformances(ctx context.Context, showID id.ID, pending app.Pending, limit int) ([]performance.Performance, error) {
	var ids []id.ID
	for d, err := range s.dates(ctx, dynamo.Query{PK: datesPK(showID)}) {
		if err != nil {
			return nil, err
		}
		if len(ids) == limit {
			break
		}
		if d.scheduled() && (pending == app.PendingCancel || !d.Announced) {
			ids = append(ids, d.PerformanceID)
		}
	}
	return s.performances(ctx, ids)
}

// SeatMap implements app.Store.
func (s *Store) SeatMap(ctx context.Context, performanceID id.ID, version int) (seatmap.Map, error) {
	body, err := s.whole(ctx, performanceKey(performanceID).PK, mapSK(version))
	if err != nil {
		return seatmap.Map{}, notFound(err, "version %d of the seat map of performance %s", version, performanceID)
	}
	return jsoncodec.DecodeSeatMap(body)
}
