package sqs_test

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
)

// double is an SQS that takes dead letters, or does not.
type double struct {
	policy                            string // the redrive policy of every queue; empty for none
	failURL, failAttributes, failSend error

	mu    sync.Mutex
	asked int // how often for the policy
	sent  []sent
}

type sent struct{ queue, body, reason, receives, first, trace, group, deduplication string }

func (d *double) GetQueueUrl(_ context.Context, in *sdk.GetQueueUrlInput, _ ...func(*sdk.Options)) (*sdk.GetQueueUrlOutput, error) {
	if account := aws.ToString(in.QueueOwnerAWSAccountId); account != "" && account != "123456789012" {
		return nil, errors.New("wrong account")
	}
	return &sdk.GetQueueUrlOutput{QueueUrl: aws.String("https://sqs/" + *in.QueueName)}, d.failURL
}

func (d *double) GetQueueAttributes(_ context.Context, in *sdk.GetQueueAttributesInput, _ ...func(*sdk.Options)) (*sdk.GetQueueAttributesOutput, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	out := &sdk.GetQueueAttributesOutput{Attributes: map[string]string{}}
	if d.policy != "" {
		out.Attributes["RedrivePolicy"] = d.policy
	}
	return out, d.failAttributes
}

func (d *double) SendMessage(_ context.Context, in *sdk.SendMessageInput, _ ...func(*sdk.Options)) (*sdk.SendMessageOutput, error) {
	if d.failSend != nil {
		return nil, d.failSend
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := sent{queue: *in.QueueUrl, body: *in.MessageBody, group: aws.ToString(in.MessageGroupId), deduplication: aws.ToString(in.MessageDeduplicationId)}
	s.reason = aws.ToString(in.MessageAttributes["reason"].StringValue)
	s.receives = aws.ToString(in.MessageAttributes["receives"].StringValue)
	s.first = aws.ToString(in.MessageAttributes["firstReceived"].StringValue)
	s.trace = aws.ToString(in.MessageSystemAttributes["AWSTraceHeader"].StringValue)
	d.sent = append(d.sent, s)
	return &sdk.SendMessageOutput{}, nil
}
