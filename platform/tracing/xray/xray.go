// Package xray records segments with AWS's X-Ray SDK. It is for functions for whose start
// nobody waits: the SDK links aws-sdk-go v1, see docs/decisions.md. It decides no
// sampling: who begins a trace has.
package xray

import (
	"context"
	"net/http"

	"github.com/aws/aws-xray-sdk-go/header"
	"github.com/aws/aws-xray-sdk-go/strategy/ctxmissing"
	"github.com/aws/aws-xray-sdk-go/xray"
	"github.com/aws/aws-xray-sdk-go/xraylog"

	"ticketmesh.dev/platform/tracing"
)

type recorder struct{}

// NewRecorder has the SDK send to the daemon at address, which the variable
// AWS_XRAY_DAEMON_ADDRESS overrides. The SDK has one configuration in a process. What
// runs under a segment has the SDK's in its context, for its instrumentation. Its error
// is of an address that is none.
func NewRecorder(address string) (tracing.Recorder, error) {
	// By itself it writes text to standard output, between the lines of the log.
	xray.SetLogger(xraylog.NullLogger)
	err := xray.Configure(xray.Config{DaemonAddr: address, ContextMissingStrategy: ctxmissing.NewDefaultIgnoreErrorStrategy()})
	return recorder{}, err
}

// Begin implements tracing.Recorder.
func (recorder) Begin(ctx context.Context, name string, kind tracing.Kind, parent tracing.Link) (context.Context, string, func(failed bool)) {
	h := header.FromString(parent.Header())
	var s *xray.Segment
	if kind == tracing.Root {
		// The request is asked only when the header leaves sampling open.
		ctx, s = xray.NewSegmentFromHeader(ctx, name, &http.Request{}, h)
	} else {
		if xray.GetSegment(ctx) == nil {
			ctx, _ = xray.BeginFacadeSegment(ctx, name, h) // Lambda's own, which is not sent
		}
		ctx, s = xray.BeginSubsegment(ctx, name)
	}
	if s == nil || s.ID == "" { // AWS_XRAY_SDK_DISABLED
		return ctx, parent.SegmentID, func(bool) {}
	}
	return ctx, s.ID, func(failed bool) {
		s.Lock()
		s.Fault = failed
		s.Unlock()
		s.Close(nil)
	}
}
