package rest

import (
	"context"

	"ticketmesh.dev/contracts/infoapi"
	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/venue"
)

// defaultLimit is the contract's.
const defaultLimit = 50

// ListVenues implements infoapi.Handler.
func (h *handler) ListVenues(ctx context.Context, params infoapi.ListVenuesParams) (infoapi.ListVenuesRes, error) {
	after, err := decodeCursor[app.Place](params.Cursor)
	if err != nil {
		return nil, err
	}
	venues, last, err := h.info.Venues(ctx, after, params.Limit.Or(defaultLimit))
	if err != nil {
		return nil, err
	}
	list := &infoapi.VenueList{Items: make([]infoapi.Venue, len(venues)), NextCursor: encodeCursor(last)}
	for i, v := range venues {
		list.Items[i] = *venueAnswer(v)
	}
	return list, nil
}

// CreateVenue implements infoapi.Handler.
func (h *handler) CreateVenue(ctx context.Context, req *infoapi.VenueInput, _ infoapi.CreateVenueParams) (infoapi.CreateVenueRes, error) {
	v, err := h.info.CreateVenue(ctx, idempotency.ResourceID(ctx), venueDetails(req))
	if err != nil {
		return nil, err
	}
	return venueAnswer(v), nil
}

// GetVenue implements infoapi.Handler.
func (h *handler) GetVenue(ctx context.Context, params infoapi.GetVenueParams) (infoapi.GetVenueRes, error) {
	v, err := h.info.Venue(ctx, params.VenueId)
	if err != nil {
		return nil, err
	}
	return venueAnswer(v), nil
}

// ReplaceVenue implements infoapi.Handler.
func (h *handler) ReplaceVenue(ctx context.Context, req *infoapi.VenueInput, params infoapi.ReplaceVenueParams) (infoapi.ReplaceVenueRes, error) {
	expected, err := expectedVersion(params.IfMatch)
	if err != nil {
		return nil, err
	}
	v, err := h.info.ReplaceVenue(ctx, params.VenueId, expected, venueDetails(req))
	if err != nil {
		return nil, err
	}
	return venueAnswer(v), nil
}

// DeleteVenue implements infoapi.Handler.
func (h *handler) DeleteVenue(ctx context.Context, params infoapi.DeleteVenueParams) (infoapi.DeleteVenueRes, error) {
	expected, err := expectedVersion(params.IfMatch)
	if err != nil {
		return nil, err
	}
	if err := h.info.DeleteVenue(ctx, params.VenueId, expected); err != nil {
		return nil, err
	}
	return &infoapi.DeleteVenueNoContent{}, nil
}

func expectedVersion(ifMatch infoapi.OptString) (app.Version, error) {
	version, err := api.ParseIfMatch(ifMatch.Or(""))
	return app.Version(version), err
}

func venueDetails(req *infoapi.VenueInput) venue.Details {
	return venue.Details{
		Name:     req.Name,
		Address:  req.Address.Or(""),
		City:     req.City,
		Country:  req.Country,
		TimeZone: req.TimeZone,
		Capacity: req.Capacity.Or(0),
	}
}

func venueAnswer(v venue.Venue) *infoapi.Venue {
	d := v.Details()
	answer := &infoapi.Venue{
		VenueID:  v.ID(),
		Name:     d.Name,
		City:     d.City,
		Country:  d.Country,
		TimeZone: d.TimeZone,
		Version:  v.Version(),
	}
	if d.Address != "" {
		answer.Address.SetTo(d.Address)
	}
	if d.Capacity > 0 {
		answer.Capacity.SetTo(d.Capacity)
	}
	return answer
}
