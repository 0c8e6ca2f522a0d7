// Package sqs takes events from Amazon SQS queues, as Watermill subscribers: one
// is fed by a Lambda function's invocations, one polls. An Admin looks into queues
// and redrives dead letters. It decides nothing about what events mean, and
// retries nothing itself: the queue delivers again what was not handled, and its
// redrive policy says how often.
package sqs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/metrics"
)

const (
	defaultConcurrency = 4
	defaultMargin      = 2 * time.Second

	// letterTimeout bounds the sending of one dead letter.
	letterTimeout = 5 * time.Second
)

// FunctionConfig says how a Lambda function consumes.
type FunctionConfig struct {
	// Prefix is what the names of the stage's queues begin with, before the
	// subscription's name: "ticketmesh-<stage>-".
	Prefix string
	// Client sends dead letters.
	Client LetterClient
	Logger *slog.Logger
	// Metrics is told of each batch; nil is none.
	Metrics *metrics.Log
	// Concurrency is how many records of a batch are handled at once; 4 by
	// default.
	Concurrency int
	// Margin is how long before the invocation's deadline handlers are told to
	// stop and no record is begun any more; 2 s by default. It has to leave
	// enough of the function's timeout.
	Margin time.Duration
}

// Function is the handler of a Lambda function that SQS queues invoke. It runs
// subscriptions as any process does, with consumer.Run, and feeds them the
// records of its invocations, of which there may be several at once.
//
// The queues' mappings need ReportBatchItemFailures. The function's role needs,
// beside what mappings need, sqs:GetQueueUrl on the queues and their dead-letter
// queues and sqs:SendMessage on the latter.
type Function struct {
	config  FunctionConfig
	feeds   map[string]*Feed // by the queue's name
	letters *letters

	stop    context.CancelFunc
	stopped chan struct{}
	err     error // why the subscriptions stopped; set before stopped is closed
}

// NewFunction starts the subscriptions. When they cannot be run, Handle returns
// why.
func NewFunction(subs []consumer.Subscription, c FunctionConfig) *Function {
	if c.Concurrency <= 0 {
		c.Concurrency = defaultConcurrency
	}
	if c.Margin <= 0 {
		c.Margin = defaultMargin
	}
	f := &Function{
		config:  c,
		feeds:   make(map[string]*Feed, len(subs)),
		letters: newLetters(c.Client),
		stopped: make(chan struct{}),
	}
	for _, s := range subs {
		f.feeds[c.Prefix+s.Name] = newFeed()
	}
	ctx, stop := context.WithCancel(context.Background())
	f.stop = stop
	go func() {
		defer close(f.stopped)
		f.err = consumer.Run(ctx, subs, func(s consumer.Subscription) (message.Subscriber, error) {
			return f.feeds[c.Prefix+s.Name], nil
		}, c.Logger)
	}()
	return f
}

// Close stops the subscriptions after the handlers that run.
func (f *Function) Close() error {
	f.stop()
	<-f.stopped
	return f.err
}

var errStopped = errors.New("the subscriptions have stopped")

// Handle gives each record to its queue's subscription and reports those that
// were not handled; SQS delivers them again. A record that no retry cures, or
// whose last receive this was, is sent to the queue's dead letters with the
// reason and counts as handled; where that fails it stays in the queue. After a
// failure in a FIFO queue the rest of its message group is reported too, so that
// nothing overtakes it. Records that were not begun by the deadline's margin are
// reported, and a handler that has not returned in time is not waited for.
//
// An error, on which Lambda takes it that the whole batch failed, is of the
// function and not of a record: a queue without subscription, or subscriptions
// that do not run.
func (f *Function) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	lanes, err := f.lanes(e.Records)
	if err != nil {
		return response, err
	}
	inv := f.invocation(ctx)
	defer inv.end()

	done := make([]bool, len(e.Records))
	handled := make([]time.Time, len(e.Records)) // the times of the events that were handled
	work := make(chan []record)
	finished := make(chan struct{})
	workers := min(f.config.Concurrency, len(lanes))
	for range workers {
		go func() {
			for l := range work {
				for _, r := range l {
					if done[r.index], handled[r.index] = inv.handle(r); !done[r.index] {
						break
					}
				}
			}
			finished <- struct{}{}
		}()
	}
	for _, l := range lanes {
		work <- l
	}
	close(work)
	for range workers {
		<-finished
	}

	for i, r := range e.Records {
		if !done[i] {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
		}
	}
	select {
	case <-f.stopped:
		return response, errors.Join(errStopped, f.err)
	default:
	}
	f.measure(e.Records, done, handled)
	if n := len(response.BatchItemFailures); n > 0 {
		f.config.Logger.WarnContext(ctx, "records were not handled", "failed", n, "records", len(e.Records))
	}
	return response, nil
}

// measure tells the metrics what became of the batch. It is of one queue nearly always.
func (f *Function) measure(records []events.SQSMessage, done []bool, handled []time.Time) {
	type batch struct {
		done, undone int
		times        []time.Time
	}
	batches := make(map[string]*batch, 1)
	for i, r := range records {
		plain, _ := queue(r.EventSourceARN)
		b := batches[plain]
		if b == nil {
			b = new(batch)
			batches[plain] = b
		}
		if !done[i] {
			b.undone++
			continue
		}
		b.done++
		if !handled[i].IsZero() {
			b.times = append(b.times, handled[i])
		}
	}
	for name, b := range batches {
		f.config.Metrics.Consumed(strings.TrimPrefix(name, f.config.Prefix), b.done, b.undone, b.times)
	}
}

// queue returns the name of the queue at arn, for a FIFO queue without its suffix.
func queue(arn string) (plain string, fifo bool) {
	return strings.CutSuffix(arn[strings.LastIndexByte(arn, ':')+1:], fifoSuffix)
}

// record is one record of a batch and the feed of its queue.
type record struct {
	events.SQSMessage
	index int
	feed  *Feed
	group string
}

func (f *Function) lanes(given []events.SQSMessage) ([][]record, error) {
	records := make([]record, len(given))
	for i, r := range given {
		name, fifo := queue(r.EventSourceARN)
		feed, ok := f.feeds[name]
		if !ok {
			return nil, fmt.Errorf("no subscription for the queue %s", name)
		}
		records[i] = record{SQSMessage: r, index: i, feed: feed}
		if fifo {
			records[i].group = name + "/" + r.Attributes[attrGroup]
		}
	}
	return lanes(records, func(r record) string { return r.group }), nil
}

// invocation is the time that a batch has.
type invocation struct {
	f *Function
	// begin ends when no record is begun any more and handlers are to stop.
	begin context.Context
	// wait ends when nothing is waited for any more: half of the margin is for
	// handlers to stop, and half to answer.
	wait context.Context
	end  func()
}

func (f *Function) invocation(ctx context.Context) invocation {
	deadline, ok := ctx.Deadline()
	if !ok {
		return invocation{f, ctx, ctx, func() {}}
	}
	begin, endBegin := context.WithDeadline(ctx, deadline.Add(-f.config.Margin))
	wait, endWait := context.WithDeadline(ctx, deadline.Add(-f.config.Margin/2))
	return invocation{f, begin, wait, func() { endBegin(); endWait() }}
}

// handle reports whether the record is done with, and if its event was handled, of when
// that is.
func (inv invocation) handle(r record) (done bool, handled time.Time) {
	if inv.begin.Err() != nil {
		return false, handled // select picks at random among what is ready
	}
	m := decode(r.MessageId, r.Body)
	m.SetContext(event.WithTraceHeader(inv.begin, r.Attributes[attrTrace]))
	select {
	case r.feed.in <- m:
	case <-inv.begin.Done():
		return false, handled
	case <-inv.f.stopped:
		return false, handled
	}
	select {
	case <-m.Acked():
		handled, _ = time.Parse(event.TimeFormat, m.Metadata[event.MetaTime])
		return true, handled
	case <-m.Nacked():
		return inv.bury(r, m), handled
	case <-inv.wait.Done():
		// The handler goes on when the process is thawed; its effect is the same
		// whether before or after the next delivery.
		inv.f.config.Logger.ErrorContext(inv.wait, "handler did not return in time", "message", r.MessageId)
		return false, handled
	case <-inv.f.stopped:
		return false, handled
	}
}

// bury sends the record to the dead letters when it belongs there and reports
// whether it is there.
func (inv invocation) bury(r record, m *message.Message) bool {
	ctx, cancel := context.WithTimeout(inv.wait, letterTimeout)
	defer cancel()
	buried, err := inv.f.letters.send(ctx, r.EventSourceARN, newLetter(r.MessageId, r.Body, r.Attributes, m))
	if err != nil {
		inv.f.config.Logger.ErrorContext(ctx, "dead letter was not sent", "message", r.MessageId, "error", err)
	}
	if buried {
		name, _ := queue(r.EventSourceARN)
		inv.f.config.Metrics.DeadLetter(strings.TrimPrefix(name, inv.f.config.Prefix))
	}
	return buried
}
