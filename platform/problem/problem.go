// Package problem is how the HTTP API says that a request failed: RFC 9457
// problem details with a stable code. It knows the codes every service shares
// and none of a service's own, and it never carries what went wrong inside.
package problem

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

// TypeBase is what a problem's type begins with; its code follows.
const TypeBase = "https://ticketmesh.dev/problems/"

// Codes that every service shares.
const (
	CodeInvalidRequest       = "invalid_request"
	CodeUnauthenticated      = "unauthenticated"
	CodeForbidden            = "forbidden"
	CodeNotFound             = "not_found"
	CodeMethodNotAllowed     = "method_not_allowed"
	CodePayloadTooLarge      = "payload_too_large"
	CodeUnsupportedMediaType = "unsupported_media_type"
	CodeRateLimited          = "rate_limited"
	CodeInternal             = "internal"
	CodeUnavailable          = "unavailable"
	CodeIdempotencyKeyReused = "idempotency_key_reused"
	CodeInProgress           = "in_progress"
	CodeVersionConflict      = "version_conflict"
)

// Field is one thing that is wrong with a request: the JSON path of a member
// (`items[0].seats`) or the name of a parameter, and why, in plain words.
type Field struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Problem is an answer that is an error. It is immutable once made; one value
// may be written any number of times, also at the same time.
type Problem struct {
	Status   int
	Code     string // stable; what a program looks at
	Title    string // the same for every problem of this code
	Detail   string // what a person needs to know about this one; may be empty
	Instance string // URI of this occurrence; may be empty
	Errors   []Field
	Extra    map[string]any    // further members of the document, beside the standard ones
	Header   map[string]string // response headers that belong to it, such as Retry-After
}

// New returns a problem titled after its status. The detail of a 5xx is not
// taken: it would tell a stranger about the inside.
func New(status int, code, detail string) *Problem {
	return (&Problem{Status: status, Code: code, Title: title(status), Detail: detail}).safe()
}

// With returns a copy with one further member.
func (p *Problem) With(name string, value any) *Problem {
	c := *p
	c.Extra = make(map[string]any, len(p.Extra)+1)
	for k, v := range p.Extra {
		c.Extra[k] = v
	}
	c.Extra[name] = value
	return &c
}

// Error implements error.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Code
	}
	return p.Code + ": " + p.Detail
}

// Type is the problem's type URI.
func (p *Problem) Type() string { return TypeBase + p.Code }

// safe returns p, or for a 5xx a copy that says nothing but its code.
func (p *Problem) safe() *Problem {
	if p.Status < http.StatusInternalServerError {
		return p
	}
	c := &Problem{Status: p.Status, Code: p.Code, Title: p.Title, Instance: p.Instance, Header: p.Header}
	c.Detail = "Something went wrong on our side. The request may be tried again."
	return c
}

// MarshalJSON writes the document: the standard members first, then Extra in
// the order of its names. A name in Extra that is a standard one is left out.
func (p *Problem) MarshalJSON() ([]byte, error) {
	p = p.safe()
	standard := struct {
		Type     string  `json:"type"`
		Title    string  `json:"title"`
		Status   int     `json:"status"`
		Code     string  `json:"code"`
		Detail   string  `json:"detail,omitempty"`
		Instance string  `json:"instance,omitempty"`
		Errors   []Field `json:"errors,omitempty"`
	}{p.Type(), p.Title, p.Status, p.Code, p.Detail, p.Instance, p.Errors}
	document, err := json.Marshal(standard)
	if err != nil || len(p.Extra) == 0 {
		return document, err
	}
	b := bytes.NewBuffer(document[:len(document)-1])
	names := make([]string, 0, len(p.Extra))
	for name := range p.Extra {
		if !reserved(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(p.Extra[name])
		if err != nil {
			return nil, err
		}
		b.WriteByte(',')
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func reserved(name string) bool {
	switch name {
	case "type", "title", "status", "code", "detail", "instance", "errors":
		return true
	}
	return false
}

// Write answers r with p. The header must not have been written yet.
func Write(w http.ResponseWriter, r *http.Request, p *Problem) {
	body, err := json.Marshal(p)
	if err != nil {
		// Only a member in Extra can fail to encode.
		p = Internal()
		body, _ = json.Marshal(p)
	}
	h := w.Header()
	for name, value := range p.Header {
		h.Set(name, value)
	}
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Del("ETag")
	if p.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(p.Status)
	if r == nil || r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client is gone; there is nobody to tell
	}
}

// InvalidRequest is 400: what is wrong, field by field.
func InvalidRequest(fields ...Field) *Problem {
	p := New(http.StatusBadRequest, CodeInvalidRequest, "The request is not valid.")
	if len(fields) > 0 {
		p.Detail = "The request is not valid: " + sentence(fields[0])
	}
	p.Errors = fields
	return p
}

// Malformed is 400 when no field can be named, such as a body that is not JSON.
func Malformed(detail string) *Problem {
	return New(http.StatusBadRequest, CodeInvalidRequest, detail)
}

func sentence(f Field) string {
	if f.Field == "" {
		return f.Message + "."
	}
	return f.Field + " " + f.Message + "."
}

// Unauthenticated is 401: there is no token, or none that is valid.
func Unauthenticated() *Problem {
	return New(http.StatusUnauthorized, CodeUnauthenticated, "A valid access token is needed.")
}

// Forbidden is 403: the caller is known and may not do this.
func Forbidden(detail string) *Problem {
	if detail == "" {
		detail = "You are not allowed to do this."
	}
	return New(http.StatusForbidden, CodeForbidden, detail)
}

// NotFound is 404.
func NotFound(detail string) *Problem {
	if detail == "" {
		detail = "There is nothing here."
	}
	return New(http.StatusNotFound, CodeNotFound, detail)
}

// MethodNotAllowed is 405; allowed is the value of the Allow header.
func MethodNotAllowed(allowed string) *Problem {
	p := New(http.StatusMethodNotAllowed, CodeMethodNotAllowed, "This method is not allowed here.")
	p.Header = map[string]string{"Allow": allowed}
	return p
}

// PayloadTooLarge is 413.
func PayloadTooLarge(limitBytes int64) *Problem {
	return New(http.StatusRequestEntityTooLarge, CodePayloadTooLarge,
		"The body is larger than "+strconv.FormatInt(limitBytes, 10)+" bytes.")
}

// UnsupportedMediaType is 415.
func UnsupportedMediaType() *Problem {
	return New(http.StatusUnsupportedMediaType, CodeUnsupportedMediaType, "The body's Content-Type is not supported here.")
}

// RateLimited is 429; a positive after is rounded up to whole seconds.
func RateLimited(after time.Duration) *Problem {
	p := New(http.StatusTooManyRequests, CodeRateLimited, "Too many requests. Try again later.")
	if after > 0 {
		p.Header = map[string]string{"Retry-After": strconv.FormatInt(int64((after+time.Second-1)/time.Second), 10)}
	}
	return p
}

// Internal is 500 and says nothing.
func Internal() *Problem { return New(http.StatusInternalServerError, CodeInternal, "") }

// Unavailable is 503: the request may be tried again.
func Unavailable() *Problem { return New(http.StatusServiceUnavailable, CodeUnavailable, "") }

// IdempotencyKeyReused is 422: the key belongs to a request with another body.
func IdempotencyKeyReused() *Problem {
	return New(http.StatusUnprocessableEntity, CodeIdempotencyKeyReused,
		"This Idempotency-Key was used with another body.")
}

// InProgress is 409: the first request with this key is still running.
func InProgress() *Problem {
	p := New(http.StatusConflict, CodeInProgress, "The first request with this Idempotency-Key is still running.")
	p.Header = map[string]string{"Retry-After": "1"}
	return p
}

// VersionConflict is 412: If-Match names a version that is not the current one.
func VersionConflict() *Problem {
	return New(http.StatusPreconditionFailed, CodeVersionConflict, "It was changed in the meantime. Read it again.")
}

func title(status int) string {
	if t := http.StatusText(status); t != "" {
		return t
	}
	return "Error"
}
