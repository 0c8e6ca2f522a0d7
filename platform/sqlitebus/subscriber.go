package sqlitebus

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

const (
	defaultMaxInFlight = 128
	defaultVisibility  = 30 * time.Second
	defaultMaxReceives = 8
	defaultDrain       = 6 * time.Second
)

// SubscriberConfig describes a durable queue and how it is received from.
type SubscriberConfig struct {
	// Queue names the durable queue. Subscribers with one name share its
	// messages. Required.
	Queue string
	// Types filters by the metadata key event.MetaType; none means all. The
	// last subscriber to start decides for the queue.
	Types []string
	// MaxInFlight is how many messages are handled at once; 128 by default.
	MaxInFlight int
	// VisibilityTimeout is how long after the last sign of life of this
	// process its messages go to another; 30 s by default. While the process
	// lives a message stays its own, however long its handler takes.
	VisibilityTimeout time.Duration
	// MaxReceives is after how many failures a message goes to the dead
	// letters; 8 by default.
	MaxReceives int
	// RetryDelay is how long a message rests after its n-th failure (n counts
	// from 1). By default 250 ms, doubling up to a minute, half of it random.
	RetryDelay func(n int) time.Duration
	// DrainTimeout is how long Close waits for messages that are being
	// handled; 6 s by default.
	DrainTimeout time.Duration
}

func (c *SubscriberConfig) setDefaults() {
	if c.MaxInFlight <= 0 {
		c.MaxInFlight = defaultMaxInFlight
	}
	if c.VisibilityTimeout <= 0 {
		c.VisibilityTimeout = defaultVisibility
	}
	if c.MaxReceives <= 0 {
		c.MaxReceives = defaultMaxReceives
	}
	if c.RetryDelay == nil {
		c.RetryDelay = retryDelay
	}
	if c.DrainTimeout <= 0 {
		c.DrainTimeout = defaultDrain
	}
}

func retryDelay(n int) time.Duration {
	d := time.Minute
	if n < 9 {
		d = 250 * time.Millisecond << (n - 1)
	}
	return d/2 + rand.N(d/2+1)
}

// Subscriber receives from one durable queue. It emits up to MaxInFlight
// messages without waiting for their answers, in no promised order. A Nack
// makes the message visible again after RetryDelay; when it was the last of
// MaxReceives, or consumer.MetaPermanent is "true" in the metadata, the
// message goes to the queue's dead letters with the reason in
// consumer.MetaReason. Payloads are shared and must not be changed.
type Subscriber struct {
	bus    *Bus
	config SubscriberConfig

	mu     sync.Mutex
	closed bool
	stop   chan struct{}
	active sync.WaitGroup
}

// Subscriber returns a subscriber. The queue becomes durable with
// SubscribeInitialize or Subscribe, and gets what is published from then on.
// These fail when the config names no queue, or a pull queue (ErrTaken), or the
// bus is closed.
func (b *Bus) Subscriber(c SubscriberConfig) *Subscriber {
	c.setDefaults()
	s := &Subscriber{bus: b, config: c, stop: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		s.closed = true
	} else {
		b.subscribers[s] = struct{}{}
	}
	return s
}

// ErrNoQueue is the answer to a SubscriberConfig without a queue's name.
var ErrNoQueue = errors.New("subscriber without a queue")

var (
	_ message.Subscriber           = (*Subscriber)(nil)
	_ message.SubscribeInitializer = (*Subscriber)(nil)
)

// SubscribeInitialize implements message.SubscribeInitializer.
func (s *Subscriber) SubscribeInitialize(topicName string) error {
	if s.config.Queue == "" {
		return ErrNoQueue
	}
	_, err := s.bus.register(context.Background(), s.config.Queue, topicName, s.config.Types)
	return err
}

// Subscribe implements message.Subscriber. When ctx ends the channel closes
// and what was not emitted goes back to the queue at once; messages that are
// being handled can be answered for DrainTimeout longer.
func (s *Subscriber) Subscribe(ctx context.Context, topicName string) (<-chan *message.Message, error) {
	if s.config.Queue == "" {
		return nil, ErrNoQueue
	}
	queueID, err := s.bus.register(ctx, s.config.Queue, topicName, s.config.Types)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	sub := newSubscription(ctx, s.bus, s.config, queueID, s.stop)
	s.active.Add(1)
	go func() {
		defer s.active.Done()
		sub.run()
	}()
	return sub.out, nil
}

// Close stops receiving, waits up to DrainTimeout for the messages that are
// being handled, and returns the others to the queue. It may be called twice.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.stop)
	}
	s.mu.Unlock()
	s.active.Wait()
	s.bus.mu.Lock()
	delete(s.bus.subscribers, s)
	s.bus.mu.Unlock()
	return nil
}
