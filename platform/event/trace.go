package event

import "context"

// Trace is what makes the events of one request findable together. It travels
// in the context within a process and in the envelope between processes.
type Trace struct {
	CorrelationID string
	CausationID   string
	TraceParent   string
}

type traceKey struct{}

// WithTrace returns a context in which New continues t.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceFrom returns the trace in ctx, or the zero Trace.
func TraceFrom(ctx context.Context) Trace {
	t, _ := ctx.Value(traceKey{}).(Trace)
	return t
}

// Follow is the trace of whatever is done because of e.
func (e Event) Follow() Trace {
	t := Trace{CorrelationID: e.CorrelationID, CausationID: e.ID.String(), TraceParent: e.TraceParent}
	if t.CorrelationID == "" {
		t.CorrelationID = t.CausationID
	}
	return t
}

type traceHeaderKey struct{}

// WithTraceHeader returns a context that carries the trace header with which a
// transport delivered something: X-Ray's, as SQS has it in AWSTraceHeader. The
// text is not looked at here.
func WithTraceHeader(ctx context.Context, header string) context.Context {
	return context.WithValue(ctx, traceHeaderKey{}, header)
}

// TraceHeader returns the transport's trace header in ctx, or "".
func TraceHeader(ctx context.Context) string {
	header, _ := ctx.Value(traceHeaderKey{}).(string)
	return header
}
