package sqs

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ticketmesh.dev/platform/metrics"
)

// letterSuffix is what the name of a queue's dead-letter queue ends with.
const letterSuffix = "-dlq"

// DepthClient is what measuring dead-letter queues needs of the SDK's client.
type DepthClient interface {
	GetQueueUrl(ctx context.Context, input *sqs.GetQueueUrlInput, options ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
	GetQueueAttributes(ctx context.Context, input *sqs.GetQueueAttributesInput, options ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// MeasureLetters tells m how many dead letters each of the subscriptions has whose queues
// are named with prefix, as in FunctionConfig. It is for a function that runs by the
// clock. One that cannot be asked does not keep it from the others; the error names all.
func MeasureLetters(ctx context.Context, client DepthClient, prefix string, subscriptions []string, m *metrics.Log) error {
	var errs []error
	for _, name := range subscriptions {
		n, err := depth(ctx, client, prefix+name+letterSuffix)
		if err != nil {
			errs = append(errs, fmt.Errorf("dead letters of %s: %w", name, err))
			continue
		}
		m.DeadLettersWaiting(name, n)
	}
	return errors.Join(errs...)
}

func depth(ctx context.Context, client DepthClient, queue string) (int, error) {
	found, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &queue})
	if err != nil {
		return 0, err
	}
	const waiting = types.QueueAttributeNameApproximateNumberOfMessages
	got, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: found.QueueUrl, AttributeNames: []types.QueueAttributeName{waiting}})
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(got.Attributes[string(waiting)])
}
