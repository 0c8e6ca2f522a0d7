package eventbridge

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/tracing"
)

// maxDetailType is EventBridge's limit, in characters.
const maxDetailType = 128

// entry makes what is sent of a message. It fails, for good, when the payload is
// no CloudEvent, its type is too long or it is too large for any request.
func (p *Publisher) entry(m *message.Message) (entry, error) {
	e, err := event.FromMessage(m)
	if err != nil {
		return entry{}, err
	}
	if utf8.RuneCountInString(e.Type) > maxDetailType {
		return entry{}, fmt.Errorf("%w: type %q has more than %d characters", event.ErrInvalid, e.Type, maxDetailType)
	}
	r := types.PutEventsRequestEntry{
		EventBusName: &p.config.Bus,
		Source:       aws.String(source(e.Source)),
		DetailType:   &e.Type,
		Detail:       aws.String(string(m.Payload)),
		// Without it EventBridge would take the time of the call, by which the
		// archive is replayed, and an event would have another time after an outage.
		Time: &e.Time,
	}
	size := entrySize(r)
	if size >= p.config.MaxBytes {
		return entry{}, &TooLargeError{EventID: e.ID, Type: e.Type, Size: size, Limit: p.config.MaxBytes}
	}
	ctx, segment := tracing.Follow(m.Context(), "publish "+*r.Source, e.TraceParent, "")
	link, ok := tracing.From(ctx)
	if !ok {
		link, ok = tracing.Parse(e.TraceParent)
	}
	if ok {
		// EventBridge passes it on to its targets, and SQS keeps it in the message's
		// AWSTraceHeader.
		r.TraceHeader = aws.String(link.Header())
	}
	return entry{request: r, size: size, segment: segment}, nil
}

// source is the EventBridge source of a CloudEvents one: "ticketmesh.tickets" of
// "/ticketmesh/tickets".
func source(ce string) string {
	return strings.ReplaceAll(strings.Trim(ce, "/"), "/", ".")
}

// entrySize counts an entry as AWS documents it ("Calculating Amazon EventBridge
// PutEvents event entry size"): 14 bytes for the time, and the UTF-8 bytes of
// source, detail type and detail. The trace header and the bus do not count.
func entrySize(r types.PutEventsRequestEntry) int {
	const timeSize = 14
	return timeSize + len(*r.Source) + len(*r.DetailType) + len(*r.Detail)
}
