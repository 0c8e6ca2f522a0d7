// Package event is the envelope of everything that leaves a service: a
// CloudEvent 1.0 in structured JSON, its trace, and its form on the bus. It
// knows no event's content and must not: data is an opaque JSON object here.
package event

import (
	"context"
	"encoding/json"
	"time"

	"ticketmesh.dev/platform/id"
)

// Topic is the one topic of the bus. What a consumer gets is chosen by type.
const Topic = "ticketmesh"

// TimeFormat is how times stand in an envelope: UTC, always three decimals, so
// that they sort as text.
const TimeFormat = "2006-01-02T15:04:05.000Z"

// Event is one fact, or one state, that a service tells the others.
type Event struct {
	ID         id.ID
	Type       string // ticketmesh.<service>.<entity>.<fact>.v<n>
	Source     string // /ticketmesh/<service>
	Subject    string // the entity's id
	DataSchema string // the $id of the data's schema; may be empty
	Time       time.Time
	Data       json.RawMessage // a JSON object

	// CorrelationID names the request or job that started it all, CausationID
	// the event that this one answers. Both may be empty.
	CorrelationID string
	CausationID   string
	TraceParent   string // W3C trace context; may be empty
}

// Validator checks an event's data against the schema of its type.
type Validator interface {
	Validate(eventType string, data []byte) error
}

// New returns an event with a new id, made at now, that continues the trace in
// ctx; without one it starts a trace named by its own id. The data is not
// looked at: MarshalCloudEvent does.
func New(ctx context.Context, source, eventType, subject, schema string, now time.Time, data json.RawMessage) Event {
	e := Event{
		ID:         id.New(),
		Type:       eventType,
		Source:     source,
		Subject:    subject,
		DataSchema: schema,
		Time:       now.UTC().Truncate(time.Millisecond),
		Data:       data,
	}
	t := TraceFrom(ctx)
	e.CorrelationID, e.CausationID, e.TraceParent = t.CorrelationID, t.CausationID, t.TraceParent
	if e.CorrelationID == "" {
		e.CorrelationID = e.ID.String()
	}
	return e
}
