package event

import (
	"github.com/ThreeDotsLabs/watermill/message"
)

// Metadata keys of a message on the bus. They are copies for routing and logs;
// the envelope in the payload is the truth.
const (
	MetaType          = "type"
	MetaSource        = "source"
	MetaSubject       = "subject"
	MetaTime          = "time"
	MetaCorrelationID = "correlationid"
	MetaCausationID   = "causationid"
	MetaTraceParent   = "traceparent"
)

// ToMessage wraps an encoded event for the bus; encoded must be e's envelope.
// The message's UUID is the event's id, by which the bus drops repeats.
func ToMessage(e Event, encoded []byte) *message.Message {
	m := message.NewMessage(e.ID.String(), encoded)
	md := make(message.Metadata, 8)
	md[MetaType] = e.Type
	md[MetaSource] = e.Source
	md[MetaSubject] = e.Subject
	md[MetaTime] = formatTime(e.Time)
	if e.CorrelationID != "" {
		md[MetaCorrelationID] = e.CorrelationID
	}
	if e.CausationID != "" {
		md[MetaCausationID] = e.CausationID
	}
	if e.TraceParent != "" {
		md[MetaTraceParent] = e.TraceParent
	}
	m.Metadata = md
	return m
}

// FromMessage reads the event out of a message's payload. The metadata and the
// message's UUID are not consulted: a broker may have replaced them.
func FromMessage(m *message.Message) (Event, error) {
	return ParseCloudEvent(m.Payload)
}
