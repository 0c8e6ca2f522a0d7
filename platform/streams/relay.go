// Package streams relays events from a DynamoDB table's stream to the bus. A
// table's items carry the events of the commit that wrote them; the stream has
// every commit once. The package links no DynamoDB client: Lambda reads the
// stream. It decides nothing about what is published.
//
// The function's mapping is to have ReportBatchItemFailures,
// BisectBatchOnFunctionError, a MaximumRetryAttempts and an on-failure
// destination. A record that nobody can read fails time after time, the records
// around it being published; once the attempts are used up, the mapping tells
// the destination its place in the stream and goes on, so it cannot hold up its
// shard for ever. Without bisecting it would take what follows it in the batch
// along.
package streams

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/dynamo/envelope"
	"ticketmesh.dev/platform/event"
)

// Attribute is the attribute of an item that holds the encoded CloudEvents of
// the commit that wrote the item last, packed by package envelope. Every write
// replaces or removes it.
const Attribute = "outbox"

// Derive returns further events that a record stands for. It is asked again
// when the record is delivered again, and must then return the same events with
// the same ids.
type Derive func(record events.DynamoDBEventRecord) ([]event.Event, error)

// Failures is how a publisher's error tells which messages of a call were not
// published. After any other error the relay takes it that none was.
type Failures interface {
	error
	// FirstFailed is the lowest index of a message that was not published.
	FirstFailed() int
}

// Relay is the handler of a function behind a stream. It may be used for one
// invocation after another and for several at once.
type Relay struct {
	publisher message.Publisher
	logger    *slog.Logger
	derive    []Derive
}

// NewRelay returns a relay to the topic event.Topic of publisher.
func NewRelay(publisher message.Publisher, logger *slog.Logger, derive ...Derive) *Relay {
	return &Relay{publisher: publisher, logger: logger, derive: derive}
}

// Handle publishes the events of all records that can be read, in the order of
// the stream, in one call, and reports the lowest record that failed. Lambda
// delivers everything from that one on again, and what of it had been published
// is published again, with the same ids. The error is always nil: one would
// have the whole batch delivered again.
func (r *Relay) Handle(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	var messages []*message.Message
	var from []int // the record of each message
	failed := len(e.Records)
	for i, record := range e.Records {
		read, err := r.read(record)
		if err != nil {
			failed = min(failed, i)
			r.logger.ErrorContext(ctx, "stream record is unreadable", "record", record.Change.SequenceNumber, "error", err)
			continue
		}
		for _, m := range read {
			m.SetContext(ctx)
			messages = append(messages, m)
			from = append(from, i)
		}
	}
	if len(messages) > 0 {
		if err := r.publisher.Publish(event.Topic, messages...); err != nil {
			first := 0
			if f := Failures(nil); errors.As(err, &f) {
				first = f.FirstFailed()
			}
			failed = min(failed, from[first])
			r.logger.ErrorContext(ctx, "stream records were not relayed", "error", err)
		}
	}
	response := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	if failed < len(e.Records) {
		response.BatchItemFailures = append(response.BatchItemFailures,
			events.DynamoDBBatchItemFailure{ItemIdentifier: e.Records[failed].Change.SequenceNumber})
	}
	return response, nil
}

// read returns the messages that a record stands for.
func (r *Relay) read(record events.DynamoDBEventRecord) ([]*message.Message, error) {
	messages, err := committed(record.Change.NewImage)
	if err != nil {
		return nil, err
	}
	for _, derive := range r.derive {
		derived, err := derive(record)
		if err != nil {
			return nil, err
		}
		for _, e := range derived {
			encoded, err := e.MarshalCloudEvent()
			if err != nil {
				return nil, err
			}
			messages = append(messages, event.ToMessage(e, encoded))
		}
	}
	return messages, nil
}

// committed returns the messages in an image's outbox; an image that was
// removed has none.
func committed(image map[string]events.DynamoDBAttributeValue) ([]*message.Message, error) {
	outbox, ok := image[Attribute]
	if !ok {
		return nil, nil
	}
	if outbox.DataType() != events.DataTypeBinary {
		return nil, fmt.Errorf("attribute %s is not binary", Attribute)
	}
	packed, err := envelope.Unpack(outbox.Binary())
	if err != nil {
		return nil, err
	}
	messages := make([]*message.Message, len(packed))
	for i, encoded := range packed {
		e, err := event.ParseCloudEvent(encoded)
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", Attribute, i, err)
		}
		messages[i] = event.ToMessage(e, encoded)
	}
	return messages, nil
}
