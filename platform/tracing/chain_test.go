package tracing_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/dynamo/envelope"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/eventbridge"
	"ticketmesh.dev/platform/sqs"
	"ticketmesh.dev/platform/streams"
	"ticketmesh.dev/platform/tracing"
	"ticketmesh.dev/platform/tracing/daemontest"
	"ticketmesh.dev/platform/tracing/xray"
)

// header is what Lambda sends with an invocation of another trace each.
func header(first string) string {
	return "Root=1-" + first + "-bd862e3fe1be46a994272793;Parent=" + first + first + ";Sampled=1"
}

// bus takes entries as EventBridge does.
type bus struct{ entries []types.PutEventsRequestEntry }

func (b *bus) PutEvents(_ context.Context, in *awseventbridge.PutEventsInput, _ ...func(*awseventbridge.Options)) (*awseventbridge.PutEventsOutput, error) {
	b.entries = append(b.entries, in.Entries...)
	return &awseventbridge.PutEventsOutput{Entries: make([]types.PutEventsResultEntry, len(in.Entries))}, nil
}

// made is an event that comes about under ctx.
func made(t *testing.T, ctx context.Context, kind string) event.Event {
	t.Helper()
	return event.New(ctx, "/ticketmesh/things", "ticketmesh.things.thing."+kind+".v1", "s", "", time.Unix(1764000000, 0), json.RawMessage(`{}`))
}

// relayed publishes e out of a table's stream and returns the record that an SQS queue
// gets of it.
func relayed(t *testing.T, ctx context.Context, e event.Event) events.SQSMessage {
	t.Helper()
	encoded, err := e.MarshalCloudEvent()
	if err != nil {
		t.Fatal(err)
	}
	packed, err := envelope.Pack([][]byte{encoded})
	if err != nil {
		t.Fatal(err)
	}
	var b bus
	relay := streams.NewRelay(eventbridge.NewPublisher(eventbridge.Config{Client: &b, Bus: "bus"}), slog.New(slog.DiscardHandler))
	response, _ := relay.Handle(ctx, events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{{Change: events.DynamoDBStreamRecord{
		NewImage: map[string]events.DynamoDBAttributeValue{
			streams.Attribute: events.NewBinaryAttribute(packed),
		},
	}}}})
	if len(response.BatchItemFailures) != 0 || len(b.entries) != 1 {
		t.Fatalf("relayed %d with %v", len(b.entries), response)
	}
	return events.SQSMessage{
		MessageId: "m", Body: *b.entries[0].Detail, EventSourceARN: "arn:aws:sqs:eu-central-1:123456789012:things",
		Attributes: map[string]string{"AWSTraceHeader": aws.ToString(b.entries[0].TraceHeader)},
	}
}

// consumed has a function's subscription "things" handle the record.
func consumed(t *testing.T, ctx context.Context, r events.SQSMessage, handle func(context.Context, event.Event) error) {
	t.Helper()
	f := sqs.NewFunction([]consumer.Subscription{{Name: "things", Handle: handle}}, sqs.FunctionConfig{Logger: slog.New(slog.DiscardHandler), Client: queues{}})
	if _, err := f.Handle(ctx, events.SQSEvent{Records: []events.SQSMessage{r}}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// recorders returns each of them with a daemon of its own, but for the SDK's, of which
// there is one in a process.
func recorders(t *testing.T) map[string]func(address string) (tracing.Recorder, error) {
	t.Helper()
	if os.Getenv(tracing.DaemonAddress) != "" {
		t.Fatal("the SDK would send elsewhere")
	}
	return map[string]func(string) (tracing.Recorder, error){
		"daemon": func(address string) (tracing.Recorder, error) {
			return tracing.NewDaemon("tcp:127.0.0.1:1 udp:"+address, clock.System{}), nil
		},
		"SDK": xray.NewRecorder,
	}
}

// TestARequestAndWhatItCausesAreOneTrace is not parallel: the SDK is global.
func TestARequestAndWhatItCausesAreOneTrace(t *testing.T) {
	for name, newRecorder := range recorders(t) {
		t.Run(name, func(t *testing.T) {
			daemon := daemontest.Start(t)
			recorder, err := newRecorder(daemon.Address())
			if err != nil {
				t.Fatal(err)
			}
			invocation := func(first string) context.Context { return tracing.With(t.Context(), recorder, header(first)) }

			var first, second event.Event
			edge := api.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				first = made(t, r.Context(), "made")
			}), api.Options{})
			r := httptest.NewRequestWithContext(invocation("aaaaaaaa"), http.MethodPost, "/", http.NoBody)
			r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
			edge.ServeHTTP(httptest.NewRecorder(), r)
			consumed(t, invocation("cccccccc"), relayed(t, invocation("bbbbbbbb"), first), func(ctx context.Context, _ event.Event) error {
				second = made(t, ctx, "changed")
				return nil
			})
			var last tracing.Link
			consumed(t, invocation("eeeeeeee"), relayed(t, invocation("dddddddd"), second), func(ctx context.Context, _ event.Event) error {
				_, mail := tracing.Begin(ctx, "mail")
				mail.End(false)
				last, _ = tracing.From(ctx)
				return errors.New("ada@example.com")
			})

			documents := daemon.Wait(t, 6)
			chain := daemontest.Chain(t, documents, last.SegmentID)
			var names []string
			for _, s := range chain {
				names = append(names, s.Name)
			}
			const want = "POST, publish ticketmesh.things, things, publish ticketmesh.things, things"
			if got := strings.Join(names, ", "); got != want {
				t.Fatalf("the chain is %s, want %s", got, want)
			}
			if top := chain[0]; top.TraceID != "1-aaaaaaaa-bd862e3fe1be46a994272793" || top.ParentID != "aaaaaaaaaaaaaaaa" || top.Type != "subsegment" {
				t.Errorf("the chain hangs on %+v", top)
			}
			for i, s := range chain {
				if s.Fault != (i == len(chain)-1) {
					t.Errorf("%s (%d) has failed: %v", s.Name, i, s.Fault)
				}
			}
			for _, s := range documents {
				if s.Name == "mail" && s.ParentID != last.SegmentID {
					t.Errorf("the mail hangs on %s, not on %s", s.ParentID, last.SegmentID)
				}
			}
		})
	}
}

func TestWhatIsNotSampledIsPassedOnAndNotRecorded(t *testing.T) {
	for name, newRecorder := range recorders(t) {
		t.Run(name, func(t *testing.T) {
			daemon := daemontest.Start(t)
			recorder, err := newRecorder(daemon.Address())
			if err != nil {
				t.Fatal(err)
			}
			not := tracing.With(t.Context(), recorder, strings.Replace(header("aaaaaaaa"), "Sampled=1", "Sampled=0", 1))
			ctx, segment := tracing.Begin(not, "unseen")
			segment.End(true)
			record := relayed(t, tracing.With(t.Context(), recorder, header("bbbbbbbb")), made(t, event.WithTrace(ctx, event.Trace{TraceParent: parent(t, ctx)}), "made"))
			if got, _ := tracing.Parse(record.Attributes["AWSTraceHeader"]); got.Sampled || got.Root() != "1-aaaaaaaa-bd862e3fe1be46a994272793" {
				t.Errorf("passed on %+v", got)
			}
			consumed(t, tracing.With(t.Context(), recorder, header("cccccccc")), record, func(ctx context.Context, _ event.Event) error {
				if got, _ := tracing.From(ctx); got.Sampled || got.Root() != "1-aaaaaaaa-bd862e3fe1be46a994272793" {
					t.Errorf("handled in %+v", got)
				}
				return nil
			})
			_, seen := tracing.Begin(tracing.With(t.Context(), recorder, header("dddddddd")), "seen")
			seen.End(false)
			if got := daemon.Wait(t, 1); got[0].Name != "seen" {
				t.Errorf("recorded %+v", got)
			}
		})
	}
}

func parent(t *testing.T, ctx context.Context) string {
	t.Helper()
	link, ok := tracing.From(ctx)
	if !ok {
		t.Fatal("no trace")
	}
	return link.TraceParent()
}

func TestNothingNeedsATrace(t *testing.T) {
	for name, newRecorder := range recorders(t) {
		t.Run(name, func(t *testing.T) {
			recorder, err := newRecorder(daemontest.Start(t).Address())
			if err != nil {
				t.Fatal(err)
			}
			for _, ctx := range []context.Context{t.Context(), tracing.With(t.Context(), recorder, ""), tracing.With(t.Context(), recorder, "Root=1;Parent=2;Sampled=1")} {
				inner, segment := tracing.Begin(ctx, "a")
				_, followed := tracing.Follow(inner, "b", "", "")
				followed.End(true)
				segment.End(false)
				if _, ok := tracing.From(inner); ok {
					t.Error("a trace out of nothing")
				}
			}
			// A daemon that is not there.
			gone, err := newRecorder("127.0.0.1:9")
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				_, segment := tracing.Begin(tracing.With(t.Context(), gone, header("aaaaaaaa")), "lost")
				segment.End(false)
			}
		})
	}
}

func TestAnEventFollowsItsOwnTrace(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("a", 32), strings.Repeat("b", 32)
	link := func(trace, segment string) tracing.Link {
		return tracing.Link{TraceID: trace, SegmentID: strings.Repeat(segment, 16), Sampled: true}
	}
	tests := []struct {
		name                string
		traceParent, header string
		want                tracing.Link // the parent
		kind                tracing.Kind
	}{
		{"the header knows who has passed it on", link(a, "1").TraceParent(), link(a, "2").Header(), link(a, "2"), tracing.Root},
		{"the header is of another trace", link(a, "1").TraceParent(), link(b, "2").Header(), link(a, "1"), tracing.Root},
		{"no header", link(a, "1").TraceParent(), "", link(a, "1"), tracing.Root},
		{"a header alone", "", link(b, "2").Header(), link(b, "2"), tracing.Root},
		{"neither", "nonsense", "Root=", link(a, "9"), tracing.Sub},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var n notes
			ctx, segment := tracing.Follow(tracing.With(t.Context(), &n, link(a, "9").Header()), strings.Repeat("näme", 99), tt.traceParent, tt.header)
			if n.parent != tt.want || n.kind != tt.kind {
				t.Errorf("below %+v as %v, want %+v as %v", n.parent, n.kind, tt.want, tt.kind)
			}
			if len(n.name) != 200 || !strings.HasPrefix(n.name, "n__me") {
				t.Errorf("the name is %q", n.name)
			}
			want := tt.want
			want.SegmentID = "0123456789abcdef"
			if got, ok := tracing.From(ctx); got != want || !ok {
				t.Errorf("inside is %+v, want %+v", got, want)
			}
			if segment.End(true); !n.failed {
				t.Error("the end is not told")
			}
		})
	}
}

// notes is a recorder of one segment.
type notes struct {
	name   string
	kind   tracing.Kind
	parent tracing.Link
	failed bool
}

func (n *notes) Begin(ctx context.Context, name string, kind tracing.Kind, parent tracing.Link) (context.Context, string, func(bool)) {
	n.name, n.kind, n.parent = name, kind, parent
	return ctx, "0123456789abcdef", func(failed bool) { n.failed = failed }
}
