// Package tracing follows what one request causes, through every function and event,
// as X-Ray shows it. It knows where in a trace a context is and begins segments there;
// what becomes of a segment is a Recorder's business: Daemon of this package is light,
// that of package xray is AWS's SDK. It must link no SDK, decide no sampling and never
// make anything fail.
//
// Lambda itself records a segment of each invocation and says which in a header. What
// the invocation does is a subsegment of it (Begin). What an event causes belongs to the
// event's own trace, which is another than that of the invocation that handles it: SQS
// and streams begin new ones (Follow).
package tracing

import "context"

// Recorder makes segments known.
type Recorder interface {
	// Begin notes that a segment begins below parent. The id is as in Link, end is called
	// once, and inner is what the segment's work runs under, for a recorder that keeps
	// things in it. It may be called by several at a time, and is for what is sampled.
	Begin(ctx context.Context, name string, kind Kind, parent Link) (inner context.Context, id string, end func(failed bool))
}

// Kind says what a segment is in X-Ray's terms.
type Kind int

// The kinds.
const (
	Sub  Kind = iota // a subsegment, part of what Lambda records
	Root             // a segment of its own, in the trace of an event
)

type currentKey struct{}

// current is where a context is.
type current struct {
	recorder Recorder
	link     Link // zero when the invocation has no trace
}

// With returns the context of an invocation that Lambda has given header; that may be
// empty. Without it there is no tracing, and Begin and Follow do nothing.
func With(ctx context.Context, r Recorder, header string) context.Context {
	link, _ := Parse(header)
	return context.WithValue(ctx, currentKey{}, current{r, link})
}

// From returns where in its trace ctx is. ok is false when there is no tracing.
func From(ctx context.Context) (l Link, ok bool) {
	c, _ := ctx.Value(currentKey{}).(current)
	return c.link, c.link != Link{}
}

// Segment is something that takes its time. A nil one does nothing.
type Segment struct{ end func(failed bool) }

// End ends the segment. Why it has failed is for the log to say: what an error tells may
// be personal.
func (s *Segment) End(failed bool) {
	if s != nil {
		s.end(failed)
	}
}

// Begin begins a subsegment where ctx is. The names are few: none of an id or a person.
func Begin(ctx context.Context, name string) (context.Context, *Segment) {
	c, _ := ctx.Value(currentKey{}).(current)
	if !c.link.Sampled {
		return ctx, nil
	}
	return c.begin(ctx, name, Sub, c.link)
}

// Follow begins a segment of the trace that an event has brought: in its traceparent,
// and in the header of its transport, which knows better who has passed it on when it is
// of the same trace. Both may be empty. An event that has brought none gets what Begin
// begins.
func Follow(ctx context.Context, name, traceParent, header string) (context.Context, *Segment) {
	c, _ := ctx.Value(currentKey{}).(current)
	if c.recorder == nil {
		return ctx, nil
	}
	parent, ok := Parse(traceParent)
	if h, passed := Parse(header); passed && (!ok || h.TraceID == parent.TraceID) {
		parent, ok = h, true
	}
	if !ok {
		return Begin(ctx, name)
	}
	if !parent.Sampled {
		return context.WithValue(ctx, currentKey{}, current{c.recorder, parent}), nil
	}
	return c.begin(ctx, name, Root, parent)
}

func (c current) begin(ctx context.Context, name string, kind Kind, parent Link) (context.Context, *Segment) {
	inner, id, end := c.recorder.Begin(ctx, clean(name), kind, parent)
	parent.SegmentID = id
	return context.WithValue(inner, currentKey{}, current{c.recorder, parent}), &Segment{end}
}

// maxName is X-Ray's limit. It keeps a document far below 64 KB, more than which the
// daemon does not take.
const maxName = 200

// clean leaves what X-Ray takes in a name.
func clean(name string) string {
	b := []byte(name[:min(len(name), maxName)])
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == ' ', c == '_', c == '.', c == ':', c == '/', c == '-':
		default:
			b[i] = '_'
		}
	}
	return string(b)
}
