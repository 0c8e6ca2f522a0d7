package tracing

import (
	"encoding/hex"
	"strings"
)

// Link is a place in a trace: the segment under which others are made. Its ids are
// those of W3C's trace context, which X-Ray writes differently.
type Link struct {
	TraceID   string // 32 lower-case hexadecimal digits, not all 0
	SegmentID string // 16 lower-case hexadecimal digits, not all 0
	// Sampled is whether anything is recorded. It is decided where the trace begins, by
	// API Gateway or Lambda.
	Sampled bool
}

// Parse reads X-Ray's trace header or a traceparent. ok is false for anything else and
// for a header that names no trace or no parent.
func Parse(text string) (l Link, ok bool) {
	if strings.Contains(text, "=") {
		l = parseHeader(text)
	} else {
		l = parseTraceParent(text)
	}
	if !isID(l.TraceID, 32) || !isID(l.SegmentID, 16) {
		return Link{}, false
	}
	return l, true
}

// parseHeader reads "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".
// Fields come in any order, and there may be others.
func parseHeader(text string) (l Link) {
	for field := range strings.SplitSeq(text, ";") {
		switch key, value, _ := strings.Cut(strings.TrimSpace(field), "="); key {
		case "Root":
			if version, id, _ := strings.Cut(value, "-"); version == "1" && len(id) == 33 && id[8] == '-' {
				l.TraceID = id[:8] + id[9:]
			}
		case "Parent":
			l.SegmentID = value
		case "Sampled":
			l.Sampled = value == "1"
		}
	}
	return l
}

// parseTraceParent reads version, trace, parent and flags. A version to come may have
// more behind them.
func parseTraceParent(text string) (l Link) {
	parts := strings.Split(text, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || parts[0] == "ff" || parts[0] == "00" && len(parts) > 4 || len(parts[3]) != 2 {
		return l
	}
	flags, err := hex.DecodeString(parts[3])
	if _, bad := hex.DecodeString(parts[0]); err != nil || bad != nil {
		return l
	}
	return Link{TraceID: parts[1], SegmentID: parts[2], Sampled: flags[0]&1 == 1}
}

// isID reports whether s is an id of n digits.
func isID(s string, n int) bool {
	if len(s) != n {
		return false
	}
	zero := true
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
		zero = zero && c == '0'
	}
	return !zero
}

// Header is l as X-Ray's trace header.
func (l Link) Header() string {
	sampled := "0"
	if l.Sampled {
		sampled = "1"
	}
	return "Root=" + l.Root() + ";Parent=" + l.SegmentID + ";Sampled=" + sampled
}

// Root is the trace's id as X-Ray writes it, and its console finds it.
func (l Link) Root() string { return "1-" + l.TraceID[:8] + "-" + l.TraceID[8:] }

// TraceParent is l as W3C's trace context.
func (l Link) TraceParent() string {
	flags := "00"
	if l.Sampled {
		flags = "01"
	}
	return "00-" + l.TraceID + "-" + l.SegmentID + "-" + flags
}
