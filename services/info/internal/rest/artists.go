package rest

import (
	"context"

	"ticketmesh.dev/contracts/infoapi"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/artist"
)

// ListArtists implements infoapi.Handler.
func (h *handler) ListArtists(ctx context.Context, params infoapi.ListArtistsParams) (infoapi.ListArtistsRes, error) {
	after, err := decodeCursor[app.Place](params.Cursor)
	if err != nil {
		return nil, err
	}
	artists, last, err := h.info.Artists(ctx, after, params.Limit.Or(defaultLimit))
	if err != nil {
		return nil, err
	}
	list := &infoapi.ArtistList{Items: make([]infoapi.Artist, len(artists)), NextCursor: encodeCursor(last)}
	for i, a := range artists {
		list.Items[i] = *artistAnswer(a)
	}
	return list, nil
}

// CreateArtist implements infoapi.Handler.
func (h *handler) CreateArtist(ctx context.Context, req *infoapi.ArtistInput, _ infoapi.CreateArtistParams) (infoapi.CreateArtistRes, error) {
	a, err := h.info.CreateArtist(ctx, idempotency.ResourceID(ctx), artistDetails(req))
	if err != nil {
		return nil, err
	}
	return artistAnswer(a), nil
}

// GetArtist implements infoapi.Handler.
func (h *handler) GetArtist(ctx context.Context, params infoapi.GetArtistParams) (infoapi.GetArtistRes, error) {
	a, err := h.info.Artist(ctx, params.ArtistId)
	if err != nil {
		return nil, err
	}
	return artistAnswer(a), nil
}

// ReplaceArtist implements infoapi.Handler.
func (h *handler) ReplaceArtist(ctx context.Context, req *infoapi.ArtistInput, params infoapi.ReplaceArtistParams) (infoapi.ReplaceArtistRes, error) {
	expected, err := expectedVersion(params.IfMatch)
	if err != nil {
		return nil, err
	}
	a, err := h.info.ReplaceArtist(ctx, params.ArtistId, expected, artistDetails(req))
	if err != nil {
		return nil, err
	}
	return artistAnswer(a), nil
}

// DeleteArtist implements infoapi.Handler.
func (h *handler) DeleteArtist(ctx context.Context, params infoapi.DeleteArtistParams) (infoapi.DeleteArtistRes, error) {
	expected, err := expectedVersion(params.IfMatch)
	if err != nil {
		return nil, err
	}
	if err := h.info.DeleteArtist(ctx, params.ArtistId, expected); err != nil {
		return nil, err
	}
	return &infoapi.DeleteArtistNoContent{}, nil
}

func artistDetails(req *infoapi.ArtistInput) artist.Details {
	d := artist.Details{Name: req.Name, Description: req.Description.Or("")}
	for _, link := range req.Links {
		d.Links = append(d.Links, artist.Link{Label: link.Label, URL: link.URL})
	}
	return d
}

func artistAnswer(a artist.Artist) *infoapi.Artist {
	d := a.Details()
	answer := &infoapi.Artist{ArtistID: a.ID(), Name: d.Name, Version: a.Version()}
	if d.Description != "" {
		answer.Description.SetTo(d.Description)
	}
	for _, link := range d.Links {
		answer.Links = append(answer.Links, infoapi.Link{Label: link.Label, URL: link.URL})
	}
	return answer
}
