package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqs"
)

// graveyard is a stage with one consumer "things" and its dead letters.
type graveyard struct {
	t            *testing.T
	client       *sdk.Client
	prefix       string
	url, deadURL string
}

func newGraveyard(t *testing.T) graveyard {
	t.Helper()
	g := graveyard{t: t, client: moto(t), prefix: "ticketmesh-" + id.New().String() + "-"}
	var deadARN string
	g.deadURL, deadARN = queue(t, g.client, g.prefix+"things-dlq", nil)
	g.url, _ = queue(t, g.client, g.prefix+"things", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":8}`})
	return g
}

// bury makes a dead letter with attributes and returns the event's id.
func (g graveyard) bury(subject string, attributes map[string]string) string {
	g.t.Helper()
	e, envelope := made(g.t, subject)
	input := &sdk.SendMessageInput{QueueUrl: &g.deadURL, MessageBody: aws.String(delivered(envelope)), MessageAttributes: map[string]types.MessageAttributeValue{}}
	for name, value := range attributes {
		input.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	if _, err := g.client.SendMessage(g.t.Context(), input); err != nil {
		g.t.Fatal(err)
	}
	return e.ID.String()
}

func (g graveyard) admin() *sqs.Admin { return sqs.NewAdmin(g.client, g.prefix) }

// subjects returns what the admin sees.
func (g graveyard) subjects() []string {
	g.t.Helper()
	found, err := g.admin().DeadLetters(g.t.Context(), "things")
	if err != nil {
		g.t.Fatal(err)
	}
	var subjects []string
	for _, l := range found {
		subjects = append(subjects, l.Subject)
	}
	return subjects
}

func TestADeadLetterIsShownWithItsReason(t *testing.T) {
	t.Parallel()
	g := newGraveyard(t)
	first := time.UnixMilli(1764000001000).UTC()
	ids := []string{
		g.bury("refused", map[string]string{"reason": "no seats", "receives": "3", "firstReceived": "1764000001000"}),
		g.bury("undelivered", map[string]string{"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "the queue is closed", "RULE_ARN": "r"}),
		g.bury("moved", nil),
	}
	if _, err := g.client.SendMessage(t.Context(), &sdk.SendMessageInput{QueueUrl: &g.deadURL, MessageBody: aws.String("not an event")}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time shows that the first took nothing away
		found, err := g.admin().DeadLetters(t.Context(), "things")
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 4 {
			t.Fatalf("%d dead letters", len(found))
		}
		slices.SortFunc(found, func(a, b sqs.DeadLetter) int { return slices.Index(ids, b.ID) - slices.Index(ids, a.ID) })
		moved, undelivered, refused, unreadable := found[0], found[1], found[2], found[3]
		if refused.Reason != "no seats" || refused.Receives != 3 || !refused.FirstAt.Equal(first) || time.Since(refused.DeadAt) > time.Minute ||
			refused.Type != "ticketmesh.things.thing.made.v1" || refused.Subject != "refused" || refused.Queue != "things" || !strings.HasPrefix(string(refused.Envelope), `{"specversion"`) {
			t.Errorf("refused: %+v", refused)
		}
		if !strings.Contains(undelivered.Reason, "NO_PERMISSIONS: the queue is closed") || time.Since(undelivered.DeadAt) > time.Minute || !undelivered.FirstAt.IsZero() {
			t.Errorf("undelivered: %+v", undelivered)
		}
		if !strings.HasPrefix(moved.Reason, "unknown: SQS") || !moved.DeadAt.IsZero() {
			t.Errorf("moved: %+v", moved)
		}
		if unreadable.Type != "" || unreadable.ID == "" || string(unreadable.Envelope) != "not an event" {
			t.Errorf("unreadable: %+v", unreadable)
		}
	}
}

func TestAQueueIsCounted(t *testing.T) {
	t.Parallel()
	g := newGraveyard(t)
	for i := range 12 {
		g.bury(fmt.Sprint(i), nil)
	}
	for range 3 {
		if _, err := g.client.SendMessage(t.Context(), &sdk.SendMessageInput{QueueUrl: &g.url, MessageBody: aws.String("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	receive := &sdk.ReceiveMessageInput{QueueUrl: &g.url, MaxNumberOfMessages: 1}
	if _, err := g.client.ReceiveMessage(t.Context(), receive); err != nil {
		t.Fatal(err)
	}
	got, err := g.admin().Queue(t.Context(), "things")
	if want := (sqs.QueueInfo{Name: "things", Depth: 2, InFlight: 1, Dead: 12}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	queue(t, g.client, g.prefix+"others", nil)
	if got, err := g.admin().Queue(t.Context(), "others"); err != nil || got != (sqs.QueueInfo{Name: "others"}) {
		t.Errorf("a queue without dead letters: %+v, %v", got, err)
	}
	if found, err := g.admin().DeadLetters(t.Context(), "others"); err != nil || len(found) != 0 {
		t.Errorf("a queue without dead letters: %v, %v", found, err)
	}
}

func TestDeadLettersAreRedriven(t *testing.T) {
	t.Parallel()
	g := newGraveyard(t)
	var ids []string
	for i := range 23 {
		ids = append(ids, g.bury(fmt.Sprint(i), map[string]string{"reason": "no"}))
	}
	waiting := func() int {
		got, err := g.admin().Queue(t.Context(), "things")
		if err != nil {
			t.Fatal(err)
		}
		return got.Depth
	}
	if n, err := g.admin().Redrive(t.Context(), "things", ids[3], id.New().String()); n != 0 || !errors.Is(err, sqs.ErrNoDeadLetter) || waiting() != 0 {
		t.Errorf("with an unknown one: %d, %v", n, err)
	}
	if n, err := g.admin().Redrive(t.Context(), "things", ids[3], ids[17]); n != 2 || err != nil {
		t.Errorf("two: %d, %v", n, err)
	}
	if left := g.subjects(); len(left) != 21 || slices.Contains(left, "3") || slices.Contains(left, "17") || waiting() != 2 {
		t.Errorf("%v are left, %d are waiting", left, waiting())
	}
	if n, err := g.admin().Redrive(t.Context(), "things"); n != 21 || err != nil {
		t.Errorf("all: %d, %v", n, err)
	}
	if left := g.subjects(); len(left) != 0 || waiting() != 23 {
		t.Errorf("%v are left, %d are waiting", left, waiting())
	}
	m := receiveAll(t, g.client, g.url)
	if len(m) != 23 || !strings.HasPrefix(*m[0].Body, `{"version":"0"`) || len(m[0].MessageAttributes) != 0 || m[0].Attributes["ApproximateReceiveCount"] != "1" {
		t.Errorf("%d are delivered, the first as %+v", len(m), m[0])
	}
}

func receiveAll(t *testing.T, client *sdk.Client, url string) (all []types.Message) {
	t.Helper()
	for {
		got, err := client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{
			QueueUrl: &url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Messages) == 0 {
			return all
		}
		all = append(all, got.Messages...)
	}
}

// failing is SQS without one of its actions.
type failing struct {
	*sdk.Client
	send, delete error
	after        int // so many succeed before
}

func (f *failing) SendMessage(ctx context.Context, in *sdk.SendMessageInput, options ...func(*sdk.Options)) (*sdk.SendMessageOutput, error) {
	if f.after--; f.send != nil && f.after < 0 {
		return nil, f.send
	}
	return f.Client.SendMessage(ctx, in, options...)
}

func (f *failing) DeleteMessageBatch(ctx context.Context, in *sdk.DeleteMessageBatchInput, options ...func(*sdk.Options)) (*sdk.DeleteMessageBatchOutput, error) {
	if f.delete != nil {
		return nil, f.delete
	}
	return f.Client.DeleteMessageBatch(ctx, in, options...)
}

func TestARedriveThatFailsLosesNothing(t *testing.T) {
	t.Parallel()
	denied := errors.New("AccessDenied")
	tests := []struct {
		name          string
		give          failing
		redriven      int
		left, waiting int
	}{
		{"sending", failing{send: denied, after: 1}, 1, 2, 1},
		{"deleting", failing{delete: denied}, 0, 3, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newGraveyard(t)
			for i := range 3 {
				g.bury(fmt.Sprint(i), nil)
			}
			tt.give.Client = g.client
			n, err := sqs.NewAdmin(&tt.give, g.prefix).Redrive(t.Context(), "things")
			if n != tt.redriven || !errors.Is(err, denied) {
				t.Errorf("redriven %d, %v", n, err)
			}
			if left := g.subjects(); len(left) != tt.left {
				t.Errorf("%v are left", left)
			}
			if got := receiveAll(t, g.client, g.url); len(got) != tt.waiting {
				t.Errorf("%d are waiting", len(got))
			}
		})
	}
}

// interrupting is SQS until its user has enough of it, after the first letters.
type interrupting struct {
	*sdk.Client
	interrupt context.CancelFunc
	receives  int
}

func (i *interrupting) ReceiveMessage(ctx context.Context, in *sdk.ReceiveMessageInput, options ...func(*sdk.Options)) (*sdk.ReceiveMessageOutput, error) {
	if i.receives++; i.receives == 2 {
		i.interrupt()
	}
	return i.Client.ReceiveMessage(ctx, in, options...)
}

func TestAnInterruptedLookGivesLettersBack(t *testing.T) {
	t.Parallel()
	g := newGraveyard(t)
	for i := range 12 {
		g.bury(fmt.Sprint(i), nil)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := sqs.NewAdmin(&interrupting{Client: g.client, interrupt: cancel}, g.prefix).DeadLetters(ctx, "things"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left := g.subjects(); len(left) != 12 {
		t.Errorf("%v are left", left)
	}
}

func TestAQueueOfNobodyIsUnknown(t *testing.T) {
	t.Parallel()
	a := newGraveyard(t).admin()
	_, queueErr := a.Queue(t.Context(), "nobody")
	_, lettersErr := a.DeadLetters(t.Context(), "nobody")
	_, redriveErr := a.Redrive(t.Context(), "nobody")
	for _, err := range []error{queueErr, lettersErr, redriveErr} {
		if !errors.Is(err, sqs.ErrUnknownQueue) {
			t.Errorf("got %v", err)
		}
	}
}
