package cloud

import (
	"context"
	"slices"

	"ticketmesh.dev/tools/internal/iam"
	"ticketmesh.dev/tools/internal/stacks"
)

// inbox is a queue as a mapping reads it.
type inbox struct {
	cloud *Cloud
	queue *queue
	late  []string // receipts of what has failed, and comes back
}

// maxReceive is what SQS gives out at once.
const maxReceive = 10

func (i *inbox) needs() []iam.Request {
	var needs []iam.Request
	for _, action := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} {
		needs = append(needs, iam.Request{Action: action, Resource: i.queue.arn})
	}
	return needs
}

// message is one of SQS.
type message struct {
	MessageId, ReceiptHandle, Body, MD5OfBody string
	Attributes                                map[string]string
	MessageAttributes                         map[string]struct {
		DataType    string `json:"DataType"`
		StringValue string `json:"StringValue"`
	}
}

// record is the message as a function gets it.
func (m message) record(q *queue) map[string]any {
	attributes := map[string]any{}
	for name, a := range m.MessageAttributes {
		attributes[name] = map[string]any{"dataType": a.DataType, "stringValue": a.StringValue, "stringListValues": []string{}, "binaryListValues": []string{}}
	}
	return map[string]any{
		"messageId": m.MessageId, "receiptHandle": m.ReceiptHandle, "body": m.Body, "md5OfBody": m.MD5OfBody, "attributes": m.Attributes,
		"messageAttributes": attributes, "eventSource": "aws:sqs", "eventSourceARN": q.arn, "awsRegion": stacks.Region,
	}
}

// receive takes messages; those that have been received too often SQS has moved to the
// dead letters by then.
func (i *inbox) receive(ctx context.Context, n int) ([]message, error) {
	var out struct{ Messages []message }
	err := i.cloud.emulator.call(ctx, "AmazonSQS.ReceiveMessage", map[string]any{
		"QueueUrl": i.queue.url, "MaxNumberOfMessages": min(n, maxReceive), "AttributeNames": []string{"All"}, "MessageAttributeNames": []string{"All"}, "WaitTimeSeconds": 0,
	}, &out)
	return out.Messages, err
}

func (i *inbox) pass(ctx context.Context, s *source) (bool, error) {
	if !i.queue.filled.Swap(false) {
		return false, nil
	}
	messages, err := i.receive(ctx, s.batch)
	if err != nil || len(messages) == 0 {
		return false, err
	}
	i.queue.filled.Store(true) // there may be more
	var records []map[string]any
	var ids []string
	for _, m := range messages {
		records, ids = append(records, m.record(i.queue)), append(ids, m.MessageId)
	}
	failed, all := s.invoke(ctx, records)
	// An id that is not of the batch fails all of it.
	all = all || slices.ContainsFunc(failed, func(id string) bool { return !slices.Contains(ids, id) })
	for _, m := range messages {
		if all || slices.Contains(failed, m.MessageId) {
			i.late = append(i.late, m.ReceiptHandle)
			continue
		}
		if err := i.cloud.emulator.call(ctx, "AmazonSQS.DeleteMessage", map[string]any{"QueueUrl": i.queue.url, "ReceiptHandle": m.ReceiptHandle}, nil); err != nil {
			return true, err
		}
	}
	return true, nil
}

// again ends the visibility timeout of what has failed.
func (i *inbox) again(ctx context.Context) (bool, error) {
	late := i.late
	i.late = nil
	for _, receipt := range late {
		err := i.cloud.emulator.call(ctx, "AmazonSQS.ChangeMessageVisibility", map[string]any{"QueueUrl": i.queue.url, "ReceiptHandle": receipt, "VisibilityTimeout": 0}, nil)
		if err != nil {
			return true, err
		}
	}
	if len(late) > 0 {
		i.queue.filled.Store(true)
	}
	return len(late) > 0, nil
}

// reset forgets receipts; that the queue is emptied is for Reset.
func (i *inbox) reset(context.Context) error {
	i.late = nil
	return nil
}
