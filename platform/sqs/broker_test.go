package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// broker is an SQS with one queue, which keeps visibility by the clock as SQS
// does: a receipt handle is of one receive, and a message is received by one at a
// time.
type broker struct {
	double

	mu          sync.Mutex
	waiting     []*stored
	failReceive []error // the answers of the first requests
	deletions   []int   // sizes of the requests
	extensions  int     // requests that hide messages longer
	receiving   int     // requests that wait just now
}

type stored struct {
	id, body, group string
	receives        int
	visible         time.Time
	received        []time.Time
}

func (b *broker) put(id, body, group string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, &stored{id: id, body: body, group: group})
}

func (b *broker) left() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []string
	for _, m := range b.waiting {
		ids = append(ids, m.id)
	}
	return ids
}

// visible returns the messages that another process would get now.
func (b *broker) visible() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []string
	for _, m := range b.waiting {
		if !m.visible.After(time.Now()) {
			ids = append(ids, m.id)
		}
	}
	return ids
}

func (b *broker) ReceiveMessage(ctx context.Context, in *sdk.ReceiveMessageInput, _ ...func(*sdk.Options)) (*sdk.ReceiveMessageOutput, error) {
	b.mu.Lock()
	b.receiving++
	defer func() { b.mu.Lock(); b.receiving--; b.mu.Unlock() }()
	if len(b.failReceive) > 0 {
		err := b.failReceive[0]
		b.failReceive = b.failReceive[1:]
		b.mu.Unlock()
		return nil, err
	}
	b.mu.Unlock()
	end := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second)
	for {
		if got := b.take(in); len(got) > 0 || !time.Now().Before(end) {
			return &sdk.ReceiveMessageOutput{Messages: got}, nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (b *broker) take(in *sdk.ReceiveMessageInput) []types.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	held := map[string]bool{}
	for _, m := range b.waiting {
		if m.visible.After(now) {
			held[m.group] = m.group != ""
		}
	}
	var got []types.Message
	for _, m := range b.waiting {
		if m.visible.After(now) || held[m.group] || len(got) == int(in.MaxNumberOfMessages) {
			continue
		}
		m.receives++
		m.received = append(m.received, now)
		m.visible = now.Add(time.Duration(in.VisibilityTimeout) * time.Second)
		got = append(got, types.Message{
			MessageId: aws.String(m.id), Body: aws.String(m.body), ReceiptHandle: aws.String(fmt.Sprintf("%s/%d", m.id, m.receives)),
			Attributes: map[string]string{
				"ApproximateReceiveCount": strconv.Itoa(m.receives), "MessageGroupId": m.group,
				"AWSTraceHeader": "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1",
			},
		})
	}
	return got
}

func (b *broker) find(handle string) (*stored, int) {
	for i, m := range b.waiting {
		if handle == fmt.Sprintf("%s/%d", m.id, m.receives) {
			return m, i
		}
	}
	return nil, 0
}

func (b *broker) DeleteMessageBatch(_ context.Context, in *sdk.DeleteMessageBatchInput, _ ...func(*sdk.Options)) (*sdk.DeleteMessageBatchOutput, error) {
	b.mu.Lock()
	b.deletions = append(b.deletions, len(in.Entries))
	out := &sdk.DeleteMessageBatchOutput{}
	for _, e := range in.Entries {
		if m, i := b.find(*e.ReceiptHandle); m != nil {
			b.waiting = slices.Delete(b.waiting, i, i+1)
		} else {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("ReceiptHandleIsInvalid")})
		}
	}
	b.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
	return out, nil
}

func (b *broker) ChangeMessageVisibilityBatch(_ context.Context, in *sdk.ChangeMessageVisibilityBatchInput, _ ...func(*sdk.Options)) (*sdk.ChangeMessageVisibilityBatchOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(in.Entries) > 10 {
		return nil, errors.New("TooManyEntriesInBatchRequest")
	}
	out := &sdk.ChangeMessageVisibilityBatchOutput{}
	for _, e := range in.Entries {
		m, _ := b.find(*e.ReceiptHandle)
		if m == nil || !m.visible.After(time.Now()) {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("MessageNotInflight")})
			continue
		}
		if e.VisibilityTimeout == 30 {
			b.extensions++
		}
		m.visible = time.Now().Add(time.Duration(e.VisibilityTimeout) * time.Second)
	}
	return out, nil
}
