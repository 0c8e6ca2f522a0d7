package sqs

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-sdk-go-v2/aws"
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

// flight is what was received and is not answered. Until then it is kept
// invisible; what is done with is deleted, in batches.
type flight struct {
	client     SubscriberClient
	queue      string
	visibility time.Duration
	logger     *slog.Logger

	// mu is held while visibility is extended: a message that is shown or deleted
	// at the same time would be hidden again, or missed.
	mu      sync.Mutex
	handles map[string]struct{} // receipt handles

	deletes chan string // receipt handles
	landed  chan struct{}
	active  sync.WaitGroup
}

func newFlight(c SubscriberConfig, queue string) *flight {
	f := &flight{
		client:     c.Client,
		queue:      queue,
		visibility: c.VisibilityTimeout,
		logger:     c.Logger,
		handles:    make(map[string]struct{}),
		deletes:    make(chan string),
		landed:     make(chan struct{}),
	}
	f.active.Go(f.extend)
	f.active.Go(f.deleteAll)
	return f
}

// land waits for the deletions; nothing may be added or deleted any more.
func (f *flight) land() {
	close(f.landed)
	close(f.deletes)
	f.active.Wait()
}

func (f *flight) add(messages []types.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range messages {
		f.handles[*m.ReceiptHandle] = struct{}{}
	}
}

func (f *flight) remove(messages ...types.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range messages {
		delete(f.handles, *m.ReceiptHandle)
	}
}

// show makes messages visible after a delay.
func (f *flight) show(messages []types.Message, delay time.Duration) {
	f.remove(messages...)
	handles := make([]string, len(messages))
	for i, m := range messages {
		handles[i] = *m.ReceiptHandle
	}
	f.change(handles, delay)
}

// delete hands a message over to be deleted.
func (f *flight) delete(m types.Message) {
	f.remove(m)
	f.deletes <- *m.ReceiptHandle
}

func (f *flight) extend() {
	ticker := time.NewTicker(f.visibility / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			f.mu.Lock()
			handles := make([]string, 0, len(f.handles))
			for h := range f.handles {
				handles = append(handles, h)
			}
			f.change(handles, f.visibility)
			f.mu.Unlock()
		case <-f.landed:
			return
		}
	}
}

// change sets how long messages stay invisible. A failure is no more than a log
// record: the messages are delivered again sooner or later than they should.
func (f *flight) change(handles []string, visible time.Duration) {
	for len(handles) > 0 {
		n := min(len(handles), maxBatch)
		input := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &f.queue}
		for i, h := range handles[:n] {
			input.Entries = append(input.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: entryID(i), ReceiptHandle: aws.String(h), VisibilityTimeout: seconds(visible),
			})
		}
		handles = handles[n:]
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		output, err := f.client.ChangeMessageVisibilityBatch(ctx, input)
		cancel()
		if err != nil {
			f.logger.Warn("visibility of messages was not changed", "queue", f.queue, "messages", n, "error", err)
			continue
		}
		for _, failed := range output.Failed {
			f.logger.Warn("visibility of a message was not changed", "queue", f.queue, "code", *failed.Code, "error", aws.ToString(failed.Message))
		}
	}
}

// deleteAll deletes what is there in one request, and what comes meanwhile in the
// next. A failure is no more than a log record: the message is delivered again,
// and consumers know it.
func (f *flight) deleteAll() {
	for first := range f.deletes {
		input := &sqs.DeleteMessageBatchInput{QueueUrl: &f.queue}
		add := func(handle string) {
			input.Entries = append(input.Entries, types.DeleteMessageBatchRequestEntry{Id: entryID(len(input.Entries)), ReceiptHandle: &handle})
		}
		add(first)
		for waiting := true; waiting && len(input.Entries) < maxBatch; {
			select {
			case handle, ok := <-f.deletes:
				if ok {
					add(handle)
				}
				waiting = ok
			default:
				waiting = false
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		output, err := f.client.DeleteMessageBatch(ctx, input)
		cancel()
		if err != nil {
			f.logger.Warn("messages were not deleted", "queue", f.queue, "messages", len(input.Entries), "error", err)
			continue
		}
		for _, failed := range output.Failed {
			f.logger.Warn("a message was not deleted", "queue", f.queue, "code", *failed.Code, "error", aws.ToString(failed.Message))
		}
	}
}

func entryID(i int) *string { return aws.String(strconv.Itoa(i)) }
