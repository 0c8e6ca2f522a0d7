package event

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"

	ce "github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"

	"ticketmesh.dev/platform/id"
)

// ErrInvalid is what every refusal of an envelope wraps: it will not get
// better by trying again.
var ErrInvalid = errors.New("invalid event")

const jsonType = "application/json"

var contentType = jsonType

// MarshalCloudEvent encodes e in CloudEvents' structured JSON mode. The result
// is what ParseCloudEvent accepts, always in the same order of attributes. It
// fails, wrapping ErrInvalid, when an attribute is missing or malformed or the
// data is not a JSON object.
func (e Event) MarshalCloudEvent() ([]byte, error) {
	if e.ID == id.Nil {
		return nil, fmt.Errorf("%w: id is missing", ErrInvalid)
	}
	if e.Subject == "" {
		return nil, fmt.Errorf("%w: subject is missing", ErrInvalid)
	}
	if e.Time.IsZero() {
		return nil, fmt.Errorf("%w: time is missing", ErrInvalid)
	}
	if err := checkData(e.Data); err != nil {
		return nil, err
	}
	if !valid(e.Data) {
		return nil, fmt.Errorf("%w: data is not JSON", ErrInvalid)
	}
	source := uriRef(e.Source)
	if source == nil {
		return nil, fmt.Errorf("%w: source %q is not a URI reference", ErrInvalid, e.Source)
	}
	c := &ce.EventContextV1{
		ID:              e.ID.String(),
		Source:          *source,
		Type:            e.Type,
		Subject:         &e.Subject,
		DataContentType: &contentType,
		Time:            &types.Timestamp{Time: e.Time},
		Extensions:      make(map[string]any, 3),
	}
	if e.DataSchema != "" {
		if c.DataSchema = uri(e.DataSchema); c.DataSchema == nil {
			return nil, fmt.Errorf("%w: dataschema %q is not a URI", ErrInvalid, e.DataSchema)
		}
	}
	for _, x := range [...]struct{ name, value string }{
		{MetaCorrelationID, e.CorrelationID},
		{MetaCausationID, e.CausationID},
		{MetaTraceParent, e.TraceParent},
	} {
		if x.value != "" {
			c.Extensions[x.name] = x.value
		}
	}
	env := ce.Event{Context: c, DataEncoded: e.Data}
	if err := env.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrInvalid, err)
	}
	var buf bytes.Buffer
	buf.Grow(512 + len(e.Data))
	if err := ce.WriteJson(&env, &buf); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrInvalid, err)
	}
	return fixTime(buf.Bytes(), e.Time)
}

// timeKey begins the time attribute. It cannot occur inside a string, where
// the quotes would be escaped, and the SDK writes attributes before data, so
// the first occurrence is the attribute.
var timeKey = []byte(`,"time":"`)

// fixTime replaces the SDK's time, which drops trailing zeros of the fraction
// and keeps nanoseconds, by the form of a fixed width.
func fixTime(b []byte, t time.Time) ([]byte, error) {
	at := bytes.Index(b, timeKey)
	if at < 0 {
		return nil, fmt.Errorf("%w: no time in the encoding", ErrInvalid)
	}
	at += len(timeKey)
	end := bytes.IndexByte(b[at:], '"')
	if end < 0 {
		return nil, fmt.Errorf("%w: no time in the encoding", ErrInvalid)
	}
	end += at
	text := formatTime(t)
	if len(text) != len(TimeFormat) {
		return nil, fmt.Errorf("%w: the year of %s has not four digits", ErrInvalid, text)
	}
	if end-at == len(text) {
		copy(b[at:end], text)
		return b, nil
	}
	out := make([]byte, 0, len(b)+len(text))
	out = append(out, b[:at]...)
	out = append(out, text...)
	return append(out, b[end:]...), nil
}

func formatTime(t time.Time) string { return t.UTC().Format(TimeFormat) }

// checkData refuses what is not an object at first sight; whether it is JSON
// is checked apart.
func checkData(data []byte) error {
	for _, c := range data {
		switch c {
		case ' ', '\t', '\n', '\r':
			continue
		case '{':
			return nil
		}
		break
	}
	return fmt.Errorf("%w: data is not a JSON object", ErrInvalid)
}

// A process meets a handful of sources and schemas, and parsing a URI costs as
// much as encoding the rest. The bound keeps foreign events from growing it.
const maxCachedURIs = 1024

type uriCache[T any] struct {
	mu sync.RWMutex
	m  map[string]*T
}

func (c *uriCache[T]) get(s string, parse func(string) *T) *T {
	c.mu.RLock()
	v, ok := c.m[s]
	c.mu.RUnlock()
	if ok {
		return v
	}
	v = parse(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = make(map[string]*T)
	}
	if v != nil && len(c.m) < maxCachedURIs {
		c.m[s] = v
	}
	return v
}

var (
	uriRefs uriCache[types.URIRef]
	uris    uriCache[types.URI]
)

// uriRef returns nil when s is empty or not a URI reference.
func uriRef(s string) *types.URIRef { return uriRefs.get(s, types.ParseURIRef) }

// uri returns nil when s is not an absolute URI.
func uri(s string) *types.URI {
	return uris.get(s, func(s string) *types.URI {
		u := types.ParseURI(s)
		if u == nil || !u.Validate() {
			return nil
		}
		return u
	})
}
