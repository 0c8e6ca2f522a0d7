package sqs

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

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
