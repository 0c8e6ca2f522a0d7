package dynamo

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/jsoncodec"
	"ticketmesh.dev/services/shows/internal/show"
)

const (
	// lookedAt is how many shows a page with filters looks at, whatever it finds.
	lookedAt = 100
	// publishedList has the published shows of all organizers.
	publishedList = "published"
)

// listOf is the one list that has a show.
func listOf(s show.Show) string {
	if s.Status() == show.Published {
		return publishedList
	}
	return ownList(s.State().OrganizerID)
}

func ownList(organizer string) string { return "own#" + organizer }

// ListShows implements app.Store. Filters apply to a page of what there is, so
// that a page costs the same whatever is looked for.
func (s *Store) ListShows(ctx context.Context, q app.ShowQuery) (app.ShowPage, error) {
	look := q.Limit
	if q.Text != "" || q.Category != "" || q.City != "" || !q.From.IsZero() || !q.To.IsZero() {
		look = max(look, lookedAt)
	}
	shows, last, err := s.next(ctx, q, look)
	if err != nil {
		return app.ShowPage{}, err
	}
	found, err := s.filter(ctx, q, shows)
	if err != nil {
		return app.ShowPage{}, err
	}
	page := app.ShowPage{Shows: found}
	switch {
	case len(found) > q.Limit:
		page.Shows = found[:q.Limit]
		page.Next = found[q.Limit-1].ID()
	case !last:
		page.Next = shows[len(shows)-1].ID()
	}
	return page, nil
}

// next returns the next shows that the caller may see, of the lists that have
// them in one order, and whether these are the last.
func (s *Store) next(ctx context.Context, q app.ShowQuery, look int) (shows []show.Show, last bool, err error) {
	lists := []string{publishedList}
	if q.Organizer != "" {
		lists = append(lists, ownList(q.Organizer))
	}
	found := make([][]dynamo.Item, len(lists))
	calls, ctx := errgroup.WithContext(ctx)
	for i, list := range lists {
		calls.Go(func() (err error) {
			found[i], err = s.table.Query(ctx, listed(list, showKind, q.Before, look+1))
			return err
		})
	}
	if err := calls.Wait(); err != nil {
		return nil, false, err
	}
	items := slices.Concat(found...)
	slices.SortFunc(items, func(a, b dynamo.Item) int { return cmp.Compare(b.Key.PK, a.Key.PK) })
	// A show that goes from one list to the other may for a moment be in both.
	items = slices.CompactFunc(items, func(a, b dynamo.Item) bool { return a.Key == b.Key })
	last = len(items) <= look
	for _, item := range items[:min(look, len(items))] {
		each, err := jsoncodec.DecodeShow(item.Document)
		if err != nil {
			return nil, false, err
		}
		shows = append(shows, each)
	}
	return shows, last, nil
}

// filter returns those of the shows that the query asks for.
func (s *Store) filter(ctx context.Context, q app.ShowQuery, shows []show.Show) ([]show.Show, error) {
	text := show.Fold(q.Text)
	var matching []show.Show
	for _, each := range shows {
		if (q.Category == "" || each.State().Category == q.Category) && strings.Contains(each.SearchText(), text) {
			matching = append(matching, each)
		}
	}
	if q.City != "" {
		var err error
		if matching, err = s.inCity(ctx, q.City, matching); err != nil {
			return nil, err
		}
	}
	if q.From.IsZero() && q.To.IsZero() {
		return matching, nil
	}
	starts := make([]bool, len(matching))
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(maxCalls)
	for i, each := range matching {
		calls.Go(func() (err error) {
			starts[i], err = s.starts(ctx, each, q)
			return err
		})
	}
	if err := calls.Wait(); err != nil {
		return nil, err
	}
	var found []show.Show
	for i, each := range matching {
		if starts[i] {
			found = append(found, each)
		}
	}
	return found, nil
}

// starts reports whether a performance of the show that counts starts in the
// time that the query names.
func (s *Store) starts(ctx context.Context, of show.Show, q app.ShowQuery) (bool, error) {
	query := dynamo.Query{PK: datesPK(of.ID())}
	if !q.From.IsZero() {
		query.From = sortable(q.From)
	}
	if !q.To.IsZero() {
		query.To = sortable(q.To) // keys go on behind the start, so that it is not included
	}
	for date, err := range s.dates(ctx, query) {
		if err != nil {
			return false, err
		}
		if date.scheduled() || of.Status() == show.Cancelled {
			return true, nil
		}
	}
	return false, nil
}
