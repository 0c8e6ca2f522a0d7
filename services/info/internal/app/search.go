package app

import (
	"context"

	"ticketmesh.dev/services/info/internal/search"
)

// Search finds what holds every word that was typed, and says where the results
// ended unless they were the last. Without a word it finds nothing. Kind may be
// empty for all.
func (i *Info) Search(ctx context.Context, typed string, kind search.Kind, after *search.Place, limit int) ([]search.Result, *search.Place, error) {
	terms := search.Terms(typed)
	if len(terms) == 0 {
		return nil, nil, nil
	}
	results, err := i.store.Search(ctx, search.Query{Terms: terms, Kind: kind, After: after, Limit: limit + 1})
	if err != nil || len(results) <= limit {
		return results, nil, err
	}
	return results[:limit], &results[limit-1].Place, nil
}
