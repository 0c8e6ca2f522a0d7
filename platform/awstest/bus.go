package awstest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Bus is an event bus at an emulator, with a queue that has all of a source's events.
type Bus struct {
	config aws.Config
	queue  string
}

// NewBus makes the bus of a name that no other test has.
func NewBus(tb testing.TB, config aws.Config, name, source string) *Bus {
	tb.Helper()
	bridge := eventbridge.NewFromConfig(config)
	b := &Bus{config, NewQueue(tb, config, name, nil)}
	if _, err := bridge.CreateEventBus(tb.Context(), &eventbridge.CreateEventBusInput{Name: &name}); err != nil {
		tb.Fatal(err)
	}
	pattern := fmt.Sprintf(`{"source": [%q]}`, source)
	if _, err := bridge.PutRule(tb.Context(), &eventbridge.PutRuleInput{Name: &name, EventBusName: &name, EventPattern: &pattern}); err != nil {
		tb.Fatal(err)
	}
	arn := QueueARN(config, name)
	if _, err := bridge.PutTargets(tb.Context(), &eventbridge.PutTargetsInput{Rule: &name, EventBusName: &name, Targets: []types.Target{{Id: &name, Arn: &arn}}}); err != nil {
		tb.Fatal(err)
	}
	return b
}

// Take returns the CloudEvents that have come since the last call.
func (b *Bus) Take(tb testing.TB) []json.RawMessage {
	tb.Helper()
	var taken []json.RawMessage
	for _, body := range Take(tb, b.config, b.queue) {
		var delivered struct{ Detail json.RawMessage }
		if err := json.Unmarshal([]byte(body), &delivered); err != nil {
			tb.Fatal(err)
		}
		taken = append(taken, delivered.Detail)
	}
	return taken
}

// account is the emulator's.
const account = "123456789012"

// QueueARN is that of a queue at the emulator.
func QueueARN(config aws.Config, name string) string {
	return "arn:aws:sqs:" + config.Region + ":" + account + ":" + name
}

// NewQueue makes a queue and returns its URL.
func NewQueue(tb testing.TB, config aws.Config, name string, attributes map[string]string) string {
	tb.Helper()
	made, err := sqs.NewFromConfig(config).CreateQueue(tb.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		tb.Fatal(err)
	}
	return *made.QueueUrl
}

// NewQueueWithLetters makes a queue with dead letters, and returns the URL of those.
func NewQueueWithLetters(tb testing.TB, config aws.Config, name string) string {
	tb.Helper()
	letters := NewQueue(tb, config, name+"-dlq", nil)
	NewQueue(tb, config, name, map[string]string{
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":8}`, QueueARN(config, name+"-dlq")),
	})
	return letters
}

// Take empties a queue.
func Take(tb testing.TB, config aws.Config, url string) (bodies []string) {
	tb.Helper()
	queues := sqs.NewFromConfig(config)
	for {
		got, err := queues.ReceiveMessage(tb.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		if err != nil {
			tb.Fatal(err)
		}
		if len(got.Messages) == 0 {
			return bodies
		}
		for _, m := range got.Messages {
			bodies = append(bodies, *m.Body)
			if _, err := queues.DeleteMessage(tb.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				tb.Fatal(err)
			}
		}
	}
}
