package sqs_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/metrics"
	"ticketmesh.dev/platform/sqs"
)

// measures returns what a function or a measurement tells, seven seconds after the events
// of made.
func measures() (*metrics.Log, *bytes.Buffer) {
	var out bytes.Buffer
	return metrics.New(&out, clock.NewManual(time.Unix(1764000007, 0)), "test"), &out
}

// told returns the members of a line that are not the format's own.
func told(line string) string {
	members, _, _ := strings.Cut(line, `,"_aws"`)
	return members
}

func TestABatchIsMeasured(t *testing.T) {
	t.Parallel()
	log, out := measures()
	d := &double{policy: `{"deadLetterTargetArn":"` + account + prefix + `things-dlq","maxReceiveCount":8}`}
	f := function(t, d, func(_ context.Context, e event.Event) error {
		switch e.Subject {
		case "2":
			return errors.New("no seats")
		case "3":
			return consumer.Permanent(errors.New("no such thing"))
		}
		return nil
	}, func(c *sqs.FunctionConfig) { c.Metrics = log })
	if got := failures(t, t.Context(), f, record(t, "things", "1"), record(t, "things", "2"), record(t, "things", "3"), record(t, "things.fifo", "4")); !slices.Equal(got, []string{"2"}) {
		t.Fatalf("reported %v", got)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, told(line))
	}
	want := []string{
		`{"Consumer":"things","DeadLetters":[1],"Stage":"test"`,
		`{"Consumer":"things","EventLag":[7000,7000],"EventsFailed":[1],"EventsHandled":[3],"Stage":"test"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestDeadLettersAreCounted(t *testing.T) {
	t.Parallel()
	client := moto(t)
	stage := "ticketmesh-" + id.New().String() + "-"
	url, _ := queue(t, client, stage+"things-dlq", nil)
	queue(t, client, stage+"others-dlq", nil)
	for range 3 {
		if _, err := client.SendMessage(t.Context(), &sdk.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	log, out := measures()
	err := sqs.MeasureLetters(t.Context(), client, stage, []string{"things", "missing", "others"}, log)
	if err == nil || !strings.Contains(err.Error(), "missing") || strings.Contains(err.Error(), "others") {
		t.Errorf("the error is %v", err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, told(line))
	}
	want := []string{
		`{"Consumer":"things","DeadLettersWaiting":[3],"Stage":"test"`,
		`{"Consumer":"others","DeadLettersWaiting":[0],"Stage":"test"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
