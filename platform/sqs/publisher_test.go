package sqs_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ticketmesh.dev/platform/sqs"
)

// outbound is an SQS that takes messages, or does not.
type outbound struct {
	fail        error
	failEntries bool
	urls        int
	requests    [][]string
}

func (o *outbound) GetQueueUrl(_ context.Context, in *sdk.GetQueueUrlInput, _ ...func(*sdk.Options)) (*sdk.GetQueueUrlOutput, error) {
	o.urls++
	return &sdk.GetQueueUrlOutput{QueueUrl: aws.String("https://sqs/" + *in.QueueName)}, nil
}

func (o *outbound) SendMessageBatch(_ context.Context, in *sdk.SendMessageBatchInput, _ ...func(*sdk.Options)) (*sdk.SendMessageBatchOutput, error) {
	if o.fail != nil {
		return nil, o.fail
	}
	var bodies []string
	out := &sdk.SendMessageBatchOutput{}
	for _, e := range in.Entries {
		bodies = append(bodies, *e.MessageBody)
		if o.failEntries {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("InternalError")})
		}
	}
	o.requests = append(o.requests, bodies)
	return out, nil
}

func published(n, size int) []*message.Message {
	messages := make([]*message.Message, n)
	for i := range messages {
		messages[i] = message.NewMessage("m", make([]byte, size))
	}
	return messages
}

func TestRequestsAreFilled(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		n, size int
		want    []int
	}{
		{"none", 0, 0, nil},
		{"by number", 23, 1, []int{10, 10, 3}},
		{"by size", 5, 300, []int{2, 2, 1}}, // 448 bytes each as JSON
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := &outbound{}
			p := sqs.NewPublisher(sqs.PublisherConfig{Client: o, MaxBytes: 1000})
			if err := p.Publish("things", published(tt.n, tt.size)...); err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, r := range o.requests {
				got = append(got, len(r))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("requests have %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWhatIsNotPublishedIsAnError(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give *outbound
		size int
		want string
	}{
		{"a request fails", &outbound{fail: errors.New("AccessDenied")}, 1, "AccessDenied"},
		{"an entry fails", &outbound{failEntries: true}, 1, "InternalError"},
		{"a message is too large", &outbound{}, 1000, "may have 1000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := sqs.NewPublisher(sqs.PublisherConfig{Client: tt.give, MaxBytes: 1000})
			if err := p.Publish("things", published(2, tt.size)...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAMessageArrivesAsItWasPublished(t *testing.T) {
	t.Parallel()
	client := moto(t)
	topic := "things-" + strings.ReplaceAll(t.Name(), "/", "-")
	queue(t, client, topic, nil)
	want := message.NewMessage("an id of mine", []byte("\x00\xff not text"))
	want.Metadata.Set(":authority", "")
	want.Metadata.Set("reason", "\x00")
	for i := range 12 {
		want.Metadata.Set(strings.Repeat("k", i+1), "v")
	}
	p := sqs.NewPublisher(sqs.PublisherConfig{Client: client})
	if err := p.Publish(topic, want); err != nil {
		t.Fatal(err)
	}
	s := sqs.NewSubscriber(sqs.SubscriberConfig{Client: client})
	out, err := s.Subscribe(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	got := <-out
	got.Ack()
	if !got.Equals(want) {
		t.Errorf("got %s %q %v", got.UUID, got.Payload, got.Metadata)
	}
}
