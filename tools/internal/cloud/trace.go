package cloud

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"ticketmesh.dev/platform/tracing"
)

// newTrace is a trace that begins here. All are sampled.
func newTrace() tracing.Link {
	return tracing.Link{TraceID: fmt.Sprintf("%08x%016x%08x", time.Now().Unix(), rand.Uint64(), rand.Uint32()), Sampled: true}
}

// begin records the segment of an invocation, as Lambda does, and returns what the
// function is told of it.
func (f *function) begin(ctx context.Context, parent tracing.Link) (tracing.Link, func(failed bool)) {
	if parent.TraceID == "" {
		parent = newTrace()
	}
	if !f.traced || !parent.Sampled {
		return parent, func(bool) {}
	}
	_, segment, end := f.cloud.recorder.Begin(ctx, f.name, tracing.Root, parent)
	parent.SegmentID = segment
	return parent, end
}
