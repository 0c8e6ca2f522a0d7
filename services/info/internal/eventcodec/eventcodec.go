// Package eventcodec turns what the domain announces into the events of the
// contracts. It decides nothing about when something is announced, and is the
// only package that knows both sides.
package eventcodec

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ticketmesh.dev/contracts/infoevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/services/info/internal/page"
	"ticketmesh.dev/services/info/internal/venue"
)

// Codec makes events. It is safe for concurrent use.
type Codec struct {
	validator event.Validator
}

// New returns a codec whose events all satisfy the validator.
func New(v event.Validator) *Codec {
	return &Codec{validator: v}
}

// VenueUpdated announces the venue as it is since at. Its subject is the venue's
// id.
func (c *Codec) VenueUpdated(ctx context.Context, v venue.Venue, at time.Time) (event.Event, error) {
	details := v.Details()
	data := infoevents.VenueUpdated{
		VenueID:  v.ID(),
		Version:  v.Version(),
		Name:     details.Name,
		City:     details.City,
		Country:  details.Country,
		TimeZone: details.TimeZone,
		Deleted:  v.Deleted(),
	}
	if details.Address != "" {
		data.Address.SetTo(details.Address)
	}
	if details.Capacity > 0 {
		data.Capacity.SetTo(details.Capacity)
	}
	return c.event(ctx, infoevents.TypeVenueUpdated, infoevents.SchemaVenueUpdated, v.ID().String(), at, &data)
}

// PagePublished announces the page as it is since at. Its subject names the page
// in its language, slug/language, since each has versions of its own.
func (c *Codec) PagePublished(ctx context.Context, p page.Page, at time.Time) (event.Event, error) {
	key, content := p.Key(), p.Content()
	data := infoevents.PagePublished{
		Slug:     key.Slug,
		Version:  p.Version(),
		Language: key.Language,
		Title:    content.Title,
		Markdown: content.Markdown,
		Deleted:  p.Deleted(),
	}
	return c.event(ctx, infoevents.TypePagePublished, infoevents.SchemaPagePublished, key.Slug+"/"+key.Language, at, &data)
}

func (c *Codec) event(ctx context.Context, eventType, schema, subject string, at time.Time, data json.Marshaler) (event.Event, error) {
	encoded, err := data.MarshalJSON()
	if err != nil {
		return event.Event{}, fmt.Errorf("encode %s: %w", eventType, err)
	}
	if err := c.validator.Validate(eventType, encoded); err != nil {
		return event.Event{}, fmt.Errorf("event breaks its contract: %w", err)
	}
	return event.New(ctx, infoevents.Source, eventType, subject, schema, at, encoded), nil
}
