package streams_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/dynamo/envelope"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/streams"
)

// bus is a publisher that remembers.
type bus struct {
	calls    int
	accepted []string // subjects
	fail     error
}

func (b *bus) Publish(topic string, messages ...*message.Message) error {
	b.calls++
	if topic != event.Topic {
		return errors.New("wrong topic " + topic)
	}
	if b.fail != nil {
		return b.fail
	}
	for _, m := range messages {
		e, err := event.FromMessage(m)
		if err != nil || m.UUID != e.ID.String() || m.Metadata.Get(event.MetaType) != e.Type {
			return errors.Join(err, errors.New("the message is not its event"))
		}
		if _, ok := m.Context().Deadline(); !ok {
			return errors.New("the message has not the invocation's context")
		}
		b.accepted = append(b.accepted, e.Subject)
	}
	return nil
}

func (b *bus) Close() error { return nil }

// partly is the error of a publisher that knows what failed.
type partly int

func (p partly) Error() string    { return "throttled" }
func (p partly) FirstFailed() int { return int(p) }

func made(subject string) event.Event {
	return event.New(context.Background(), "/x", "t", subject, "", time.Unix(1, 0), json.RawMessage(`{}`))
}

func encoded(t testing.TB, subject string) string {
	t.Helper()
	raw, err := made(subject).MarshalCloudEvent()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// record is a stream record whose new image is given as DynamoDB's JSON.
func record(t testing.TB, sequence, image string) events.DynamoDBEventRecord {
	t.Helper()
	var r events.DynamoDBEventRecord
	raw := fmt.Sprintf(`{"eventName": "MODIFY", "dynamodb": {"SequenceNumber": %q, "NewImage": %s}}`, sequence, image)
	if err := json.Unmarshal([]byte(raw), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// outbox is an image with events for the subjects.
func outbox(t testing.TB, subjects ...string) string {
	t.Helper()
	packed := make([][]byte, len(subjects))
	for i, s := range subjects {
		packed[i] = []byte(encoded(t, s))
	}
	return pack(t, packed...)
}

// pack is an image with something in its outbox.
func pack(t testing.TB, lines ...[]byte) string {
	t.Helper()
	packed, err := envelope.Pack(lines)
	if err != nil {
		t.Fatal(err)
	}
	return `{"pk": {"S": "p"}, "outbox": {"B": "` + base64.StdEncoding.EncodeToString(packed) + `"}}`
}

func handle(t *testing.T, b *bus, records []events.DynamoDBEventRecord, derive ...streams.Derive) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	response, err := streams.NewRelay(b, slog.New(slog.DiscardHandler), derive...).Handle(ctx, events.DynamoDBEvent{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	if response.BatchItemFailures == nil {
		t.Error("the failures are null, not empty")
	}
	var failed []string
	for _, f := range response.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

func TestTheEventsOfACommitAreRelayed(t *testing.T) {
	t.Parallel()
	b := &bus{}
	failed := handle(t, b, []events.DynamoDBEventRecord{
		record(t, "1", outbox(t, "a", "b", "c")),
		record(t, "2", `{"pk": {"S": "p"}}`),
		{EventName: "REMOVE"},
		record(t, "4", outbox(t, "d")),
	})
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(b.accepted, want) {
		t.Errorf("published %v, want %v", b.accepted, want)
	}
	if b.calls != 1 || len(failed) != 0 {
		t.Errorf("%d calls, failed %v", b.calls, failed)
	}
}

func TestNothingToRelayCallsNobody(t *testing.T) {
	t.Parallel()
	b := &bus{fail: errors.New("called")}
	if failed := handle(t, b, []events.DynamoDBEventRecord{record(t, "1", `{"pk": {"S": "p"}}`)}); len(failed) != 0 || b.calls != 0 {
		t.Errorf("%d calls, failed %v", b.calls, failed)
	}
}

// A real record, as Lambda's documentation shows it, with an outbox.
func TestARecordAsLambdaSendsIt(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/record.json")
	if err != nil {
		t.Fatal(err)
	}
	var e events.DynamoDBEvent
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	b := &bus{}
	if failed := handle(t, b, e.Records); len(failed) != 0 || !slices.Equal(b.accepted, []string{"0190b0a0-0000-7000-8000-000000000002"}) {
		t.Errorf("published %v, failed %v", b.accepted, failed)
	}
}

func TestTheLowestFailureIsReported(t *testing.T) {
	t.Parallel()
	a, b2, c := outbox(t, "a"), outbox(t, "b1", "b2"), outbox(t, "c")
	tests := []struct {
		name      string
		give      []string // images; sequence numbers are 1, 2, …
		fail      error
		published []string
		want      []string
	}{
		{"all refused", []string{a, b2, c}, errors.New("down"), nil, []string{"1"}},
		{"all refused, the first has none", []string{`{}`, b2, c}, errors.New("down"), nil, []string{"2"}},
		{"some refused", []string{a, b2, c}, partly(2), nil, []string{"2"}},
		{"the last refused", []string{a, b2, c}, fmt.Errorf("publish: %w", partly(3)), nil, []string{"3"}},
		{"an unreadable one", []string{a, pack(t, []byte("{}")), c}, nil, []string{"a", "c"}, []string{"2"}},
		{"an unreadable one before refused ones", []string{a, `{"outbox": {"S": "x"}}`, c}, partly(1), nil, []string{"2"}},
		{"an unreadable one after refused ones", []string{a, b2, `{"outbox": {"S": "x"}}`}, partly(1), nil, []string{"2"}},
		{"what was not packed", []string{`{"outbox": {"B": "AA=="}}`}, nil, nil, []string{"1"}},
		{"null", []string{`{"outbox": {"NULL": true}}`}, nil, nil, []string{"1"}},
		{"a readable event beside one that is not", []string{pack(t, []byte(encoded(t, "a")), []byte("x"))}, nil, nil, []string{"1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var records []events.DynamoDBEventRecord
			for i, image := range tt.give {
				records = append(records, record(t, fmt.Sprint(i+1), image))
			}
			b := &bus{fail: tt.fail}
			if got := handle(t, b, records); !slices.Equal(got, tt.want) {
				t.Errorf("reported %v, want %v", got, tt.want)
			}
			if !slices.Equal(b.accepted, tt.published) {
				t.Errorf("published %v, want %v", b.accepted, tt.published)
			}
		})
	}
}

func TestFurtherEventsAreDerived(t *testing.T) {
	t.Parallel()
	keys := func(r events.DynamoDBEventRecord) ([]event.Event, error) {
		pk := r.Change.NewImage["pk"].String()
		switch pk {
		case "bad":
			return nil, errors.New("no")
		case "invalid":
			return []event.Event{{}}, nil
		}
		return []event.Event{made("derived from " + pk)}, nil
	}
	b := &bus{}
	failed := handle(t, b, []events.DynamoDBEventRecord{
		record(t, "1", outbox(t, "a")),
		record(t, "2", `{"pk": {"S": "q"}}`),
		record(t, "3", `{"pk": {"S": "invalid"}}`),
		record(t, "4", `{"pk": {"S": "bad"}}`),
		record(t, "5", `{"pk": {"S": "r"}}`),
	}, keys)
	if want := []string{"a", "derived from p", "derived from q", "derived from r"}; !slices.Equal(b.accepted, want) {
		t.Errorf("published %v, want %v", b.accepted, want)
	}
	if !slices.Equal(failed, []string{"3"}) {
		t.Errorf("reported %v", failed)
	}
}

func TestAnUnreadableRecordIsLoggedWithItsPlace(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	relay := streams.NewRelay(&bus{}, slog.New(slog.NewTextHandler(&log, nil)))
	if _, err := relay.Handle(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record(t, "4711", `{"outbox": {"S": "x"}}`)}}); err != nil {
		t.Fatal(err)
	}
	if s := log.String(); strings.Count(s, "\n") != 1 || !strings.Contains(s, "record=4711") {
		t.Errorf("logged %q", s)
	}
}

func FuzzHandle(f *testing.F) {
	f.Add([]byte(`{"Records": [{"dynamodb": {"SequenceNumber": "1", "NewImage": {"outbox": {"B": "AA=="}}}}]}`))
	raw, err := os.ReadFile("testdata/record.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e events.DynamoDBEvent
		if json.Unmarshal(raw, &e) != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		response, err := streams.NewRelay(&bus{}, slog.New(slog.DiscardHandler)).Handle(ctx, e)
		if err != nil || response.BatchItemFailures == nil || len(response.BatchItemFailures) > 1 {
			t.Errorf("%+v, %v", response, err)
		}
	})
}
