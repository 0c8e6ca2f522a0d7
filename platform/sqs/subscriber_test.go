package sqs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/sqs"
)

// polling subscribes to the broker's queue and returns what it emits.
func polling(t *testing.T, b *broker, log io.Writer, change ...func(*sqs.SubscriberConfig)) (*sqs.Subscriber, <-chan *message.Message) {
	t.Helper()
	c := sqs.SubscriberConfig{Client: b, Logger: slog.New(slog.NewTextHandler(log, nil))}
	for _, f := range change {
		f(&c)
	}
	s := sqs.NewSubscriber(c)
	out, err := s.Subscribe(t.Context(), "things")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, out
}

func fifo(c *sqs.SubscriberConfig) { c.Queue = "things.fifo" }

func TestAnAcknowledgedMessageIsDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		want, envelope := made(t, "s")
		b.put("1", delivered(envelope), "")
		var log bytes.Buffer
		s, out := polling(t, b, &log)
		m := <-out
		if m.UUID != want.ID.String() || m.Metadata[event.MetaSubject] != "s" {
			t.Errorf("received %s %v", m.UUID, m.Metadata)
		}
		if h := event.TraceHeader(m.Context()); !strings.HasPrefix(h, "Root=1-67891233") {
			t.Errorf("the trace header is %q", h)
		}
		m.Ack()
		<-m.Context().Done()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left := b.left(); len(left) != 0 {
			t.Errorf("%v is left", left)
		}
		if _, open := <-out; open {
			t.Error("the channel is open")
		}
		if log.Len() > 0 {
			t.Errorf("logged %s", &log)
		}
	})
}

func TestDeletionsGoTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		for i := range 30 {
			b.put(fmt.Sprint(i), "{}", "")
		}
		s, out := polling(t, b, t.Output())
		for range 30 {
			(<-out).Ack()
		}
		_ = s.Close()
		if left := b.left(); len(left) != 0 {
			t.Errorf("%v is left", left)
		}
		if len(b.deletions) > 6 || slices.Max(b.deletions) > 10 {
			t.Errorf("requests delete %v", b.deletions)
		}
	})
}

func TestAMessageStaysItsOwnWhileItsHandlerRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		for i := range 12 {
			b.put(fmt.Sprint(i), "{}", "")
		}
		var log bytes.Buffer
		s, out := polling(t, b, &log)
		var handled []*message.Message
		for range 12 {
			handled = append(handled, <-out)
		}
		for range 10 {
			time.Sleep(time.Minute)
			if v := b.visible(); len(v) > 0 {
				t.Fatalf("%v can be received by others", v)
			}
		}
		for _, m := range handled {
			m.Ack()
		}
		synctest.Wait()
		extensions := b.extensions
		time.Sleep(time.Hour)
		if b.extensions != extensions {
			t.Error("visibility is extended after the answer")
		}
		_ = s.Close()
		if left := b.left(); len(left) > 0 || log.Len() > 0 {
			t.Errorf("%v is left, logged %s", left, &log)
		}
	})
}

func TestAMessageOfADeadProcessGoesToAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		b.put("1", "{}", "")
		got := b.take(&sdk.ReceiveMessageInput{MaxNumberOfMessages: 1, VisibilityTimeout: 30})
		if len(got) != 1 {
			t.Fatal("the other process got nothing")
		}
		_, out := polling(t, b, t.Output())
		begun := time.Now()
		(<-out).Ack()
		if waited := time.Since(begun); waited < 29*time.Second || waited > 31*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestARefusedMessageRests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		b.put("1", "{}", "")
		m := b.waiting[0]
		_, out := polling(t, b, t.Output(), func(c *sqs.SubscriberConfig) {
			c.RetryDelay = func(n int) time.Duration { return time.Duration(n*n) * 10 * time.Second }
		})
		for range 3 {
			(<-out).Nack()
		}
		(<-out).Ack()
		for i, want := range []time.Duration{10, 40, 90} {
			if rest := m.received[i+1].Sub(m.received[i]); rest.Round(time.Second) != want*time.Second {
				t.Errorf("rested %v, want %v s", rest, want)
			}
		}
	})
}

func TestTheDefaultRestGrowsToMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		b.put("1", "{}", "")
		m := b.waiting[0]
		_, out := polling(t, b, t.Output())
		for range 12 {
			(<-out).Nack()
		}
		(<-out).Ack()
		for i := range 12 {
			most := min(time.Second<<i, 5*time.Minute)
			if rest := m.received[i+1].Sub(m.received[i]); rest < most/2-time.Second || rest > most+time.Second {
				t.Errorf("rested %v after failure %d, want %v at most", rest, i+1, most)
			}
		}
	})
}

func TestAPolledMessageGoesToTheDeadLetters(t *testing.T) {
	t.Parallel()
	policy := `{"deadLetterTargetArn":"` + account + `things-dlq","maxReceiveCount":3}`
	tests := []struct {
		name      string
		permanent bool
		receives  string
	}{
		{"at once when no retry cures it", true, "1"},
		{"after its last receive", false, "3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &broker{double: double{policy: policy}}
				b.put("1", "poison", "")
				s, out := polling(t, b, t.Output())
				go func() {
					for m := range out {
						m.Metadata.Set(consumer.MetaReason, "no seats")
						if tt.permanent {
							m.Metadata.Set(consumer.MetaPermanent, "true")
						}
						m.Nack()
					}
				}()
				time.Sleep(time.Hour)
				_ = s.Close()
				if len(b.sent) != 1 || len(b.left()) != 0 {
					t.Fatalf("sent %+v, left %v", b.sent, b.left())
				}
				if got := b.sent[0]; got.queue != "https://sqs/things-dlq" || got.body != "poison" || got.reason != "no seats" || got.receives != tt.receives {
					t.Errorf("sent %+v", got)
				}
			})
		})
	}
}

func TestADeadLetterThatIsNotTakenIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{double: double{failSend: errors.New("AccessDenied"), policy: `{"deadLetterTargetArn":"` + account + `things-dlq","maxReceiveCount":1}`}}
		b.put("1", "poison", "")
		var log bytes.Buffer
		_, out := polling(t, b, &log)
		(<-out).Nack()
		(<-out).Ack()
		if !strings.Contains(log.String(), "AccessDenied") {
			t.Errorf("logged %s", &log)
		}
	})
}

func TestAMessageGroupIsPolledInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		for i := range 4 {
			b.put(fmt.Sprintf("a-%d", i), "{}", "a")
			b.put(fmt.Sprintf("b-%d", i), "{}", "b")
		}
		_, out := polling(t, b, t.Output(), fifo)
		got := map[string][]string{}
		refused := false
		for range 9 {
			m := <-out
			group := m.UUID[:1]
			got[group] = append(got[group], m.UUID)
			if m.UUID == "a-1" && !refused {
				refused = true
				m.Nack()
				continue
			}
			m.Ack()
		}
		want := map[string][]string{"a": {"a-0", "a-1", "a-1", "a-2", "a-3"}, "b": {"b-0", "b-1", "b-2", "b-3"}}
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestOnlySoManyMessagesAreInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		for i := range 40 {
			b.put(fmt.Sprint(i), "{}", "")
		}
		_, out := polling(t, b, t.Output(), func(c *sqs.SubscriberConfig) { c.MaxInFlight = 13 })
		var handled []*message.Message
		for range 13 {
			handled = append(handled, <-out)
		}
		time.Sleep(time.Minute)
		if v := b.visible(); len(v) != 27 {
			t.Errorf("%d messages are left to others", len(v))
		}
		for _, m := range handled {
			m.Ack()
		}
		for range 27 {
			(<-out).Ack()
		}
	})
}

func TestClosingLetsMessagesBeAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		for i := range 3 {
			b.put(fmt.Sprint(i), "{}", "")
		}
		var log bytes.Buffer
		s, out := polling(t, b, &log)
		m := <-out // the others are not taken
		synctest.Wait()
		closed := make(chan struct{})
		begun := time.Now()
		go func() { _ = s.Close(); close(closed) }()
		time.Sleep(time.Second)
		if m.Context().Err() != nil {
			t.Error("the message was cancelled")
		}
		if v := b.visible(); len(v) != 2 {
			t.Errorf("%v is left to others", v)
		}
		m.Ack()
		<-closed
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("closing took %v", took)
		}
		if left := b.left(); len(left) != 2 || log.Len() > 0 {
			t.Errorf("%v is left, logged %s", left, &log)
		}
	})
}

func TestClosingDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		b.put("1", "{}", "")
		s, out := polling(t, b, t.Output())
		m := <-out
		begun := time.Now()
		_ = s.Close()
		if took := time.Since(begun); took != 6*time.Second {
			t.Errorf("closing took %v", took)
		}
		if m.Context().Err() == nil {
			t.Error("the message is not cancelled")
		}
		if v := b.visible(); len(v) != 1 {
			t.Error("the message is not given back")
		}
		_ = s.Close()
		if _, err := s.Subscribe(t.Context(), "things"); err == nil {
			t.Error("subscribed after closing")
		}
	})
}

// What SQS has answered when a subscriber closes would stay invisible.
func TestClosingDoesNotBreakOffARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		s, _ := polling(t, b, t.Output())
		time.Sleep(time.Second)
		closed := make(chan struct{})
		go func() { _ = s.Close(); close(closed) }()
		synctest.Wait()
		b.put("1", "{}", "")
		<-closed
		if b.receiving != 0 {
			t.Error("a request goes on")
		}
		if v := b.visible(); len(v) != 1 {
			t.Error("the message is not given back")
		}
	})
}

func TestReceivingGoesOnAfterAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{failReceive: []error{errors.New("use of closed network connection"), errors.New("ServiceUnavailable")}}
		b.put("1", "{}", "")
		var log bytes.Buffer
		s, out := polling(t, b, &log)
		(<-out).Ack()
		_ = s.Close()
		if n := strings.Count(log.String(), "level=WARN"); n != 2 {
			t.Errorf("logged %s", &log)
		}
	})
}

func TestAQueueThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	s := sqs.NewSubscriber(sqs.SubscriberConfig{Client: &broker{double: double{failURL: errors.New("QueueDoesNotExist")}}, Logger: slog.New(slog.DiscardHandler)})
	if _, err := s.Subscribe(t.Context(), "things"); err == nil || !strings.Contains(err.Error(), "things") {
		t.Errorf("got %v", err)
	}
}

// TestAProcessConsumesUntilItIsStopped runs a subscription as a container does.
func TestAProcessConsumesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	b := &broker{}
	for i := range 5 {
		_, envelope := made(t, fmt.Sprint(i))
		b.put(fmt.Sprint(i), delivered(envelope), "")
	}
	var h handled
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	ctx, cancel := context.WithCancel(t.Context())
	running, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- consumer.Run(ctx, []consumer.Subscription{{Name: "things", Handle: func(handling context.Context, e event.Event) error {
			running <- struct{}{}
			<-ctx.Done()
			h.add(e)
			return handling.Err()
		}}}, func(s consumer.Subscription) (message.Subscriber, error) {
			return sqs.NewSubscriber(sqs.SubscriberConfig{Client: b, Queue: prefix + s.Name, Logger: logger, Wait: time.Second}), nil
		}, logger)
	}()
	for range 5 {
		<-running
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := h.sorted(); len(got) != 5 || len(b.left()) != 0 || log.Len() > 0 {
		t.Errorf("handled %v, left %v, logged %s", got, b.left(), &log)
	}
}

// TestAResponseIsReadWhole gives the client a connection that ends in the middle
// of a body: that has to be the request's error, which the SDK tries again, and
// not one of reading what has come.
func TestAResponseIsReadWhole(t *testing.T) {
	t.Parallel()
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch _, target, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); target {
		case "GetQueueUrl":
			fmt.Fprint(w, `{"QueueUrl":"http://`+r.Host+`/123456789012/things"}`)
		case "ReceiveMessage":
			if requests++; requests == 1 {
				w.Header().Set("Content-Length", "1000")
				fmt.Fprint(w, `{"Messages":[`)
				return
			}
			fmt.Fprint(w, `{"Messages":[{"MessageId":"1","ReceiptHandle":"h","Body":"b","MD5OfBody":"92eb5ffee6ae2fec3ad71c777531578f"}]}`)
		default:
			fmt.Fprint(w, `{"Successful":[]}`)
		}
	}))
	defer server.Close()
	client := sdk.NewFromConfig(aws.Config{
		Region: "eu-central-1", BaseEndpoint: &server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	var log bytes.Buffer
	s := sqs.NewSubscriber(sqs.SubscriberConfig{Client: client, Logger: slog.New(slog.NewTextHandler(&log, nil)), MaxInFlight: 1})
	out, err := s.Subscribe(t.Context(), "things")
	if err != nil {
		t.Fatal(err)
	}
	m := <-out
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	if m.UUID != "1" || string(m.Payload) != "b" {
		t.Errorf("received %s %s", m.UUID, m.Payload)
	}
	m.Ack()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", &log)
	}
}
