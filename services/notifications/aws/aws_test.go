package aws_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ticketmesh.dev/contracts/contracttest"
	"ticketmesh.dev/platform/awstest"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/platform/metrics"
	"ticketmesh.dev/services/notifications/aws/api"
	"ticketmesh.dev/services/notifications/aws/consumer"
	"ticketmesh.dev/services/notifications/aws/feedback"
	"ticketmesh.dev/services/notifications/aws/relay"
	"ticketmesh.dev/services/notifications/aws/sender"
)

const (
	performanceScheduled   = "shows/examples/performance.scheduled.v1.small.json"
	performanceRescheduled = "shows/examples/performance.rescheduled.v1.another-day.json"
	orderConfirmed         = "tickets/examples/order.confirmed.v1.one-seat.json"
	customer               = "c2d7c7e6-9d5a-4c0e-a6b1-3b8f6f0e4d11" // of that order

	messageSent   = "ticketmesh.notifications.message.sent.v1"
	messageFailed = "ticketmesh.notifications.message.failed.v1"
)

func TestEachFunctionNamesAllThatItLacks(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, tt := range []struct {
		name string
		open func(rt lambda.Runtime) error
		want []string
	}{
		{"api", func(rt lambda.Runtime) error { _, err := api.Open(t.Context(), rt); return err }, []string{"TICKETMESH_TABLE", "TICKETMESH_ISSUER", "TICKETMESH_AUDIENCE"}},
		{"consumer", func(rt lambda.Runtime) error { _, err := consumer.Open(t.Context(), rt); return err }, []string{"TICKETMESH_TABLE", "TICKETMESH_STAGE"}},
		{"relay", func(rt lambda.Runtime) error { _, err := relay.Open(t.Context(), rt); return err }, []string{"TICKETMESH_BUS"}},
		{"sender", func(rt lambda.Runtime) error { _, err := sender.Open(t.Context(), rt); return err }, []string{
			"TICKETMESH_TABLE", "TICKETMESH_STAGE", "TICKETMESH_NOTIFICATIONS_URL", "TICKETMESH_MAIL_FROM", "TICKETMESH_MAIL_SET", "TICKETMESH_MAIL_RATE",
		}},
		{"feedback", func(rt lambda.Runtime) error { _, err := feedback.Open(t.Context(), rt); return err }, []string{"TICKETMESH_TABLE"}},
	} {
		err := tt.open(c.with(tt.want...))
		for _, name := range tt.want {
			if err == nil || !strings.Contains(err.Error(), name+" ") {
				t.Errorf("%s does not miss %s: %v", tt.name, name, err)
			}
		}
		var others []string // the function does without
		for name := range c.variables {
			if strings.HasPrefix(name, "TICKETMESH_") && !slices.Contains(tt.want, name) {
				others = append(others, name)
			}
		}
		if err := tt.open(c.with(others...)); err != nil {
			t.Errorf("%s with all that it needs: %v", tt.name, err)
		}
		if err := tt.open(c.with("AWS_REGION")); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
			t.Errorf("%s does not miss AWS_REGION: %v", tt.name, err)
		}
	}
	for _, rate := range []string{"0", "-1", "many"} {
		if _, err := sender.Open(t.Context(), c.with("TICKETMESH_MAIL_RATE="+rate)); err == nil {
			t.Errorf("a rate of %s mails is taken", rate)
		}
	}
}

// functions are all functions of the service.
type functions struct {
	*cloud
	api http.Handler
}

// consume has the consumer take an event, and all of it handled.
func (f functions) consume(queue string, files ...string) {
	f.Helper()
	handle, err := consumer.Open(f.Context(), f.runtime())
	f.ok(err)
	var bodies []string
	for _, file := range files {
		bodies = append(bodies, f.example(file))
	}
	response, err := handle(f.within(30*time.Second), f.records(queue, bodies...))
	if err != nil || len(response.BatchItemFailures) != 0 {
		f.Fatal(response, err)
	}
}

// flow passes on what the table's stream has until it is silent: to the relay all, and to the sender what it is to be
// woken for.
func (f functions) flow() {
	f.Helper()
	send, err := sender.Open(f.Context(), f.runtime())
	f.ok(err)
	publish, err := relay.Open(f.Context(), f.runtime())
	f.ok(err)
	for {
		batch, woken := f.stream()
		if len(batch.Records) == 0 {
			return
		}
		response, err := publish(f.within(30*time.Second), batch)
		if err != nil || len(response.BatchItemFailures) != 0 {
			f.Fatal(response, err)
		}
		if woken > 0 {
			_, err := send(f.within(time.Minute), sender.Nothing{})
			f.ok(err)
		}
	}
}

// statuses are those of the customer's messages, by template.
func (f functions) statuses() (found []string) {
	f.Helper()
	w := f.call(http.MethodGet, "/notifications")
	var list struct {
		Items []struct{ Template, Status string }
	}
	f.ok(json.Unmarshal(w.Body.Bytes(), &list))
	for _, item := range list.Items {
		found = append(found, item.Template+" "+item.Status)
	}
	slices.Sort(found)
	return found
}

func (f functions) call(method, path string) *httptest.ResponseRecorder {
	f.Helper()
	r := httptest.NewRequestWithContext(f.within(10*time.Second), method, path, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+f.token(customer))
	w := httptest.NewRecorder()
	f.api.ServeHTTP(w, r)
	if w.Code >= 300 {
		f.Fatalf("%s %s answers %d %s", method, path, w.Code, w.Body)
	}
	return w
}

// preflight asks as a browser does.
func (f functions) preflight() {
	f.Helper()
	r := httptest.NewRequestWithContext(f.within(10*time.Second), http.MethodOptions, "/notifications/preferences", http.NoBody)
	r.Header.Set("Origin", "https://example.com")
	r.Header.Set("Access-Control-Request-Method", http.MethodPut)
	w := httptest.NewRecorder()
	f.api.ServeHTTP(w, r)
	if got := w.Header().Get("Access-Control-Allow-Origin"); got != "https://example.com" {
		f.Errorf("a preflight allows %q", got)
	}
}

func open(t *testing.T) functions {
	t.Helper()
	c := newCloud(t)
	handler, err := api.Open(t.Context(), c.runtime())
	c.ok(err)
	// As the gateway does, which gives functions what comes after the stage.
	return functions{c, contracttest.Document(t, "notifications").Check(t, http.StripPrefix("/notifications", handler))}
}

func (f functions) want(statuses ...string) {
	f.Helper()
	if got := f.statuses(); !slices.Equal(got, statuses) {
		f.Errorf("messages are %v, want %v", got, statuses)
	}
}

func TestAPurchaseIsMailedAnnouncedAndReturned(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.call(http.MethodGet, "/notifications/healthz")
	f.preflight()
	f.consume("notifications-orders", orderConfirmed, orderConfirmed)
	f.flow()
	f.want("order-confirmed waiting")
	f.sent(0)
	f.consume("notifications-catalog", performanceScheduled)
	f.flow()
	f.want("order-confirmed sent")
	mail := f.sent(1)[0]
	if mail.To != "carla@example.com" || len(mail.Attachments) != 1 || !strings.Contains(mail.Text, "https://api.example.com/notifications/unsubscribe/") {
		t.Errorf("the mail to %s with %d attachments says\n%s", mail.To, len(mail.Attachments), mail.Text)
	}
	f.announced(messageSent + " 1")

	// What it cannot know the queue's dead letters get.
	take, err := feedback.Open(t.Context(), f.runtime())
	f.ok(err)
	bounce, err := os.ReadFile("../internal/ses/testdata/bounce-permanent.json")
	f.ok(err)
	ours := strings.ReplaceAll(string(bounce), "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b", mail.ID.String())
	response, err := take(f.within(30*time.Second), f.records("notifications-feedback", "{", ours, string(bounce), ours))
	if got := failures(response); err != nil || !slices.Equal(got, []string{"0", "2"}) {
		t.Errorf("not taken in: %v, %v", got, err)
	}
	f.flow()
	f.want("order-confirmed failed")
	f.announced(messageFailed + " 2")

	// The address is blocked now.
	f.consume("notifications-catalog", performanceRescheduled)
	f.flow()
	f.sent(0)
	f.want("order-confirmed failed", "performance-rescheduled suppressed")
}

func failures(response events.SQSEventResponse) (ids []string) {
	for _, failure := range response.BatchItemFailures {
		ids = append(ids, failure.ItemIdentifier)
	}
	return ids
}

func TestWhoUnsubscribedIsToldNothingMore(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.consume("notifications-catalog", performanceScheduled)
	f.consume("notifications-orders", orderConfirmed)
	f.flow()
	f.sent(1)
	f.consume("notifications-catalog", performanceRescheduled)
	f.flow()
	mail := f.sent(1)[0]
	if mail.Unsubscribe == "" {
		t.Fatalf("the mail cannot be unsubscribed from:\n%s", mail.Text)
	}
	f.call(http.MethodPost, strings.TrimPrefix(mail.Unsubscribe, "https://api.example.com"))
	if w := f.call(http.MethodGet, "/notifications/preferences"); !strings.Contains(w.Body.String(), `"changes":false`) {
		t.Errorf("preferences are %s", w.Body)
	}
}

// TestTheScheduleTakesWhatTheStreamMissed has nobody woken.
func TestTheScheduleTakesWhatTheStreamMissed(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.consume("notifications-catalog", performanceScheduled)
	f.consume("notifications-orders", orderConfirmed)
	send, err := sender.Open(t.Context(), f.runtime())
	f.ok(err)
	if _, err := send(f.within(9*time.Second), sender.Nothing{}); err == nil {
		t.Error("there was no time to send anything in, and no error")
	}
	f.sent(0)
	for _, want := range []int{1, 0} {
		_, err := send(f.within(time.Minute), sender.Nothing{})
		f.ok(err)
		f.sent(want)
	}
}

func TestWhatCannotBeReadEndsInTheDeadLetters(t *testing.T) {
	t.Parallel()
	f := open(t)
	letters := awstest.NewQueueWithLetters(t, f.config, f.queueName("notifications-orders"))
	handle, err := consumer.Open(t.Context(), f.runtime())
	f.ok(err)
	body := f.example("shows/examples/show.published.v1.minimal.json") // not an order
	response, err := handle(f.within(30*time.Second), f.records("notifications-orders", body, f.example(orderConfirmed)))
	if err != nil || len(response.BatchItemFailures) != 0 {
		t.Errorf("%v, %v", response, err)
	}
	if got := awstest.Take(t, f.config, letters); len(got) != 1 || got[0] != body {
		t.Errorf("dead letters are %v", got)
	}
	f.want("order-confirmed waiting")
}

// TestWhatBecomesOfMailsIsMeasured has a mail sent, returned, and an event that nobody can read.
func TestWhatBecomesOfMailsIsMeasured(t *testing.T) {
	t.Parallel()
	f := open(t)
	var lines bytes.Buffer
	rt := f.runtime()
	rt.Metrics = metrics.New(&lines, clock.System{}, f.stage)
	for _, name := range []string{"notifications-catalog", "notifications-orders", "notifications-feedback"} {
		letters := awstest.NewQueue(t, f.config, f.queueName(name)+"-dlq", nil)
		if name == "notifications-orders" {
			_, err := sqs.NewFromConfig(f.config).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &letters, MessageBody: sdk.String("{")})
			f.ok(err)
		}
	}
	f.consume("notifications-catalog", performanceScheduled)
	handle, err := consumer.Open(t.Context(), rt)
	f.ok(err)
	_, err = handle(f.within(30*time.Second), f.records("notifications-orders", f.example(orderConfirmed)))
	f.ok(err)
	send, err := sender.Open(t.Context(), rt)
	f.ok(err)
	for range 2 { // the letters are counted once a minute
		_, err = send(f.within(time.Minute), sender.Nothing{})
		f.ok(err)
	}
	take, err := feedback.Open(t.Context(), rt)
	f.ok(err)
	bounce, err := os.ReadFile("../internal/ses/testdata/bounce-permanent.json")
	f.ok(err)
	ours := strings.ReplaceAll(string(bounce), "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b", f.sent(1)[0].ID.String())
	_, err = take(f.within(30*time.Second), f.records("notifications-feedback", ours, ours))
	f.ok(err)

	told := map[string][]string{}
	for line := range strings.Lines(lines.String()) {
		var members map[string]any
		f.ok(json.Unmarshal([]byte(line), &members))
		for _, name := range []string{"EventsHandled", "EventLag", "MailAge", "MailsSent", "MailsFailed", "MailsReturned", "DeadLettersWaiting"} {
			if values, has := members[name].([]any); has {
				if name == "EventLag" || name == "MailAge" {
					values = []any{len(values)}
				}
				told[name] = append(told[name], fmt.Sprint(members["Consumer"], values))
			}
		}
	}
	want := map[string][]string{
		"EventsHandled": {"notifications-orders[1]"}, "EventLag": {"notifications-orders[1]"},
		"MailAge": {"<nil> [1]"}, "MailsSent": {"<nil> [1]"}, "MailsFailed": {"<nil> [0]"}, "MailsReturned": {"<nil> [1]"},
		"DeadLettersWaiting": {"notifications-catalog[0]", "notifications-orders[1]", "notifications-feedback[0]"},
	}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("told %v\nwant %v", told, want)
	}
}
