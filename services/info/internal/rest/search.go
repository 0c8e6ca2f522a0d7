package rest

import (
	"context"

	"ticketmesh.dev/contracts/infoapi"
	"ticketmesh.dev/services/info/internal/search"
)

// Search implements infoapi.Handler.
func (h *handler) Search(ctx context.Context, params infoapi.SearchParams) (infoapi.SearchRes, error) {
	after, err := decodeCursor[search.Place](params.Cursor)
	if err != nil {
		return nil, err
	}
	kind := search.Kind(params.Type.Or(""))
	results, last, err := h.info.Search(ctx, params.Q, kind, after, params.Limit.Or(defaultLimit))
	if err != nil {
		return nil, err
	}
	answer := &infoapi.SearchResults{Items: make([]infoapi.SearchResult, len(results)), NextCursor: encodeCursor(last)}
	for i, r := range results {
		answer.Items[i] = infoapi.SearchResult{Type: infoapi.SearchType(r.Kind), ID: r.Ref, Title: r.Title, Snippet: r.Snippet}
		if r.Language != "" {
			answer.Items[i].Language.SetTo(r.Language)
		}
	}
	return answer, nil
}
