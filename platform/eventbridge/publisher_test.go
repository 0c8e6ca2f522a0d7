package eventbridge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/eventbridge"
)

// double is EventBridge where moto server is none: it counts sizes and refuses
// requests as AWS documents it (API_PutEvents, "Calculating Amazon EventBridge
// PutEvents event entry size"), and it refuses single entries when told to.
type double struct {
	limit int // bytes; requests must stay below
	// refuse returns the error code for the n-th sight of an event, "" for none.
	refuse func(e event.Event, n int) string
	// fail returns the error of the n-th request.
	fail func(n int) error
	// hook runs before each request is answered.
	hook func(n int)

	mu       sync.Mutex
	requests [][]types.PutEventsRequestEntry
	seen     map[string]int
	accepted []string // ids
}

func (d *double) PutEvents(ctx context.Context, in *sdk.PutEventsInput, _ ...func(*sdk.Options)) (*sdk.PutEventsOutput, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests = append(d.requests, in.Entries)
	if d.hook != nil {
		d.hook(len(d.requests))
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.fail != nil {
		if err := d.fail(len(d.requests)); err != nil {
			return nil, err
		}
	}
	size := 0
	for _, e := range in.Entries {
		if e.Time != nil {
			size += 14
		}
		size += len([]byte(aws.ToString(e.Source))) + len([]byte(aws.ToString(e.DetailType))) + len([]byte(aws.ToString(e.Detail)))
	}
	if n := len(in.Entries); n < 1 || n > 10 {
		return nil, fmt.Errorf("ValidationException: %d entries", n)
	}
	if d.limit > 0 && size >= d.limit {
		return nil, errors.New("ValidationException: Total size of the entries in the request is over the limit.")
	}
	out := &sdk.PutEventsOutput{}
	for _, entry := range in.Entries {
		e, err := event.ParseCloudEvent([]byte(*entry.Detail))
		if err != nil {
			return nil, err
		}
		if d.seen == nil {
			d.seen = map[string]int{}
		}
		d.seen[e.ID.String()]++
		code := ""
		if d.refuse != nil {
			code = d.refuse(e, d.seen[e.ID.String()])
		}
		if code != "" {
			out.FailedEntryCount++
			out.Entries = append(out.Entries, types.PutEventsResultEntry{ErrorCode: &code, ErrorMessage: aws.String("no")})
			continue
		}
		d.accepted = append(d.accepted, e.ID.String())
		out.Entries = append(out.Entries, types.PutEventsResultEntry{EventId: aws.String("x")})
	}
	return out, nil
}

func (d *double) sizes() []int {
	var sizes []int
	for _, r := range d.requests {
		sizes = append(sizes, len(r))
	}
	return sizes
}

// made returns a message for an event whose subject is text.
func made(t testing.TB, ctx context.Context, text, padding string) *message.Message {
	t.Helper()
	data, err := json.Marshal(map[string]string{"pad": padding})
	if err != nil {
		t.Fatal(err)
	}
	e := event.New(ctx, "/ticketmesh/things", "ticketmesh.things.thing.made.v1", text, "", time.Date(2026, 11, 25, 10, 0, 0, 123e6, time.UTC), data)
	encoded, err := e.MarshalCloudEvent()
	if err != nil {
		t.Fatal(err)
	}
	m := event.ToMessage(e, encoded)
	m.SetContext(ctx)
	return m
}

func several(t testing.TB, n int) (messages []*message.Message, ids []string) {
	for i := range n {
		m := made(t, t.Context(), fmt.Sprint("s", i), "")
		messages, ids = append(messages, m), append(ids, m.UUID)
	}
	return messages, ids
}

func publisher(d *double, change ...func(*eventbridge.Config)) *eventbridge.Publisher {
	c := eventbridge.Config{Client: d, Bus: "bus"}
	for _, f := range change {
		f(&c)
	}
	return eventbridge.NewPublisher(c)
}

func TestAnEntryIsTheWholeCloudEvent(t *testing.T) {
	t.Parallel()
	d := &double{}
	ctx := event.WithTrace(t.Context(), event.Trace{CorrelationID: "c", TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
	m := made(t, ctx, "s", "")
	if err := publisher(d).Publish(event.Topic, m); err != nil {
		t.Fatal(err)
	}
	got := d.requests[0][0]
	for _, tt := range []struct{ name, got, want string }{
		{"source", *got.Source, "ticketmesh.things"},
		{"detail type", *got.DetailType, "ticketmesh.things.thing.made.v1"},
		{"detail", *got.Detail, string(m.Payload)},
		{"bus", *got.EventBusName, "bus"},
		{"time", got.Time.Format(event.TimeFormat), "2026-11-25T10:00:00.123Z"},
		{"trace header", aws.ToString(got.TraceHeader), "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestTheTraceHeaderFollowsTheEnvelope(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, give, want string }{
		{"not sampled", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=0"},
		{"other flags", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0a", "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=0"},
		{"none", "", ""},
		{"not hexadecimal", "00-0af7651916cd43dd8448eb211c8031zz-b7ad6b7169203331-01", ""},
		{"flags not hexadecimal", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0z", ""},
		{"too short", "00-0af7-b7ad-01", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &double{}
			m := made(t, event.WithTrace(t.Context(), event.Trace{TraceParent: tt.give}), "s", "")
			if err := publisher(d).Publish(event.Topic, m); err != nil {
				t.Fatal(err)
			}
			if got := d.requests[0][0].TraceHeader; aws.ToString(got) != tt.want || (tt.want == "") != (got == nil) {
				t.Errorf("got %q, want %q", aws.ToString(got), tt.want)
			}
		})
	}
}

func TestRequestsTakeTenEntries(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		give int
		want []int
	}{{0, nil}, {1, []int{1}}, {10, []int{10}}, {11, []int{10, 1}}, {25, []int{10, 10, 5}}} {
		t.Run(fmt.Sprint(tt.give), func(t *testing.T) {
			t.Parallel()
			d := &double{}
			messages, ids := several(t, tt.give)
			if err := publisher(d).Publish(event.Topic, messages...); err != nil {
				t.Fatal(err)
			}
			if got := d.sizes(); !slices.Equal(got, tt.want) {
				t.Errorf("requests of %v, want %v", got, tt.want)
			}
			if !slices.Equal(d.accepted, ids) {
				t.Error("not all were accepted in order")
			}
		})
	}
}

// sized returns a message whose entry has exactly n bytes as AWS counts them:
// 14 for the time, source, detail type and detail.
func sized(t *testing.T, n int) *message.Message {
	t.Helper()
	const fill = "é" // two bytes
	fixed := 14 + len("ticketmesh.things") + len("ticketmesh.things.thing.made.v1")
	spare := n - fixed - len(made(t, t.Context(), "s", "").Payload)
	m := made(t, t.Context(), "s", strings.Repeat(fill, spare/2)+strings.Repeat("x", spare%2))
	if got := fixed + len(m.Payload); got != n {
		t.Fatalf("made %d bytes, want %d", got, n)
	}
	return m
}

func TestRequestsStayBelowTheLimitInBytes(t *testing.T) {
	t.Parallel()
	const limit = 10_000
	tests := []struct {
		name string
		give []int // sizes of entries
		want []int // entries of each request
	}{
		{"as much as there can be", []int{limit - 1}, []int{1}},
		{"just below together", []int{5000, limit - 5001}, []int{2}},
		{"at the limit together", []int{5000, limit - 5000}, []int{1, 1}},
		{"several", []int{4000, 4000, 4000, 1000, 9000}, []int{2, 2, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &double{limit: limit}
			var messages []*message.Message
			for _, n := range tt.give {
				messages = append(messages, sized(t, n))
			}
			if err := publisher(d, func(c *eventbridge.Config) { c.MaxBytes = limit }).Publish(event.Topic, messages...); err != nil {
				t.Fatal(err)
			}
			if got := d.sizes(); !slices.Equal(got, tt.want) {
				t.Errorf("requests of %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTheDefaultLimitIs256KiB(t *testing.T) {
	t.Parallel()
	d := &double{limit: 256 << 10}
	if err := publisher(d).Publish(event.Topic, sized(t, 256<<10-1)); err != nil {
		t.Error(err)
	}
	if err := publisher(d).Publish(event.Topic, sized(t, 256<<10)); err == nil {
		t.Error("want an error at the limit")
	}
	if len(d.requests) != 1 {
		t.Errorf("%d requests", len(d.requests))
	}
}

func TestWhatCanNeverBePublishedKeepsNothingBack(t *testing.T) {
	t.Parallel()
	longType := made(t, t.Context(), "s", "")
	longType.Payload = bytes.Replace(longType.Payload, []byte("thing.made.v1"), []byte(strings.Repeat("é", 109)+".v1"), 1) // 129 characters
	tests := []struct {
		name string
		give *message.Message
		is   func(error) bool
	}{
		{"too large", sized(t, 5000), func(err error) bool {
			var large *eventbridge.TooLargeError
			return errors.As(err, &large) && large.Size == 5000 && large.Limit == 5000 && large.Type == "ticketmesh.things.thing.made.v1"
		}},
		{"no CloudEvent", message.NewMessage("u", []byte(`{}`)), func(err error) bool { return errors.Is(err, event.ErrInvalid) }},
		{"a type that is too long", longType, func(err error) bool { return errors.Is(err, event.ErrInvalid) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &double{limit: 5000}
			good, ids := several(t, 2)
			err := publisher(d, func(c *eventbridge.Config) { c.MaxBytes = 5000 }).Publish(event.Topic, good[0], tt.give, good[1])
			var failed *eventbridge.Error
			if !errors.As(err, &failed) || len(failed.Failures) != 1 || failed.Failures[0].Index != 1 || failed.Failures[0].UUID != tt.give.UUID {
				t.Fatalf("got %v", err)
			}
			if !tt.is(err) {
				t.Errorf("got %v", err)
			}
			if !slices.Equal(d.accepted, ids) {
				t.Errorf("accepted %v, want %v", d.accepted, ids)
			}
		})
	}
}

func TestOnlyEntriesThatFailedAreSentAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"ThrottlingException", "InternalFailure", "InternalException"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				messages, ids := several(t, 25)
				// One in each request of the first round; the last of them twice.
				d := &double{refuse: func(e event.Event, n int) string {
					if e.Subject == "s3" && n == 1 || e.Subject == "s12" && n == 1 || e.Subject == "s24" && n <= 2 {
						return code
					}
					return ""
				}}
				begun := time.Now()
				if err := publisher(d).Publish(event.Topic, messages...); err != nil {
					t.Fatal(err)
				}
				if got, want := d.sizes(), []int{10, 10, 5, 3, 1}; !slices.Equal(got, want) {
					t.Errorf("requests of %v, want %v", got, want)
				}
				slices.Sort(d.accepted)
				if slices.Sort(ids); !slices.Equal(d.accepted, ids) {
					t.Error("not each was accepted once")
				}
				if waited := time.Since(begun); waited < 150*time.Millisecond || waited > 300*time.Millisecond {
					t.Errorf("waited for %v in two rounds", waited)
				}
			})
		})
	}
}

func TestARefusalForGoodIsNotSentAgain(t *testing.T) {
	t.Parallel()
	d := &double{refuse: func(e event.Event, _ int) string {
		if e.Subject == "s1" {
			return "NotAuthorizedForSourceException"
		}
		return ""
	}}
	messages, ids := several(t, 3)
	err := publisher(d).Publish(event.Topic, messages...)
	var failed *eventbridge.Error
	var refused *eventbridge.EntryError
	if !errors.As(err, &failed) || len(failed.Failures) != 1 || failed.FirstFailed() != 1 || !errors.As(err, &refused) || refused.Code != "NotAuthorizedForSourceException" {
		t.Fatalf("got %v", err)
	}
	if len(d.requests) != 1 || !slices.Equal(d.accepted, []string{ids[0], ids[2]}) {
		t.Errorf("%d requests, accepted %v", len(d.requests), d.accepted)
	}
}

func TestRetriesEndWithTheContext(t *testing.T) {
	t.Parallel()
	throttled := func(event.Event, int) string { return "ThrottlingException" }
	tests := []struct {
		name    string
		timeout time.Duration // of the context; 0 for none
		config  time.Duration
		atMost  time.Duration
	}{
		{"the context's deadline", 2 * time.Second, 0, 2 * time.Second},
		{"the publisher's own", 0, time.Second, time.Second},
		{"the default", 0, 0, eventbridge.DefaultTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.timeout)
					defer cancel()
				}
				d := &double{refuse: throttled}
				begun := time.Now()
				err := publisher(d, func(c *eventbridge.Config) { c.Timeout = tt.config }).Publish(event.Topic, made(t, ctx, "s", ""))
				var refused *eventbridge.EntryError
				if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &refused) {
					t.Errorf("got %v", err)
				}
				// It gives up before an attempt that would come too late, and no earlier
				// than the longest pause before the end.
				if took := time.Since(begun); took >= tt.atMost || took < tt.atMost-3*time.Second {
					t.Errorf("gave up after %v", took)
				}
				if len(d.requests) < 3 {
					t.Errorf("%d requests", len(d.requests))
				}
			})
		})
	}
}

func TestACancelledContextEndsThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := &double{refuse: func(event.Event, int) string { return "ThrottlingException" }}
		d.hook = func(int) { time.AfterFunc(10*time.Millisecond, cancel) }
		err := publisher(d).Publish(event.Topic, made(t, ctx, "s", ""))
		if !errors.Is(err, context.Canceled) || len(d.requests) != 1 {
			t.Errorf("got %v after %d requests", err, len(d.requests))
		}
	})
}

func TestALostRequestLeavesTheRestUnpublished(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	d := &double{
		fail: func(n int) error {
			if n == 2 {
				return down
			}
			return nil
		},
		refuse: func(e event.Event, _ int) string {
			if e.Subject == "s4" {
				return "ThrottlingException"
			}
			return ""
		},
	}
	messages, ids := several(t, 25)
	err := publisher(d).Publish(event.Topic, messages...)
	var failed *eventbridge.Error
	if !errors.As(err, &failed) || !errors.Is(err, down) {
		t.Fatalf("got %v", err)
	}
	var got []int
	for _, f := range failed.Failures {
		got = append(got, f.Index)
		if f.UUID != ids[f.Index] {
			t.Errorf("failure %d is of %s", f.Index, f.UUID)
		}
	}
	slices.Sort(got)
	want := []int{4, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24}
	if !slices.Equal(got, want) || failed.FirstFailed() != 4 || len(d.requests) != 2 {
		t.Errorf("failed %v, first %d, after %d requests", got, failed.FirstFailed(), len(d.requests))
	}
}

func TestAnAnswerOfAnotherLengthIsAnError(t *testing.T) {
	t.Parallel()
	err := eventbridge.NewPublisher(eventbridge.Config{Client: short{}, Bus: "bus"}).Publish(event.Topic, made(t, t.Context(), "s", ""))
	var failed *eventbridge.Error
	if !errors.As(err, &failed) || len(failed.Failures) != 1 {
		t.Errorf("got %v", err)
	}
}

// short answers with no result.
type short struct{}

func (short) PutEvents(context.Context, *sdk.PutEventsInput, ...func(*sdk.Options)) (*sdk.PutEventsOutput, error) {
	return &sdk.PutEventsOutput{}, nil
}

func BenchmarkPublish(b *testing.B) {
	messages, _ := several(b, 10)
	p := eventbridge.NewPublisher(eventbridge.Config{Client: all{}, Bus: "bus"})
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Publish(event.Topic, messages...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10, "ns/event")
}

// all accepts everything at once.
type all struct{}

func (all) PutEvents(_ context.Context, in *sdk.PutEventsInput, _ ...func(*sdk.Options)) (*sdk.PutEventsOutput, error) {
	return &sdk.PutEventsOutput{Entries: make([]types.PutEventsResultEntry, len(in.Entries))}, nil
}
