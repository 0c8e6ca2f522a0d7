package sqs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/sqs"
)

const (
	prefix  = "ticketmesh-test-"
	account = "arn:aws:sqs:eu-central-1:123456789012:"
)

func made(t testing.TB, subject string) (event.Event, string) {
	t.Helper()
	ctx := event.WithTrace(context.Background(), event.Trace{CorrelationID: "corr", TraceParent: "trace"})
	e := event.New(ctx, "/ticketmesh/things", "ticketmesh.things.thing.made.v1", subject, "", time.Unix(1764000000, 0), json.RawMessage(`{"a":1}`))
	raw, err := e.MarshalCloudEvent()
	if err != nil {
		t.Fatal(err)
	}
	return e, string(raw)
}

// delivered is the CloudEvent as EventBridge delivers it to a queue.
func delivered(envelope string) string {
	return `{"version":"0","id":"7bf73129-1428-4cd3-a780-95db273d1602","detail-type":"ticketmesh.things.thing.made.v1","source":"ticketmesh.things","account":"123456789012","time":"2026-11-25T10:00:00Z","region":"eu-central-1","resources":[],"detail":` + envelope + `}`
}

// record is a record of the queue for an event whose subject is its message id.
func record(t testing.TB, queue, id string) events.SQSMessage {
	t.Helper()
	_, envelope := made(t, id)
	return events.SQSMessage{
		MessageId: id, Body: delivered(envelope), EventSource: "aws:sqs", EventSourceARN: account + prefix + queue,
		Attributes: map[string]string{
			"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1764000001000",
			"AWSTraceHeader": "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1",
		},
	}
}

// grouped is a record of a FIFO queue.
func grouped(t testing.TB, queue, group, id string) events.SQSMessage {
	r := record(t, queue+".fifo", id)
	r.Attributes["MessageGroupId"] = group
	return r
}

// function runs one consumer "things" until the test ends.
func function(t testing.TB, d *double, handle func(context.Context, event.Event) error, change ...func(*sqs.FunctionConfig)) *sqs.Function {
	t.Helper()
	c := sqs.FunctionConfig{Prefix: prefix, Client: d, Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&c)
	}
	f := sqs.NewFunction([]consumer.Subscription{{Name: "things", Handle: handle}}, c)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// failures handles the records and returns what is reported.
func failures(t testing.TB, ctx context.Context, f *sqs.Function, records ...events.SQSMessage) []string {
	t.Helper()
	response, err := f.Handle(ctx, events.SQSEvent{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(response)
	if err != nil || bytes.Contains(encoded, []byte("null")) {
		t.Errorf("the response is %s, %v", encoded, err)
	}
	var ids []string
	for _, failure := range response.BatchItemFailures {
		ids = append(ids, failure.ItemIdentifier)
	}
	return ids
}

// handled remembers the subjects of events.
type handled struct {
	mu       sync.Mutex
	subjects []string
}

func (h *handled) add(e event.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subjects = append(h.subjects, e.Subject)
}

func (h *handled) sorted() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(slices.Values(h.subjects))
}

func TestARecordIsReadInEveryForm(t *testing.T) {
	t.Parallel()
	want, envelope := made(t, "s")
	recorded, err := os.ReadFile("testdata/event.json")
	if err != nil {
		t.Fatal(err)
	}
	var replayed events.SQSEvent
	if err := json.Unmarshal(recorded, &replayed); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, body, id string }{
		{"as EventBridge delivers it", delivered(envelope), want.ID.String()},
		{"a bare CloudEvent", envelope, want.ID.String()},
		{"a CloudEvent with an extension named detail", strings.Replace(envelope, `{`, `{"detail":"x",`, 1), want.ID.String()},
		{"as Lambda passes on a replayed one", replayed.Records[0].Body, "0190b0a0-0000-7000-8000-000000000001"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got event.Event
			var trace event.Trace
			var header string
			f := function(t, &double{}, func(ctx context.Context, e event.Event) error {
				got, trace, header = e, event.TraceFrom(ctx), event.TraceHeader(ctx)
				return nil
			})
			r := record(t, "things", "m")
			r.Body = tt.body
			if failed := failures(t, t.Context(), f, r); len(failed) != 0 {
				t.Fatalf("reported %v", failed)
			}
			if got.ID.String() != tt.id {
				t.Errorf("handled %v, want %v", got.ID, tt.id)
			}
			if want := (event.Trace{CorrelationID: "corr", CausationID: tt.id, TraceParent: "trace"}); trace != want {
				t.Errorf("the trace is %+v, want %+v", trace, want)
			}
			if header != r.Attributes["AWSTraceHeader"] {
				t.Errorf("the trace header is %q", header)
			}
		})
	}
}

func TestARecordFailsAlone(t *testing.T) {
	t.Parallel()
	var h handled
	f := function(t, &double{}, func(_ context.Context, e event.Event) error {
		switch e.Subject {
		case "2":
			return errors.New("no seats")
		case "4":
			panic("boom")
		}
		h.add(e)
		return nil
	})
	var records []events.SQSMessage
	for i := range 10 {
		records = append(records, record(t, "things", fmt.Sprint(i)))
	}
	records[6].Body = "{"
	if got, want := failures(t, t.Context(), f, records...), []string{"2", "4", "6"}; !slices.Equal(got, want) {
		t.Errorf("reported %v, want %v", got, want)
	}
	if got, want := h.sorted(), []string{"0", "1", "3", "5", "7", "8", "9"}; !slices.Equal(got, want) {
		t.Errorf("handled %v, want %v", got, want)
	}
}

func TestAFullSuccessReportsAnEmptyList(t *testing.T) {
	t.Parallel()
	f := function(t, &double{}, func(context.Context, event.Event) error { return nil })
	response, err := f.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{record(t, "things", "1")}})
	if err != nil {
		t.Fatal(err)
	}
	if encoded, _ := json.Marshal(response); string(encoded) != `{"batchItemFailures":[]}` {
		t.Errorf("got %s", encoded)
	}
}

func TestEachQueueHasItsSubscription(t *testing.T) {
	t.Parallel()
	var things, others handled
	handle := func(h *handled) func(context.Context, event.Event) error {
		return func(_ context.Context, e event.Event) error { h.add(e); return nil }
	}
	f := sqs.NewFunction([]consumer.Subscription{{Name: "things", Handle: handle(&things)}, {Name: "other-things", Handle: handle(&others)}},
		sqs.FunctionConfig{Prefix: prefix, Client: &double{}, Logger: slog.New(slog.DiscardHandler)})
	defer f.Close()
	if got := failures(t, t.Context(), f, record(t, "things", "1"), record(t, "other-things", "2"), record(t, "other-things.fifo", "3")); len(got) != 0 {
		t.Errorf("reported %v", got)
	}
	if a, b := things.sorted(), others.sorted(); !slices.Equal(a, []string{"1"}) || !slices.Equal(b, []string{"2", "3"}) {
		t.Errorf("handled %v and %v", a, b)
	}
	for _, arn := range []string{account + prefix + "unknown", account + "ticketmesh-prod-things", "things", ""} {
		r := record(t, "things", "4")
		r.EventSourceARN = arn
		if _, err := f.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{record(t, "things", "5"), r}}); err == nil {
			t.Errorf("%q: want an error", arn)
		}
	}
	if a := things.sorted(); len(a) != 1 {
		t.Errorf("a batch that is refused whole was begun: %v", a)
	}
}

func TestAMessageGroupKeepsItsOrder(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	order := map[string][]string{}
	f := function(t, &double{}, func(_ context.Context, e event.Event) error {
		group, _, _ := strings.Cut(e.Subject, "-")
		mu.Lock()
		defer mu.Unlock()
		order[group] = append(order[group], e.Subject)
		if e.Subject == "a-2" {
			return errors.New("down")
		}
		return nil
	})
	var records []events.SQSMessage
	for i := range 4 {
		for _, g := range []string{"a", "b"} {
			records = append(records, grouped(t, "things", g, fmt.Sprintf("%s-%d", g, i)))
		}
	}
	if got, want := failures(t, t.Context(), f, records...), []string{"a-2", "a-3"}; !slices.Equal(got, want) {
		t.Errorf("reported %v, want %v", got, want)
	}
	if a, b := order["a"], order["b"]; !slices.Equal(a, []string{"a-0", "a-1", "a-2"}) || !slices.Equal(b, []string{"b-0", "b-1", "b-2", "b-3"}) {
		t.Errorf("handled %v and %v", a, b)
	}
}

func TestRecordsOfAStandardQueueWithGroupsAreIndependent(t *testing.T) {
	t.Parallel()
	f := function(t, &double{}, func(_ context.Context, e event.Event) error {
		if e.Subject == "1" {
			return errors.New("down")
		}
		return nil
	})
	var records []events.SQSMessage
	for i := range 3 {
		r := record(t, "things", fmt.Sprint(i)) // groups of a standard queue are for fairness, not for order
		r.Attributes["MessageGroupId"] = "g"
		records = append(records, r)
	}
	if got := failures(t, t.Context(), f, records...); !slices.Equal(got, []string{"1"}) {
		t.Errorf("reported %v", got)
	}
}

func TestSoManyAreHandledAtOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ config, want int }{{0, 4}, {1, 1}, {7, 7}} {
		t.Run(fmt.Sprint(tt.config), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				running, most := 0, 0
				f := function(t, &double{}, func(context.Context, event.Event) error {
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					time.Sleep(time.Second)
					mu.Lock()
					running--
					mu.Unlock()
					return nil
				}, func(c *sqs.FunctionConfig) { c.Concurrency = tt.config })
				var records []events.SQSMessage
				for i := range 10 {
					records = append(records, record(t, "things", fmt.Sprint(i)))
				}
				if got := failures(t, context.Background(), f, records...); len(got) != 0 || most != tt.want {
					t.Errorf("%d at once, want %d; reported %v", most, tt.want, got)
				}
				_ = f.Close()
			})
		})
	}
}

func TestNothingIsBegunShortlyBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		var h handled
		f := function(t, &double{}, func(ctx context.Context, e event.Event) error {
			h.add(e)
			if end, _ := ctx.Deadline(); end.Sub(begun) != 8*time.Second {
				t.Errorf("the handler has until %v", end.Sub(begun))
			}
			time.Sleep(2900 * time.Millisecond)
			return nil
		}, func(c *sqs.FunctionConfig) { c.Concurrency = 1 })
		var records []events.SQSMessage
		var want []string
		for i := range 20 {
			records = append(records, record(t, "things", fmt.Sprint(i)))
			if i > 2 {
				want = append(want, fmt.Sprint(i))
			}
		}
		if got := failures(t, ctx, f, records...); !slices.Equal(got, want) {
			t.Errorf("reported %v, want %v", got, want)
		}
		if got, want := h.sorted(), []string{"0", "1", "2"}; !slices.Equal(got, want) {
			t.Errorf("handled %v, want %v", got, want)
		}
		_ = f.Close()
	})
}

func TestAHandlerThatDoesNotStopIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		f := function(t, &double{}, func(_ context.Context, e event.Event) error {
			if e.Subject == "1" {
				time.Sleep(20 * time.Second)
			}
			return nil
		})
		if got := failures(t, ctx, f, record(t, "things", "0"), record(t, "things", "1"), record(t, "things", "2")); !slices.Equal(got, []string{"1"}) {
			t.Errorf("reported %v", got)
		}
		if took := time.Since(begun); took != 9*time.Second {
			t.Errorf("answered after %v", took)
		}
		time.Sleep(time.Minute)
		_ = f.Close()
	})
}

func TestAPermanentErrorGoesToTheDeadLettersAtOnce(t *testing.T) {
	t.Parallel()
	d := &double{policy: `{"deadLetterTargetArn":"` + account + prefix + `things-dlq","maxReceiveCount":8}`}
	f := function(t, d, func(_ context.Context, e event.Event) error {
		if e.Subject == "1" {
			return consumer.Permanent(errors.New("unknown\x00 type"))
		}
		return nil
	})
	bad := record(t, "things", "2")
	bad.Body = "no event"
	if got := failures(t, t.Context(), f, record(t, "things", "0"), record(t, "things", "1"), bad); len(got) != 0 {
		t.Errorf("reported %v", got)
	}
	if len(d.sent) != 2 {
		t.Fatalf("%d dead letters", len(d.sent))
	}
	slices.SortFunc(d.sent, func(a, b sent) int { return strings.Compare(b.body, a.body) })
	if got, want := d.sent[0], (sent{
		queue: "https://sqs/" + prefix + "things-dlq", body: record(t, "things", "1").Body, reason: "unknown type", receives: "1", first: "1764000001000",
		trace: "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1",
	}); got.reason != want.reason || got.queue != want.queue || got.receives != want.receives || got.first != want.first || got.trace != want.trace {
		t.Errorf("sent %+v, want %+v", got, want)
	}
	if got := d.sent[1]; got.body != "no event" || !strings.HasPrefix(got.reason, "invalid event") {
		t.Errorf("sent %+v", got)
	}
	if d.asked != 1 {
		t.Errorf("the policy was asked for %d times", d.asked)
	}
}

func TestTheLastReceiveKeepsItsReason(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		policy   string
		receives string
		dead     bool
	}{
		{"one before", `{"deadLetterTargetArn":"` + account + `dlq","maxReceiveCount":8}`, "7", false},
		{"the last", `{"deadLetterTargetArn":"` + account + `dlq","maxReceiveCount":8}`, "8", true},
		{"one that is late", `{"deadLetterTargetArn":"` + account + `dlq","maxReceiveCount":"8"}`, "9", true},
		{"a count that is missing", `{"deadLetterTargetArn":"` + account + `dlq","maxReceiveCount":8}`, "", false},
		{"no dead letters", ``, "100", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &double{policy: tt.policy}
			f := function(t, d, func(context.Context, event.Event) error { return errors.New("no seats") })
			r := record(t, "things", "1")
			r.Attributes["ApproximateReceiveCount"] = tt.receives
			failed := failures(t, t.Context(), f, r)
			if dead := len(d.sent) == 1; dead != tt.dead || (len(failed) == 0) != tt.dead {
				t.Errorf("sent %v, reported %v", d.sent, failed)
			}
			if tt.dead && d.sent[0].reason != "no seats" {
				t.Errorf("sent %+v", d.sent[0])
			}
		})
	}
}

func TestADeadLetterThatCannotBeSentStaysInItsQueue(t *testing.T) {
	t.Parallel()
	down := errors.New("AccessDenied")
	policy := `{"deadLetterTargetArn":"` + account + `dlq","maxReceiveCount":8}`
	tests := []struct {
		name string
		give *double
	}{
		{"the queue's URL is not told", &double{failURL: down, policy: policy}},
		{"the policy is not told", &double{failAttributes: down, policy: policy}},
		{"the policy is unreadable", &double{policy: `{`}},
		{"the policy has no count", &double{policy: `{"deadLetterTargetArn":"` + account + `dlq"}`}},
		{"the dead letters are not named", &double{policy: `{"maxReceiveCount":1}`}},
		{"the letter is not taken", &double{failSend: down, policy: policy}},
		{"there are no dead letters", &double{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := function(t, tt.give, func(context.Context, event.Event) error { return consumer.Permanent(errors.New("no")) })
			if got := failures(t, t.Context(), f, record(t, "things", "1")); !slices.Equal(got, []string{"1"}) {
				t.Errorf("reported %v", got)
			}
		})
	}
}

func TestADeadLetterOfAGroupLetsTheGroupGoOn(t *testing.T) {
	t.Parallel()
	d := &double{policy: `{"deadLetterTargetArn":"` + account + prefix + `things-dlq.fifo","maxReceiveCount":8}`}
	var h handled
	f := function(t, d, func(_ context.Context, e event.Event) error {
		if e.Subject == "1" {
			return consumer.Permanent(errors.New("no"))
		}
		h.add(e)
		return nil
	})
	if got := failures(t, t.Context(), f, grouped(t, "things", "g", "1"), grouped(t, "things", "g", "2")); len(got) != 0 {
		t.Errorf("reported %v", got)
	}
	if !slices.Equal(h.sorted(), []string{"2"}) {
		t.Errorf("handled %v", h.sorted())
	}
	if len(d.sent) != 1 || d.sent[0].group != "g" || d.sent[0].deduplication != "1" {
		t.Errorf("sent %+v", d.sent)
	}
}

func TestSubscriptionsThatCannotRunFailTheInvocation(t *testing.T) {
	t.Parallel()
	f := sqs.NewFunction([]consumer.Subscription{{Name: "things"}}, sqs.FunctionConfig{Prefix: prefix, Client: &double{}, Logger: slog.New(slog.DiscardHandler)})
	if _, err := f.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{record(t, "things", "1")}}); err == nil {
		t.Error("want an error")
	}
	if err := f.Close(); err == nil {
		t.Error("want an error")
	}
}

func TestAnInvocationAfterTheEndFails(t *testing.T) {
	t.Parallel()
	f := function(t, &double{}, func(context.Context, event.Event) error { return nil })
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{record(t, "things", "1")}}); err == nil {
		t.Error("want an error")
	}
}

func FuzzHandle(f *testing.F) {
	_, envelope := made(f, "s")
	f.Add(envelope)
	f.Add(delivered(envelope))
	f.Add(`{"detail":null,"specversion":1}`)
	f.Add(`{"uuid":"u","metadata":{"k":"v"},"payload":"e30="}`)
	f.Add("")
	fn := function(f, &double{}, func(_ context.Context, e event.Event) error {
		_, err := e.MarshalCloudEvent()
		return err
	})
	f.Fuzz(func(t *testing.T, body string) {
		r := events.SQSMessage{MessageId: "m", Body: body, EventSourceARN: account + prefix + "things"}
		response, err := fn.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{r}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := event.ParseCloudEvent([]byte(body)); err == nil && len(response.BatchItemFailures) != 0 {
			t.Error("a CloudEvent was refused")
		}
	})
}

// What an event of a full batch costs. Beside the function there is the least that
// a function without a router would do: find the event in the record, read it, and
// call the handler with its trace and a deadline. "twice" also reads the event a
// second time, as the function does, first for the message and then in the
// router's handler; the router's share is the rest.
func BenchmarkHandle(b *testing.B) {
	handle := func(context.Context, event.Event) error { return nil }
	var records []events.SQSMessage
	for i := range 10 {
		records = append(records, record(b, "things", fmt.Sprint(i)))
	}
	direct := func(b *testing.B, readings int) {
		for _, r := range records {
			var delivered struct {
				Detail json.RawMessage `json:"detail"`
			}
			if err := json.Unmarshal([]byte(r.Body), &delivered); err != nil {
				b.Fatal(err)
			}
			var e event.Event
			var err error
			for range readings {
				if e, err = event.ParseCloudEvent(delivered.Detail); err != nil {
					b.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(event.WithTraceHeader(context.Background(), r.Attributes["AWSTraceHeader"]), time.Minute)
			if err := handle(event.WithTrace(ctx, e.Follow()), e); err != nil {
				b.Fatal(err)
			}
			cancel()
		}
	}
	f := function(b, &double{}, handle)
	for _, way := range []struct {
		name  string
		batch func(*testing.B)
	}{
		{"direct", func(b *testing.B) { direct(b, 1) }},
		{"twice", func(b *testing.B) { direct(b, 2) }},
		{"function", func(b *testing.B) {
			if _, err := f.Handle(context.Background(), events.SQSEvent{Records: records}); err != nil {
				b.Fatal(err)
			}
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				way.batch(b)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10, "ns/event")
		})
	}
}
