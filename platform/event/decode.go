package event

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	ce "github.com/cloudevents/sdk-go/v2/event"

	"ticketmesh.dev/platform/id"
)

// ParseCloudEvent reads a structured CloudEvent 1.0. It refuses, wrapping
// ErrInvalid: anything that the CloudEvents SDK refuses, an id that is not a
// UUID, a missing type, source, subject or time, data that is not a JSON
// object, data_base64, a content type other than JSON and an attribute given
// twice. Extensions other than the trace are dropped. The event does not
// alias b.
func ParseCloudEvent(b []byte) (Event, error) {
	// Envelopes of our own making are read without the SDK, several times
	// faster; whatever looks different in any way goes to the SDK.
	a, err := scan(b)
	if err != nil {
		return Event{}, err
	}
	if a.plain {
		if e, ok := a.event(); ok {
			return e, nil
		}
	}
	e, err := parseWithSDK(b)
	if err == nil && a.schema != nil && e.DataSchema == "" {
		return Event{}, fmt.Errorf("%w: dataschema is not a URI", ErrInvalid) // the SDK drops it in silence
	}
	return e, err
}

func parseWithSDK(b []byte) (Event, error) {
	var env ce.Event
	if err := env.UnmarshalJSON(b); err != nil {
		return Event{}, fmt.Errorf("%w: %s", ErrInvalid, err)
	}
	if err := env.Validate(); err != nil {
		return Event{}, fmt.Errorf("%w: %s", ErrInvalid, strings.TrimSpace(err.Error()))
	}
	c, ok := env.Context.(*ce.EventContextV1)
	if !ok {
		return Event{}, fmt.Errorf("%w: specversion is not 1.0", ErrInvalid)
	}
	eventID, err := id.Parse(c.ID)
	if err != nil || eventID == id.Nil {
		return Event{}, fmt.Errorf("%w: id %q is not a UUID", ErrInvalid, c.ID)
	}
	if c.Subject == nil {
		return Event{}, fmt.Errorf("%w: subject is missing", ErrInvalid)
	}
	if c.Time == nil || c.Time.IsZero() {
		return Event{}, fmt.Errorf("%w: time is missing", ErrInvalid)
	}
	at := c.Time.UTC().Truncate(time.Millisecond)
	if y := at.Year(); y < 0 || y > 9999 {
		return Event{}, fmt.Errorf("%w: the year %d of time has not four digits", ErrInvalid, y)
	}
	// Without a content type the data of a JSON envelope is JSON.
	if env.DataBase64 || c.DataContentType != nil && env.DataMediaType() != jsonType {
		return Event{}, fmt.Errorf("%w: data is not %s", ErrInvalid, jsonType)
	}
	if err := checkData(env.DataEncoded); err != nil {
		return Event{}, err
	}
	e := Event{
		ID:      eventID,
		Type:    c.Type,
		Source:  c.Source.String(),
		Subject: *c.Subject,
		Time:    at,
		Data:    bytes.Clone(bytes.TrimSpace(env.DataEncoded)),
	}
	if c.DataSchema != nil {
		e.DataSchema = c.DataSchema.String()
	}
	for name, to := range map[string]*string{
		MetaCorrelationID: &e.CorrelationID,
		MetaCausationID:   &e.CausationID,
		MetaTraceParent:   &e.TraceParent,
	} {
		switch v := c.Extensions[name].(type) {
		case nil:
		case string:
			*to = v
		default:
			return Event{}, fmt.Errorf("%w: %s is not a string", ErrInvalid, name)
		}
	}
	return e, nil
}

// attributes are the raw values of an envelope's members.
type attributes struct {
	specversion, id, source, typ, subject, contentType, schema, time []byte
	correlation, causation, trace                                    []byte
	data                                                             []byte

	plain  bool            // every member is known, and a string without escapes, or data
	others map[string]bool // the names of unknown members
}

var errNotJSON = fmt.Errorf("%w: not a JSON object", ErrInvalid)

// scan checks that b is JSON and finds its members. It refuses what the SDK
// would let pass: another value than an object, a member given twice, and
// data_base64.
func scan(b []byte) (attributes, error) {
	a := attributes{plain: true}
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '{' {
		return a, errNotJSON
	}
	i = skipSpace(b, i+1)
	for first := true; ; first = false {
		if first && i < len(b) && b[i] == '}' {
			break
		}
		end, ok := skipString(b, i)
		if !ok {
			return a, errNotJSON
		}
		key := b[i+1 : end-1]
		if i = skipSpace(b, end); i == len(b) || b[i] != ':' {
			return a, errNotJSON
		}
		i = skipSpace(b, i+1)
		if end, ok = skipValue(b, i, 1); !ok {
			return a, errNotJSON
		}
		if err := a.add(key, b[i:end]); err != nil {
			return a, err
		}
		if i = skipSpace(b, end); i == len(b) {
			return a, errNotJSON
		}
		if b[i] == '}' {
			break
		}
		if b[i] != ',' {
			return a, errNotJSON
		}
		i = skipSpace(b, i+1)
	}
	if skipSpace(b, i+1) != len(b) {
		return a, errNotJSON
	}
	return a, nil
}

// add takes one member of the envelope.
func (a *attributes) add(key, value []byte) error {
	var to *[]byte
	switch string(key) {
	case "specversion":
		to = &a.specversion
	case "id":
		to = &a.id
	case "source":
		to = &a.source
	case "type":
		to = &a.typ
	case "subject":
		to = &a.subject
	case "datacontenttype":
		to = &a.contentType
	case "dataschema":
		to = &a.schema
	case "time":
		to = &a.time
	case MetaCorrelationID:
		to = &a.correlation
	case MetaCausationID:
		to = &a.causation
	case MetaTraceParent:
		to = &a.trace
	case "data":
		to = &a.data
	default:
		return a.addOther(key)
	}
	if *to != nil {
		return fmt.Errorf("%w: %q is given twice", ErrInvalid, key)
	}
	switch {
	case to == &a.data:
	case value[0] != '"' || bytes.IndexByte(value, '\\') >= 0:
		a.plain = false
	default:
		value = value[1 : len(value)-1]
	}
	*to = value
	return nil
}

// addOther takes a member that an envelope of ours does not have.
func (a *attributes) addOther(key []byte) error {
	a.plain = false
	name := string(key)
	switch {
	case name == "":
		return fmt.Errorf("%w: an attribute has no name", ErrInvalid) // the SDK would stop reading here
	case name == "data_base64":
		return fmt.Errorf("%w: data_base64 is not accepted", ErrInvalid)
	case bytes.IndexByte(key, '\\') >= 0:
		// It could be data_base64, or one given before, in disguise.
		return fmt.Errorf("%w: an attribute's name has an escape", ErrInvalid)
	case a.others[name]:
		return fmt.Errorf("%w: %q is given twice", ErrInvalid, name)
	}
	if a.others == nil {
		a.others = make(map[string]bool)
	}
	a.others[name] = true
	return nil
}

// event builds the event when every attribute is in its plainest form.
func (a attributes) event() (e Event, ok bool) {
	if string(a.specversion) != "1.0" || string(a.contentType) != jsonType ||
		len(bytes.TrimSpace(a.typ)) == 0 || len(bytes.TrimSpace(a.subject)) == 0 ||
		len(a.time) != len(TimeFormat) || len(a.data) == 0 || a.data[0] != '{' ||
		bytes.ContainsFunc(a.typ, notASCII) || bytes.ContainsFunc(a.subject, notASCII) ||
		bytes.ContainsFunc(a.correlation, notASCII) || bytes.ContainsFunc(a.causation, notASCII) ||
		bytes.ContainsFunc(a.trace, notASCII) {
		return Event{}, false
	}
	// One string for all attributes: they live and die together.
	s := string(a.id) + string(a.source) + string(a.typ) + string(a.subject) + string(a.schema) + string(a.time) +
		string(a.correlation) + string(a.causation) + string(a.trace)
	cut := func(n int) string {
		t := s[:n]
		s = s[n:]
		return t
	}
	eventID, err := id.Parse(cut(len(a.id)))
	if err != nil || eventID == id.Nil {
		return Event{}, false
	}
	e.ID = eventID
	e.Source = cut(len(a.source))
	if r := uriRef(e.Source); r == nil || r.String() != e.Source {
		return Event{}, false
	}
	e.Type = cut(len(a.typ))
	e.Subject = cut(len(a.subject))
	e.DataSchema = cut(len(a.schema))
	if e.DataSchema != "" {
		if u := uri(e.DataSchema); u == nil || u.String() != e.DataSchema {
			return Event{}, false
		}
	}
	if e.Time, err = time.Parse(TimeFormat, cut(len(a.time))); err != nil || e.Time.IsZero() {
		return Event{}, false
	}
	e.CorrelationID = cut(len(a.correlation))
	e.CausationID = cut(len(a.causation))
	e.TraceParent = cut(len(a.trace))
	e.Data = bytes.Clone(a.data)
	return e, true
}

func notASCII(r rune) bool { return r < ' ' || r > '~' }
