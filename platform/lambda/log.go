package lambda

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"ticketmesh.dev/platform/event"
)

// Attributes that every record has which is logged during an invocation. With the
// keys and with "timestamp" and "message" Lambda's own JSON records are written, so one
// query finds both.
const (
	keyRequestID     = "requestId"
	keyTraceID       = "xrayTraceId"
	keyCorrelationID = "correlationId"
	keyColdStart     = "coldStart"
)

// newLogger writes JSON at the level that the function's LoggingConfig sets.
func newLogger(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if l.UnmarshalText([]byte(level)) != nil {
		l = slog.LevelInfo // unset, or FATAL and TRACE, which slog does not have
	}
	return slog.New(handler{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l, ReplaceAttr: lambdacontext.ReplaceAttr})})
}

// handler says of a record which invocation, trace and correlation it belongs to.
// lambdacontext.NewLogHandler names the first alone, and writes text by default.
type handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	add := func(key, value string) {
		if value != "" && !has(r, key) {
			r.AddAttrs(slog.String(key, value))
		}
	}
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		add(keyRequestID, invocation.AwsRequestID)
	}
	add(keyTraceID, traceID(ctx))
	add(keyCorrelationID, event.TraceFrom(ctx).CorrelationID)
	if ColdStart(ctx) {
		r.AddAttrs(slog.Bool(keyColdStart, true))
	}
	return h.Handler.Handle(ctx, r)
}

// has finds what platform/api has said of a request already: its client may have
// named it differently.
func has(r slog.Record, key string) (found bool) {
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == key
		return !found
	})
	return found
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

// traceID is the id of the X-Ray trace, under which its console finds it.
func traceID(ctx context.Context) string {
	header, _ := ctx.Value("x-amzn-trace-id").(string) // set by the runtime's loop
	for field := range strings.SplitSeq(header, ";") {
		if id, ok := strings.CutPrefix(field, "Root="); ok {
			return id
		}
	}
	return ""
}
