package eventbridge_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/eventbridge"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/testserver"
)

// TestEventsReachTheQueuesWhoseRulesWantThem publishes to a bus with two rules:
// what a rule matches on is what the publisher says.
func TestEventsReachTheQueuesWhoseRulesWantThem(t *testing.T) {
	t.Parallel()
	config := aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(testserver.Moto(t)),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
	bridge, queues := sdk.NewFromConfig(config), sqs.NewFromConfig(config)
	name := "bus-" + id.New().String()
	if _, err := bridge.CreateEventBus(t.Context(), &sdk.CreateEventBusInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
	// queue makes a queue and a rule that feeds it.
	queue := func(suffix, pattern string) *string {
		rule := name + suffix
		made, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &rule})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bridge.PutRule(t.Context(), &sdk.PutRuleInput{Name: &rule, EventBusName: &name, EventPattern: &pattern}); err != nil {
			t.Fatal(err)
		}
		arn := "arn:aws:sqs:eu-central-1:123456789012:" + rule
		if _, err := bridge.PutTargets(t.Context(), &sdk.PutTargetsInput{Rule: &rule, EventBusName: &name, Targets: []types.Target{{Id: aws.String("queue"), Arn: &arn}}}); err != nil {
			t.Fatal(err)
		}
		return made.QueueUrl
	}
	wanted := queue("-wanted", `{"source": ["ticketmesh.things"], "detail-type": ["ticketmesh.things.thing.made.v1"]}`)
	other := queue("-other", `{"source": ["ticketmesh.others"]}`)

	messages, ids := several(t, 23)
	p := eventbridge.NewPublisher(eventbridge.Config{Client: bridge, Bus: name})
	if err := p.Publish(event.Topic, messages...); err != nil {
		t.Fatal(err)
	}

	var got []string
	for deadline := time.Now().Add(10 * time.Second); len(got) < len(ids); {
		if time.Now().After(deadline) {
			t.Fatalf("received %d of %d events", len(got), len(ids))
		}
		received, err := queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: wanted, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range received.Messages {
			var delivered struct{ Detail json.RawMessage }
			if err := json.Unmarshal([]byte(*m.Body), &delivered); err != nil {
				t.Fatal(err)
			}
			e, err := event.ParseCloudEvent(delivered.Detail)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.ID.String())
		}
	}
	slices.Sort(got)
	if slices.Sort(ids); !slices.Equal(got, ids) {
		t.Errorf("received %v, want %v", got, ids)
	}
	state, err := queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: other, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameApproximateNumberOfMessages},
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := state.Attributes["ApproximateNumberOfMessages"]; n != "0" {
		t.Errorf("the other queue has %s messages", n)
	}
}
