package sqs

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

const (
	defaultMaxInFlight = 32
	defaultVisibility  = 30 * time.Second
	defaultWait        = 5 * time.Second
	defaultDrain       = 6 * time.Second

	// maxBatch is how many messages a request of SQS takes.
	maxBatch = 10
)

// SubscriberClient is what polling needs of the SDK's client.
type SubscriberClient interface {
	LetterClient
	ReceiveMessage(ctx context.Context, input *sqs.ReceiveMessageInput, options ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(ctx context.Context, input *sqs.DeleteMessageBatchInput, options ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	ChangeMessageVisibilityBatch(ctx context.Context, input *sqs.ChangeMessageVisibilityBatchInput, options ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

// SubscriberConfig says how a process that runs all the time receives.
type SubscriberConfig struct {
	Client SubscriberClient
	Logger *slog.Logger
	// Queue is the queue's name. By default it is the topic.
	Queue string
	// MaxInFlight is how many messages are handled at once; 32 by default.
	MaxInFlight int
	// VisibilityTimeout is how long after the last sign of life of this process
	// its messages go to another; whole seconds, 30 s by default. While the
	// process lives a message stays its own, for SQS's limit of 12 h.
	VisibilityTimeout time.Duration
	// Wait is how long a request waits for messages, and so how long an idle
	// Close may take; whole seconds up to 20, 5 s by default.
	Wait time.Duration
	// RetryDelay is how long a message rests after its n-th failure (n counts
	// from 1), rounded to seconds. By default 1 s, doubling up to 5 minutes, half
	// of it random.
	RetryDelay func(n int) time.Duration
	// DrainTimeout is how long Close waits for messages that are being handled;
	// 6 s by default.
	DrainTimeout time.Duration
}

func (c *SubscriberConfig) setDefaults() {
	if c.MaxInFlight <= 0 {
		c.MaxInFlight = defaultMaxInFlight
	}
	if c.VisibilityTimeout <= 0 {
		c.VisibilityTimeout = defaultVisibility
	}
	if c.Wait <= 0 {
		c.Wait = defaultWait
	}
	if c.RetryDelay == nil {
		c.RetryDelay = retryDelay
	}
	if c.DrainTimeout <= 0 {
		c.DrainTimeout = defaultDrain
	}
}

func retryDelay(n int) time.Duration {
	d := 5 * time.Minute
	if n < 10 {
		d = time.Second << max(n-1, 0)
	}
	return d/2 + rand.N(d/2+1)
}

// Subscriber is a Watermill subscriber that polls, for processes that run all the
// time. It emits up to MaxInFlight messages without waiting for their answers; of
// a FIFO queue's message group one after the other, else in no promised order. An
// Ack deletes the message. A Nack makes it visible again after RetryDelay; when
// it was the last one that the queue's redrive policy allows, or
// consumer.MetaPermanent is "true" in the metadata, the message goes to the dead
// letters with the reason in consumer.MetaReason.
//
// The process's role needs sqs:GetQueueUrl, sqs:GetQueueAttributes,
// sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on its
// queues, and sqs:GetQueueUrl and sqs:SendMessage on their dead-letter queues.
type Subscriber struct {
	config  SubscriberConfig
	letters *letters

	mu      sync.Mutex
	stopped context.Context
	stop    context.CancelFunc
	active  sync.WaitGroup
}

var _ message.Subscriber = (*Subscriber)(nil)

// NewSubscriber returns a subscriber. It asks SQS for nothing yet.
func NewSubscriber(c SubscriberConfig) *Subscriber {
	c.setDefaults()
	s := &Subscriber{config: c, letters: newLetters(c.Client)}
	s.stopped, s.stop = context.WithCancel(context.Background())
	return s
}

// Subscribe implements message.Subscriber. It fails when there is no such queue.
// When ctx ends the channel closes and what was not emitted goes back to the
// queue at once; messages that are being handled can be answered for DrainTimeout
// longer.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	name := s.config.Queue
	if name == "" {
		name = topic
	}
	found, err := s.config.Client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return nil, fmt.Errorf("find the queue %s: %w", name, err)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped.Err() != nil {
		return nil, errClosed
	}
	subscribed, end := context.WithCancel(ctx)
	context.AfterFunc(s.stopped, end)
	feed := newFeed()
	out, err := feed.Subscribe(subscribed, topic)
	if err != nil {
		end()
		return nil, err
	}
	p := &poller{
		config:  s.config,
		queue:   *found.QueueUrl,
		fifo:    strings.HasSuffix(name, fifoSuffix),
		feed:    feed,
		letters: s.letters,
		flight:  newFlight(s.config, *found.QueueUrl),
		slots:   make(chan struct{}, s.config.MaxInFlight),
	}
	s.active.Go(func() {
		defer end()
		p.run(subscribed)
	})
	return out, nil
}

// Close stops receiving, waits up to DrainTimeout for the messages that are being
// handled, and returns the others to the queue. A request that waits for messages
// is not broken off before that: what SQS had answered to it would stay invisible
// until its timeout. It may be called twice.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.stop()
	s.mu.Unlock()
	s.active.Wait()
	return nil
}
