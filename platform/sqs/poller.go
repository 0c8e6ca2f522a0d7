package sqs

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
)

const (
	// grace is how long a request may take beyond its waiting for messages.
	grace = 10 * time.Second
	// afterError is the pause after a request that failed, all attempts of the
	// SDK included.
	afterError = 2 * time.Second
)

// received are the attributes that are asked for.
var received = []types.MessageSystemAttributeName{
	types.MessageSystemAttributeNameAWSTraceHeader,
	types.MessageSystemAttributeNameMessageGroupId,
	types.MessageSystemAttributeNameApproximateReceiveCount,
	types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp,
}

// poller receives from a queue for one subscription.
type poller struct {
	config  SubscriberConfig
	queue   string // its URL
	fifo    bool
	feed    *Feed
	letters *letters
	flight  *flight
	slots   chan struct{} // holds one for each message that is received or asked for
}

// run receives until ctx ends, and returns when everything is answered or
// DrainTimeout later.
func (p *poller) run(ctx context.Context) {
	// Its values stay the messages' when it has ended.
	drained, endDrain := context.WithCancel(context.WithoutCancel(ctx))
	defer endDrain()
	context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(p.config.DrainTimeout, endDrain)
		<-drained.Done()
		timer.Stop()
	})

	var handling sync.WaitGroup
	for {
		n := p.reserve(ctx)
		if n == 0 {
			break
		}
		messages, err := p.receive(drained, n)
		p.release(n - len(messages))
		if err != nil {
			p.config.Logger.WarnContext(ctx, "messages were not received", "queue", p.queue, "error", err)
			pause(ctx, afterError)
			continue
		}
		p.flight.add(messages)
		for _, lane := range lanes(messages, p.group) {
			handling.Go(func() { p.handle(ctx, drained, lane) })
		}
	}
	handling.Wait()
	p.flight.land()
	_ = p.feed.Close()
}

// reserve waits for a free slot and takes as many as one request can use; none
// when ctx has ended.
func (p *poller) reserve(ctx context.Context) int {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	n := 1
	for ; n < maxBatch; n++ {
		select {
		case p.slots <- struct{}{}:
			continue
		default:
		}
		break
	}
	if ctx.Err() != nil { // select picks at random among what is ready
		p.release(n)
		return 0
	}
	return n
}

func (p *poller) release(n int) {
	for range n {
		<-p.slots
	}
}

func (p *poller) receive(ctx context.Context, n int) ([]types.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Wait+grace)
	defer cancel()
	output, err := p.config.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    &p.queue,
		MaxNumberOfMessages:         int32(n),
		WaitTimeSeconds:             seconds(p.config.Wait),
		VisibilityTimeout:           seconds(p.config.VisibilityTimeout),
		MessageSystemAttributeNames: received,
	}, wholeBodies)
	if err != nil {
		return nil, err
	}
	return output.Messages, nil
}

func (p *poller) group(m types.Message) string {
	if !p.fifo {
		return "" // groups of other queues are for fairness, not for order
	}
	return m.Attributes[attrGroup]
}

// handle gives a lane's messages to the subscription, one after the other. After
// a failure the rest goes back, so that nothing overtakes what failed.
func (p *poller) handle(ctx, drained context.Context, lane []types.Message) {
	defer p.release(len(lane))
	for i, m := range lane {
		if !p.handleOne(ctx, drained, m) {
			p.flight.show(lane[i+1:], 0)
			return
		}
	}
}

// handleOne reports whether the message is done with.
func (p *poller) handleOne(ctx, drained context.Context, given types.Message) bool {
	messageCtx, cancel := context.WithCancel(event.WithTraceHeader(drained, given.Attributes[attrTrace]))
	defer cancel()
	m := decode(*given.MessageId, *given.Body)
	m.SetContext(messageCtx)
	select {
	case p.feed.in <- m:
	case <-ctx.Done():
		p.flight.show([]types.Message{given}, 0)
		return false
	}
	select {
	case <-m.Acked():
		p.flight.delete(given)
		return true
	case <-m.Nacked():
		return p.refused(ctx, given, m)
	case <-drained.Done():
		p.config.Logger.ErrorContext(ctx, "handler did not return in time", "message", m.UUID)
		p.flight.show([]types.Message{given}, 0)
		return false
	}
}

// refused reports whether the message has gone to the dead letters.
func (p *poller) refused(ctx context.Context, given types.Message, m *message.Message) bool {
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), letterTimeout)
	defer cancel()
	buried, err := p.letters.send(sending, p.queue, newLetter(*given.MessageId, *given.Body, given.Attributes, m))
	if err != nil {
		p.config.Logger.ErrorContext(ctx, "dead letter was not sent", "message", m.UUID, "error", err)
	}
	if buried {
		p.flight.delete(given)
		return true
	}
	var delay time.Duration
	if ctx.Err() == nil || m.Metadata[consumer.MetaReason] != "" {
		n, _ := strconv.Atoi(given.Attributes[attrReceives])
		delay = p.config.RetryDelay(max(n, 1))
	} // else nobody has seen it
	p.flight.show([]types.Message{given}, delay)
	return false
}

func seconds(d time.Duration) int32 { return int32(d.Round(time.Second) / time.Second) }

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
