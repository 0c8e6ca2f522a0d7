package awstest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"ticketmesh.dev/platform/apigateway"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/awstest"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/testserver"
)

func TestTokensAreThoseOfTheIssuer(t *testing.T) {
	t.Parallel()
	issuer, other := awstest.NewIssuer(t), awstest.NewIssuer(t)
	verifier, err := auth.NewVerifier(auth.Config{
		Issuer: issuer.URL, ClientIDs: []string{"shop"}, KeySet: auth.Issuer(issuer.URL, nil, clock.System{}), Clock: clock.System{},
	})
	if err != nil {
		t.Fatal(err)
	}
	caller, err := verifier.Verify(t.Context(), issuer.Token(t, "ada", "shop", map[string]any{"cognito:groups": []string{"gate"}}))
	if err != nil || caller.Sub != "ada" || !caller.In("gate") {
		t.Errorf("the caller is %+v, %v", caller, err)
	}
	if _, err := verifier.Verify(t.Context(), other.Token(t, "ada", "shop", nil)); err == nil {
		t.Error("another issuer's token is taken")
	}
}

func config(t *testing.T) aws.Config {
	t.Helper()
	environment := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": testserver.Moto(t),
	}
	c, err := awsconfig.New(func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestABusHasTheEventsOfItsSource(t *testing.T) {
	t.Parallel()
	c, name := config(t), "bus-"+id.New().String()
	bus := awstest.NewBus(t, c, name, "ticketmesh.things")
	var entries []types.PutEventsRequestEntry
	for i, source := range []string{"ticketmesh.things", "ticketmesh.others", "ticketmesh.things"} {
		entries = append(entries, types.PutEventsRequestEntry{
			EventBusName: &name, Source: aws.String(source), DetailType: aws.String("t"), Detail: aws.String(fmt.Sprintf(`{"n":%d}`, i)),
		})
	}
	if _, err := eventbridge.NewFromConfig(c).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries}); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]string{{`{"n":0}`, `{"n":2}`}, nil} {
		var got []string
		for _, detail := range bus.Take(t) {
			got = append(got, strings.ReplaceAll(string(detail), " ", ""))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("taken are %v, want %v", got, want)
		}
	}
}

func TestAStreamsRecordsAreAsTheyWere(t *testing.T) {
	t.Parallel()
	records := awstest.Records(t, []streamtypes.Record{
		{EventName: streamtypes.OperationTypeInsert, Dynamodb: &streamtypes.StreamRecord{
			SequenceNumber: aws.String("7"),
			NewImage: map[string]streamtypes.AttributeValue{
				"pk": &streamtypes.AttributeValueMemberS{Value: "a"}, "ttl": &streamtypes.AttributeValueMemberN{Value: "12"},
				"outbox": &streamtypes.AttributeValueMemberB{Value: []byte{0, 255}},
			},
		}},
		{EventName: streamtypes.OperationTypeRemove, Dynamodb: &streamtypes.StreamRecord{SequenceNumber: aws.String("8")}},
	})
	first := records[0].Change
	if first.SequenceNumber != "7" || first.NewImage["pk"].String() != "a" || first.NewImage["ttl"].Number() != "12" || string(first.NewImage["outbox"].Binary()) != "\x00\xff" {
		t.Errorf("the first is %+v", records[0])
	}
	if records[1].EventName != "REMOVE" || len(records[1].Change.NewImage) != 0 {
		t.Errorf("the second is %+v", records[1])
	}
}

func TestTheGatewayPassesRequestsAndAnswersOn(t *testing.T) {
	t.Parallel()
	echo := apigateway.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header()["X-Twice"] = []string{"1", "2"}
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL, r.Header.Get("X-Asked"), body)
	}))
	broken := func(context.Context, []byte) ([]byte, error) { return nil, errors.New("broken") }
	for _, tt := range []struct {
		name, path string
		function   func(context.Context, []byte) ([]byte, error)
		status     int
		want       string
	}{
		{"a path", "/things/0190b0a0-0000-7000-8000-000000000001?q=a%26b&q=c", echo, http.StatusTeapot, "POST /0190b0a0-0000-7000-8000-000000000001?q=a%26b&q=c yes \x00body"},
		{"the stage alone", "/things", echo, http.StatusTeapot, "POST / yes \x00body"},
		{"another stage", "/others", echo, http.StatusBadGateway, "/others is not in stage things\n"},
		{"a function that fails", "/things", broken, http.StatusBadGateway, "broken\n"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, tt.path, strings.NewReader("\x00body"))
		r.Header.Set("X-Asked", "yes")
		awstest.REST("things", tt.function).ServeHTTP(w, r)
		if w.Code != tt.status || w.Body.String() != tt.want {
			t.Errorf("%s: answered is %d %q, want %d %q", tt.name, w.Code, w.Body, tt.status, tt.want)
		}
		if w.Code == http.StatusTeapot && len(w.Header()["X-Twice"]) != 2 {
			t.Errorf("%s: headers are %v", tt.name, w.Header())
		}
	}
}

func TestMessagesThatAreGivenUpAreDeadLetters(t *testing.T) {
	t.Parallel()
	c, name := config(t), "queue-"+id.New().String()
	letters := awstest.NewQueueWithLetters(t, c, name)
	if !strings.HasSuffix(letters, name+"-dlq") {
		t.Errorf("dead letters are at %s", letters)
	}
	sent := awstest.Messages(awstest.QueueARN(c, name), awstest.Delivered([]byte(`{"a":1}`)), "x")
	if len(sent.Records) != 2 || sent.Records[1].MessageId != "1" || sent.Records[0].EventSourceARN != "arn:aws:sqs:eu-central-1:123456789012:"+name ||
		!strings.Contains(sent.Records[0].Body, `"detail":{"a":1}`) {
		t.Errorf("messages are %+v", sent)
	}
}
