package sqs_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqs"
	"ticketmesh.dev/platform/testserver"
)

func moto(t testing.TB) *sdk.Client {
	return sdk.NewFromConfig(aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(testserver.Moto(t)),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
}

// queue makes a queue and returns its URL and ARN.
func queue(t testing.TB, client *sdk.Client, name string, attributes map[string]string) (url, arn string) {
	t.Helper()
	made, err := client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *made.QueueUrl, account + name
}

// receive returns the one message that the queue has.
func receive(t testing.TB, client *sdk.Client, url string) types.Message {
	t.Helper()
	received, err := client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(received.Messages) != 1 {
		t.Fatalf("%d messages, want one", len(received.Messages))
	}
	return received.Messages[0]
}

// TestADeadLetterTellsItsReason sends a letter the way that a function behind a
// mapping does, knowing only the queue's ARN, to a queue as the templates have it.
func TestADeadLetterTellsItsReason(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"", ".fifo"} {
		t.Run("queue"+suffix, func(t *testing.T) {
			t.Parallel()
			client := moto(t)
			stage := "ticketmesh-" + id.New().String() + "-"
			attributes := map[string]string{}
			if suffix != "" {
				attributes["FifoQueue"] = "true"
			}
			deadURL, deadARN := queue(t, client, stage+"things-dlq"+suffix, attributes)
			attributes["RedrivePolicy"] = `{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":8}`
			url, arn := queue(t, client, stage+"things"+suffix, attributes)
			_, envelope := made(t, "s")
			input := &sdk.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(delivered(envelope))}
			if suffix != "" {
				input.MessageGroupId, input.MessageDeduplicationId = aws.String("g"), aws.String("d")
			}
			if _, err := client.SendMessage(t.Context(), input); err != nil {
				t.Fatal(err)
			}

			f := function(t, nil, func(context.Context, event.Event) error { return consumer.Permanent(errors.New("no seats")) },
				func(c *sqs.FunctionConfig) { c.Prefix, c.Client = stage, client })
			m := receive(t, client, url)
			if got := failures(t, t.Context(), f, events.SQSMessage{MessageId: *m.MessageId, Body: *m.Body, Attributes: m.Attributes, EventSourceARN: arn}); len(got) != 0 {
				t.Errorf("reported %v", got)
			}

			dead := receive(t, client, deadURL)
			if *dead.Body != *m.Body {
				t.Errorf("the body is %s", *dead.Body)
			}
			for name, want := range map[string]string{"reason": "no seats", "receives": "1", "firstReceived": m.Attributes["ApproximateFirstReceiveTimestamp"]} {
				if got := aws.ToString(dead.MessageAttributes[name].StringValue); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if suffix != "" && dead.Attributes["MessageGroupId"] != "g" {
				t.Errorf("the group is %q", dead.Attributes["MessageGroupId"])
			}
		})
	}
}
