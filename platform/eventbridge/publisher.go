// Package eventbridge publishes events to an Amazon EventBridge bus. It moves
// what others have committed and decides nothing about what is published; who
// receives it is said by the rules of the bus.
package eventbridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"ticketmesh.dev/platform/tracing"
)

const (
	// DefaultMaxBytes is what the entries of one request must stay below.
	DefaultMaxBytes = 256 << 10
	// DefaultTimeout is how long one Publish may take.
	DefaultTimeout = 15 * time.Second

	// maxEntries is how many entries a request takes.
	maxEntries = 10
)

// Client is what the publisher needs of the SDK's client.
type Client interface {
	PutEvents(ctx context.Context, input *eventbridge.PutEventsInput, options ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Config says where to publish.
type Config struct {
	Client Client
	Bus    string // its name or ARN
	// MaxBytes is what the entries of one request must stay below;
	// DefaultMaxBytes by default.
	MaxBytes int
	// Timeout bounds one Publish whose context ends later or never;
	// DefaultTimeout by default.
	Timeout time.Duration
}

// Publisher is a Watermill publisher to one bus. It may be used concurrently.
type Publisher struct {
	config Config
}

var _ message.Publisher = (*Publisher)(nil)

// NewPublisher returns a publisher. It sends nothing yet.
func NewPublisher(c Config) *Publisher {
	if c.MaxBytes <= 0 {
		c.MaxBytes = DefaultMaxBytes
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	return &Publisher{config: c}
}

// Publish sends the CloudEvents in the messages' payloads; the topic is not
// looked at, as there is one bus. Entries that EventBridge refused and may take
// later are sent again, those alone, until the first message's context or
// Config.Timeout ends. Messages that cannot be published do not keep the others
// back: the error is an *Error that lists them, and all others were published.
// What was published may be published again: consumers know events by their id.
func (p *Publisher) Publish(_ string, messages ...*message.Message) error {
	if len(messages) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(messages[0].Context(), p.config.Timeout)
	defer cancel()

	var failed []Failure
	pending := make([]entry, 0, len(messages))
	for i, m := range messages {
		e, err := p.entry(m)
		if err != nil {
			failed = append(failed, Failure{Index: i, UUID: m.UUID, Err: err})
			continue
		}
		e.index, e.uuid = i, m.UUID
		pending = append(pending, e)
	}
	for round := 1; len(pending) > 0; round++ {
		again, lost, err := p.send(ctx, pending)
		failed = append(failed, lost...)
		if err == nil && len(again) > 0 {
			err = pause(ctx, backoff(round))
		}
		if err != nil {
			for _, e := range again {
				failed = append(failed, e.failure(err))
			}
			break
		}
		pending = again
	}
	return asError(len(messages), failed)
}

// Close implements message.Publisher; there is nothing to close.
func (p *Publisher) Close() error { return nil }

// send makes one attempt for every entry, in as few requests as there can be.
// It returns the entries that are worth another attempt and the failures that
// are not. After an error, which is of a whole request, the entries that were
// not published are among the former.
func (p *Publisher) send(ctx context.Context, entries []entry) (again []entry, lost []Failure, err error) {
	for len(entries) > 0 {
		n := p.fitting(entries)
		chunk := entries[:n]
		results, err := p.put(ctx, chunk)
		if err != nil {
			return append(again, entries...), lost, err
		}
		for i, result := range results {
			e := chunk[i]
			if result.ErrorCode == nil {
				e.segment.End(false)
				continue
			}
			e.refused = &EntryError{Code: *result.ErrorCode, Message: aws.ToString(result.ErrorMessage)}
			if e.refused.temporary() {
				again = append(again, e)
			} else {
				lost = append(lost, e.failure(nil))
			}
		}
		entries = entries[n:]
	}
	return again, lost, nil
}

// fitting returns how many of the first entries go into one request. Each alone
// fits.
func (p *Publisher) fitting(entries []entry) int {
	size := 0
	for i, e := range entries {
		size += e.size
		if i == maxEntries || size >= p.config.MaxBytes {
			return i
		}
	}
	return len(entries)
}

// put sends one request and returns a result for each entry.
func (p *Publisher) put(ctx context.Context, chunk []entry) ([]types.PutEventsResultEntry, error) {
	input := &eventbridge.PutEventsInput{Entries: make([]types.PutEventsRequestEntry, len(chunk))}
	for i, e := range chunk {
		input.Entries[i] = e.request
	}
	output, err := p.config.Client.PutEvents(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("put events: %w", err)
	}
	if len(output.Entries) != len(chunk) {
		return nil, fmt.Errorf("put events: %d results for %d entries", len(output.Entries), len(chunk))
	}
	return output.Entries, nil
}

// entry is a message on its way.
type entry struct {
	index   int
	uuid    string
	request types.PutEventsRequestEntry
	size    int
	segment *tracing.Segment
	refused *EntryError // the last answer to it
}

// failure is what became of the entry: EventBridge's answer and, when that was
// not the last word, why there was no other attempt.
func (e entry) failure(err error) Failure {
	e.segment.End(true)
	if e.refused != nil {
		err = errors.Join(e.refused, err)
	}
	return Failure{Index: e.index, UUID: e.uuid, Err: err}
}
