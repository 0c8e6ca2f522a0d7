package sqs_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"ticketmesh.dev/platform/sqs"
)

// suiteClient is a client that makes the queues that are asked for, as the suite
// has its topics from nowhere, and keeps requests apart where moto server is not
// safe: a deletion replaces the list that a message is being added to.
type suiteClient struct {
	*sdk.Client
	mu *sync.Mutex
}

func (c suiteClient) GetQueueUrl(ctx context.Context, in *sdk.GetQueueUrlInput, options ...func(*sdk.Options)) (*sdk.GetQueueUrlOutput, error) {
	made, err := c.CreateQueue(ctx, &sdk.CreateQueueInput{QueueName: in.QueueName}, options...)
	if err != nil {
		return nil, err
	}
	return &sdk.GetQueueUrlOutput{QueueUrl: made.QueueUrl}, nil
}

func (c suiteClient) SendMessageBatch(ctx context.Context, in *sdk.SendMessageBatchInput, options ...func(*sdk.Options)) (*sdk.SendMessageBatchOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Client.SendMessageBatch(ctx, in, options...)
}

func (c suiteClient) DeleteMessageBatch(ctx context.Context, in *sdk.DeleteMessageBatchInput, options ...func(*sdk.Options)) (*sdk.DeleteMessageBatchOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Client.DeleteMessageBatch(ctx, in, options...)
}

// TestWatermill runs Watermill's universal suite on queues of moto server. A queue
// is shared by all its subscribers, so it has no consumer groups of its own: each
// consumer has a queue, and rules of the bus fill them.
func TestWatermill(t *testing.T) {
	client := suiteClient{moto(t), new(sync.Mutex)}
	tests.TestPubSub(t, tests.Features{
		ConsumerGroups:                      false,
		ExactlyOnceDelivery:                 false,
		GuaranteedOrder:                     false,
		GuaranteedOrderWithSingleSubscriber: false,
		Persistent:                          true,
		RequireSingleInstance:               false,
		NewSubscriberReceivesOldMessages:    false,
		ContextPreserved:                    false,
		ForceShort:                          true, // moto looks at all messages of a queue for each that it deletes
	}, func(*testing.T) (message.Publisher, message.Subscriber) {
		return sqs.NewPublisher(sqs.PublisherConfig{Client: client}), sqs.NewSubscriber(sqs.SubscriberConfig{
			Client:       client,
			Logger:       slog.New(slog.DiscardHandler),
			Wait:         time.Second,
			RetryDelay:   func(int) time.Duration { return 0 },
			DrainTimeout: 3 * time.Second, // the suite leaves some without an answer
		})
	}, nil)
}
