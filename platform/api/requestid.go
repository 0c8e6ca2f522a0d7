package api

import (
	"context"
	"encoding/hex"
	"math/rand/v2"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/tracing"
)

// Header names of the edge.
const (
	HeaderRequestID     = "X-Request-Id"
	HeaderCorrelationID = "X-Correlation-Id"
	headerTraceParent   = "Traceparent"
)

type responseKey struct{}

// RequestID returns the id that Wrap gave the request, or the empty string.
func RequestID(ctx context.Context) string {
	if w, ok := ctx.Value(responseKey{}).(*response); ok {
		return w.requestID
	}
	return ""
}

// sane reports whether a foreign id may enter logs, events and headers.
func sane(s string) bool {
	if len(s) == 0 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':':
		default:
			return false
		}
	}
	return true
}

func ownOr(foreign string) string {
	if sane(foreign) {
		return foreign
	}
	return id.New().String()
}

const zeros = "00000000000000000000000000000000"

// traceParent is where ctx is in its trace. Where nothing is recorded it continues a
// W3C trace context with a span of its own, or starts a trace that is not sampled. Where
// something is, the client's is not looked at: its spans are not among those that
// are recorded, and it does not decide what is.
func traceParent(ctx context.Context, header string) string {
	if link, ok := tracing.From(ctx); ok {
		return link.TraceParent()
	}
	// Span ids are not secrets.
	var span [8]byte
	fill(span[:], rand.Uint64())
	var b [55]byte
	copy(b[:], "00-")
	if validTraceParent(header) {
		copy(b[3:35], header[3:35])
		copy(b[53:], header[53:55])
	} else {
		var trace [16]byte
		fill(trace[:8], rand.Uint64()|1)
		fill(trace[8:], rand.Uint64())
		hex.Encode(b[3:35], trace[:])
		copy(b[53:], "00")
	}
	b[35], b[52] = '-', '-'
	span[0] |= 1 // all zeros is not an id
	hex.Encode(b[36:52], span[:])
	return string(b[:])
}

func fill(b []byte, v uint64) {
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
}

func validTraceParent(s string) bool {
	if len(s) < 55 || (len(s) > 55 && (s[:2] == "00" || s[55] != '-')) {
		return false
	}
	if s[2] != '-' || s[35] != '-' || s[52] != '-' || s[:2] == "ff" {
		return false
	}
	return lowerHex(s[:2]) && lowerHex(s[3:35]) && lowerHex(s[36:52]) && lowerHex(s[53:55]) &&
		s[3:35] != zeros && s[36:52] != zeros[:16]
}

func lowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
