package rest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/show"
	"ticketmesh.dev/services/shows/internal/violation"
)

// showCursor is the position in a list of shows.
type showCursor struct {
	ShowID id.ID `json:"s"`
}

// ListShows implements showsapi.Handler.
func (h *handler) ListShows(ctx context.Context, params showsapi.ListShowsParams) (showsapi.ListShowsRes, error) {
	query := app.ShowQuery{Text: params.Q.Or(""), Category: params.Category.Or(""), City: params.City.Or(""), Limit: params.Limit.Value}
	var list violation.List
	query.From = moment(&list, "from", params.From)
	query.To = moment(&list, "to", params.To)
	if err := list.Err(); err != nil {
		return nil, err
	}
	if cursor, given := params.Cursor.Get(); given {
		position, err := api.DecodeCursor[showCursor](cursor)
		if err != nil {
			return nil, err
		}
		if position.ShowID == id.Nil {
			return nil, errCursor
		}
		query.Before = position.ShowID
	}
	page, err := h.app.ListShows(ctx, caller(ctx), query)
	if err != nil {
		return nil, err
	}
	tag, cacheControl := pageTag(page), caching(ctx)
	if api.MatchesETag(params.IfNoneMatch.Or(""), tag) {
		return &showsapi.Unchanged{ETag: showsapi.NewOptString(tag), CacheControl: cacheControl}, nil
	}
	answer := showsapi.ShowList{Items: make([]showsapi.Show, len(page.Shows))}
	for i, s := range page.Shows {
		answer.Items[i] = showAnswer(s)
	}
	if page.Next != id.Nil {
		next, err := api.EncodeCursor(showCursor{page.Next})
		if err != nil {
			return nil, err
		}
		answer.NextCursor.SetTo(next)
	}
	return &showsapi.ShowListHeaders{ETag: showsapi.NewOptString(tag), CacheControl: cacheControl, Response: answer}, nil
}

// everybody may see an answer that is as old as what is displayed anyway.
const everybody = "public, max-age=5, stale-while-revalidate=30"

// caching is how caches may keep what is displayed to the caller. api.Wrap has
// forbidden it for those who are signed in.
func caching(ctx context.Context) showsapi.OptString {
	if !caller(ctx).Anybody() {
		return showsapi.OptString{}
	}
	return showsapi.NewOptString(everybody)
}

// pageTag is the entity tag of a page. It is weak: it is of what the page says,
// which may be written in another way one day.
func pageTag(page app.ShowPage) string {
	digest := sha256.New()
	for _, s := range page.Shows {
		fmt.Fprintln(digest, s.ID(), s.Version())
	}
	fmt.Fprintln(digest, page.Next)
	return `W/"` + base64.RawURLEncoding.EncodeToString(digest.Sum(nil)[:12]) + `"`
}

// moment reads a time, or a date as its first moment in UTC.
func moment(list *violation.List, field string, value showsapi.OptString) time.Time {
	text, given := value.Get()
	if !given {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	list.Add(field, "must be a time as of RFC 3339, or a date")
	return time.Time{}
}

// CreateShow implements showsapi.Handler.
func (h *handler) CreateShow(ctx context.Context, req *showsapi.CreateShow, _ showsapi.CreateShowParams) (showsapi.CreateShowRes, error) {
	s, err := h.app.CreateShow(ctx, caller(ctx), idempotency.ResourceID(ctx), show.Details{
		Title:       req.Title,
		Description: req.Description,
		Category:    req.Category,
		VenueID:     req.VenueID.Or(id.Nil),
		ArtistIDs:   req.ArtistIDs,
	})
	if err != nil {
		return nil, err
	}
	return &showsapi.ShowCreatedHeaders{
		ETag:     showsapi.NewOptString(api.ETag(s.Version())),
		Location: showsapi.NewOptString("/shows/" + s.ID().String()),
		Response: showAnswer(s),
	}, nil
}

// GetShow implements showsapi.Handler.
func (h *handler) GetShow(ctx context.Context, params showsapi.GetShowParams) (showsapi.GetShowRes, error) {
	found, err := showHeaders(h.app.Show(ctx, caller(ctx), params.ShowId))
	if err != nil {
		return nil, err
	}
	found.CacheControl = caching(ctx)
	if api.MatchesETag(params.IfNoneMatch.Or(""), found.ETag.Value) {
		return &showsapi.Unchanged{ETag: found.ETag, CacheControl: found.CacheControl}, nil
	}
	return found, nil
}

// UpdateShow implements showsapi.Handler.
func (h *handler) UpdateShow(ctx context.Context, body showsapi.UpdateShowReq, params showsapi.UpdateShowParams) (showsapi.UpdateShowRes, error) {
	expected, err := api.ParseIfMatch(params.IfMatch.Or(""))
	if err != nil {
		return nil, err
	}
	var req *showsapi.UpdateShow
	switch body := body.(type) { // the same under either media type
	case *showsapi.UpdateShowApplicationMergePatchJSON:
		req = (*showsapi.UpdateShow)(body)
	case *showsapi.UpdateShowApplicationJSON:
		req = (*showsapi.UpdateShow)(body)
	default:
		return nil, fmt.Errorf("a patch of type %T", body)
	}
	var patch app.Patch
	if v, given := req.Title.Get(); given {
		patch.Title = &v
	}
	if v, given := req.Description.Get(); given {
		patch.Description = &v
	}
	if v, given := req.Category.Get(); given {
		patch.Category = &v
	}
	if req.VenueID.Set {
		v := req.VenueID.Or(id.Nil) // null is Nil
		patch.VenueID = &v
	}
	if req.ArtistIDs.Set {
		v := req.ArtistIDs.Or(nil)
		patch.ArtistIDs = &v
	}
	return showHeaders(h.app.UpdateShow(ctx, caller(ctx), params.ShowId, patch, expected))
}

// PublishShow implements showsapi.Handler.
func (h *handler) PublishShow(ctx context.Context, params showsapi.PublishShowParams) (showsapi.PublishShowRes, error) {
	return showHeaders(h.app.PublishShow(ctx, caller(ctx), params.ShowId))
}

// CancelShow implements showsapi.Handler.
func (h *handler) CancelShow(ctx context.Context, req showsapi.OptCancel, params showsapi.CancelShowParams) (showsapi.CancelShowRes, error) {
	return showHeaders(h.app.CancelShow(ctx, caller(ctx), params.ShowId, req.Value.Reason.Or("")))
}

func showHeaders(s show.Show, err error) (*showsapi.ShowHeaders, error) {
	if err != nil {
		return nil, err
	}
	return &showsapi.ShowHeaders{ETag: showsapi.NewOptString(api.ETag(s.Version())), Response: showAnswer(s)}, nil
}

func showAnswer(s show.Show) showsapi.Show {
	state := s.State()
	answer := showsapi.Show{
		ShowID:      state.ID,
		Title:       state.Title,
		Description: state.Description,
		Category:    state.Category,
		ArtistIDs:   state.ArtistIDs,
		Status:      showsapi.ShowStatus(state.Status),
		Version:     state.Version,
	}
	if state.VenueID != id.Nil {
		answer.VenueID.SetTo(state.VenueID)
	}
	if state.Reason != "" {
		answer.Reason.SetTo(state.Reason)
	}
	return answer
}
