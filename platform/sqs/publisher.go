package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	defaultMaxBytes       = 256 << 10
	defaultPublishTimeout = 15 * time.Second
)

// PublisherClient is what publishing needs of the SDK's client.
type PublisherClient interface {
	GetQueueUrl(ctx context.Context, input *sqs.GetQueueUrlInput, options ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	SendMessageBatch(ctx context.Context, input *sqs.SendMessageBatchInput, options ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// PublisherConfig says how to publish.
type PublisherConfig struct {
	Client PublisherClient
	// MaxBytes is what the bodies of one request may have together; 256 KiB by
	// default.
	MaxBytes int
	// Timeout bounds one Publish whose context ends later or never; 15 s by
	// default.
	Timeout time.Duration
}

// Publisher is a Watermill publisher to standard queues: a topic is a queue's
// name. Events go to the mesh's bus and not here; this is for messages between
// two processes. A message's UUID and metadata travel in the body, as SQS takes ten
// attributes and not every value. It may be used concurrently.
type Publisher struct {
	config PublisherConfig

	mu   sync.Mutex
	urls map[string]string
}

var _ message.Publisher = (*Publisher)(nil)

// NewPublisher returns a publisher. It sends nothing yet.
func NewPublisher(c PublisherConfig) *Publisher {
	if c.MaxBytes <= 0 {
		c.MaxBytes = defaultMaxBytes
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultPublishTimeout
	}
	return &Publisher{config: c, urls: make(map[string]string)}
}

// body is what a message of the publisher is in a queue.
type body struct {
	UUID     string            `json:"uuid"`
	Metadata map[string]string `json:"metadata"`
	Payload  []byte            `json:"payload"` // SQS takes text alone, so as base64
}

// Publish sends the messages in as few requests as there can be, until the first
// message's context or Config.Timeout ends. After an error some of them may have
// been sent. A message that alone exceeds MaxBytes keeps all of them from being
// sent.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	if len(messages) == 0 {
		return nil
	}
	bodies := make([]string, len(messages))
	for i, m := range messages {
		encoded, err := json.Marshal(body{m.UUID, m.Metadata, m.Payload})
		if err != nil {
			return fmt.Errorf("message %s: %w", m.UUID, err)
		}
		if len(encoded) > p.config.MaxBytes {
			return fmt.Errorf("message %s has %d bytes and may have %d", m.UUID, len(encoded), p.config.MaxBytes)
		}
		bodies[i] = string(encoded)
	}
	ctx, cancel := context.WithTimeout(messages[0].Context(), p.config.Timeout)
	defer cancel()
	url, err := p.url(ctx, topic)
	if err != nil {
		return fmt.Errorf("find the queue %s: %w", topic, err)
	}
	for len(bodies) > 0 {
		n := p.fitting(bodies)
		if err := p.send(ctx, url, bodies[:n]); err != nil {
			return fmt.Errorf("send to %s: %w", topic, err)
		}
		bodies = bodies[n:]
	}
	return nil
}

// Close implements message.Publisher; there is nothing to close.
func (p *Publisher) Close() error { return nil }

// fitting returns how many of the first bodies go into one request. Each alone
// fits.
func (p *Publisher) fitting(bodies []string) int {
	size := 0
	for i, b := range bodies {
		size += len(b)
		if i == maxBatch || size > p.config.MaxBytes {
			return i
		}
	}
	return len(bodies)
}

func (p *Publisher) send(ctx context.Context, url string, bodies []string) error {
	input := &sqs.SendMessageBatchInput{QueueUrl: &url}
	for i := range bodies {
		input.Entries = append(input.Entries, types.SendMessageBatchRequestEntry{Id: entryID(i), MessageBody: &bodies[i]})
	}
	output, err := p.config.Client.SendMessageBatch(ctx, input)
	if err != nil {
		return err
	}
	var errs []error
	for _, failed := range output.Failed {
		errs = append(errs, fmt.Errorf("%s: %s", aws.ToString(failed.Code), aws.ToString(failed.Message)))
	}
	return errors.Join(errs...)
}

func (p *Publisher) url(ctx context.Context, queue string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if url, ok := p.urls[queue]; ok {
		return url, nil
	}
	found, err := p.config.Client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &queue})
	if err != nil {
		return "", err
	}
	p.urls[queue] = *found.QueueUrl
	return *found.QueueUrl, nil
}
