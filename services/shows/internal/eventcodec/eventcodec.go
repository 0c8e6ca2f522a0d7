// Package eventcodec turns what the domain announces into the events of the
// contracts, and the events of the sale into what the domain reads. It decides
// nothing about when something is announced.
package eventcodec

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/show"
)

// MaxInlineBytes is how large an event with its seat map may be; a larger one
// refers to the seat map. It leaves room below the 256 KB of EventBridge.
const MaxInlineBytes = 200 << 10

// Codec makes events. It is safe for concurrent use.
type Codec struct {
	validator event.Validator
}

// New returns a codec whose events all satisfy the validator.
func New(v event.Validator) *Codec { return &Codec{validator: v} }

// Encode makes the events that say the facts, in their order. They continue the
// trace in ctx. It fails when an event would break its contract.
func (c *Codec) Encode(ctx context.Context, facts ...app.Fact) ([]event.Event, error) {
	events := make([]event.Event, 0, len(facts))
	for _, fact := range facts {
		var e event.Event
		var err error
		switch fact := fact.(type) {
		case app.ShowFact:
			e, err = c.show(ctx, fact)
		case app.PerformanceFact:
			e, err = c.performance(ctx, fact)
		default:
			err = fmt.Errorf("no event says a %T", fact)
		}
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// kind is an event's type with its schema.
type kind struct{ eventType, schema string }

var showKinds = map[app.ShowChange]kind{
	app.ShowPublished: {showsevents.TypeShowPublished, showsevents.SchemaShowPublished},
	app.ShowUpdated:   {showsevents.TypeShowUpdated, showsevents.SchemaShowUpdated},
	app.ShowCancelled: {showsevents.TypeShowCancelled, showsevents.SchemaShowCancelled},
}

var performanceKinds = map[app.PerformanceChange]kind{
	app.PerformanceScheduled:   {showsevents.TypePerformanceScheduled, showsevents.SchemaPerformanceScheduled},
	app.PerformanceRescheduled: {showsevents.TypePerformanceRescheduled, showsevents.SchemaPerformanceRescheduled},
	app.PerformanceCancelled:   {showsevents.TypePerformanceCancelled, showsevents.SchemaPerformanceCancelled},
}

func (c *Codec) show(ctx context.Context, fact app.ShowFact) (event.Event, error) {
	kind, known := showKinds[fact.Change]
	if !known {
		return event.Event{}, fmt.Errorf("no event says change %d of a show", fact.Change)
	}
	state := fact.Show.State()
	data := showsevents.Show{
		ShowID:      state.ID,
		Version:     state.Version,
		OrganizerID: state.OrganizerID,
		Title:       state.Title,
		Description: state.Description,
		Category:    state.Category,
		ArtistIDs:   state.ArtistIDs,
		Status:      showsevents.ShowStatus(state.Status),
	}
	if state.VenueID != id.Nil {
		data.VenueID.SetTo(state.VenueID)
	}
	if state.Status == show.Cancelled && state.Reason != "" {
		data.Reason.SetTo(state.Reason)
	}
	return c.event(ctx, kind, state.ID, fact.At, &data)
}

func (c *Codec) performance(ctx context.Context, fact app.PerformanceFact) (event.Event, error) {
	kind, known := performanceKinds[fact.Change]
	if !known {
		return event.Event{}, fmt.Errorf("no event says change %d of a performance", fact.Change)
	}
	state, of := fact.Performance.State(), fact.Show.State()
	data := showsevents.Performance{
		PerformanceID:   state.ID,
		Version:         state.Version,
		ShowID:          state.ShowID,
		OrganizerID:     of.OrganizerID,
		ShowTitle:       of.Title,
		Status:          showsevents.PerformanceStatus(state.Status),
		StartsAt:        state.StartsAt,
		TimeZone:        state.TimeZone,
		StartsAtUtc:     state.StartsAtUTC,
		Currency:        state.Currency,
		PriceCategories: priceCategories(fact.SeatMap),
		SeatMapVersion:  state.SeatMapVersion,
	}
	if of.VenueID != id.Nil {
		data.VenueID.SetTo(of.VenueID)
	}
	setTime(&data.SalesOpenAt, state.SalesOpenAt)
	setTime(&data.SalesCloseAt, state.SalesCloseAt)
	setTime(&data.RescheduledAt, state.RescheduledAt)
	setTime(&data.ReturnsUntil, state.ReturnsUntil)
	if state.Limits != (performance.Limits{}) {
		var limits showsevents.PerformanceLimits
		setInt(&limits.PerOrder, state.Limits.PerOrder)
		setInt(&limits.PerCustomer, state.Limits.PerCustomer)
		data.Limits.SetTo(limits)
	}
	if state.Pricing != nil {
		data.Pricing.SetTo(charged(*state.Pricing))
	}
	data.Channels, data.Presales, data.ReleasedAllocations = channels(state.Sales.Channels), presales(state.Sales.Presales), state.Sales.Released
	if fact.Change == app.PerformanceRescheduled {
		data.PreviousStartsAtUtc.SetTo(fact.PreviousStartsAtUTC)
	}
	if state.Status == performance.Cancelled && state.Reason != "" {
		data.Reason.SetTo(state.Reason)
	}
	data.SeatMap.SetTo(seatMap(fact.SeatMap))
	e, err := c.event(ctx, kind, state.ID, fact.At, &data)
	if err != nil {
		return event.Event{}, err
	}
	size, err := encodedBytes(e)
	if err != nil {
		return event.Event{}, err
	}
	if size <= MaxInlineBytes {
		return e, nil
	}
	data.SeatMap.Reset()
	data.SeatMapRef.SetTo(SeatMapRef(state.ShowID, state.ID, state.SeatMapVersion))
	return c.event(ctx, kind, state.ID, fact.At, &data)
}

// SeatMapRef is the path at which the API answers a version of a seat map.
func SeatMapRef(showID, performanceID id.ID, version int) string {
	return fmt.Sprintf("/shows/%s/performances/%s/seatmaps/%d", showID, performanceID, version)
}

// encodedBytes is the size of the event as it goes over the bus, without
// encoding its data a second time.
func encodedBytes(e event.Event) (int, error) {
	data := len(e.Data)
	e.Data = json.RawMessage("{}")
	envelope, err := e.MarshalCloudEvent()
	if err != nil {
		return 0, err
	}
	return len(envelope) - len("{}") + data, nil
}

func (c *Codec) event(ctx context.Context, kind kind, subject id.ID, at time.Time, data json.Marshaler) (event.Event, error) {
	encoded, err := data.MarshalJSON()
	if err != nil {
		return event.Event{}, fmt.Errorf("encode %s: %w", kind.eventType, err)
	}
	if err := c.validator.Validate(kind.eventType, encoded); err != nil {
		return event.Event{}, fmt.Errorf("event breaks its contract: %w", err)
	}
	return event.New(ctx, showsevents.Source, kind.eventType, subject.String(), kind.schema, at, encoded), nil
}

func seatMap(m seatmap.Map) showsevents.SeatMap {
	forSale := m.ForSale()
	areas := make([]showsevents.Area, len(forSale))
	for i, area := range forSale {
		areas[i] = showsevents.Area{
			ID:            area.ID,
			Kind:          showsevents.AreaKind(area.Kind),
			PriceCategory: area.PriceCategory,
		}
		if area.Name != "" {
			areas[i].Name.SetTo(area.Name)
		}
		setInt(&areas[i].Capacity, area.Capacity)
		for _, row := range area.Rows {
			areas[i].Rows = append(areas[i].Rows, showsevents.Row{
				Row: row.Label, Seats: row.Seats, AisleAfter: row.AisleAfter, Wheelchair: row.Wheelchair, Companion: row.Companion,
			})
		}
	}
	return showsevents.SeatMap{Areas: areas, Allocations: allocations(m.Allocations())}
}

func setTime(to *showsevents.OptDateTime, t time.Time) {
	if !t.IsZero() {
		to.SetTo(t)
	}
}

func setInt(to *showsevents.OptInt, n int) {
	if n != 0 {
		to.SetTo(n)
	}
}
