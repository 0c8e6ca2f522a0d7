package consumer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
)

// queue is a subscriber fed by hand. Like a real one it closes its output
// and cancels its messages at once when it is closed.
type queue struct {
	out    chan *message.Message
	ctx    context.Context
	cancel context.CancelFunc
	once   sync.Once
	topic  chan string
}

func newQueue() *queue {
	q := &queue{out: make(chan *message.Message), topic: make(chan string, 1)}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	return q
}

func (q *queue) Subscribe(_ context.Context, topic string) (<-chan *message.Message, error) {
	q.topic <- topic
	return q.out, nil
}

func (q *queue) Close() error {
	q.once.Do(func() {
		q.cancel()
		close(q.out)
	})
	return nil
}

// send delivers a message and returns it.
func (q *queue) send(payload []byte) *message.Message {
	m := message.NewMessage("broker-id", payload)
	m.SetContext(q.ctx)
	q.out <- m
	return m
}

func encoded(t *testing.T) (event.Event, []byte) {
	t.Helper()
	ctx := event.WithTrace(context.Background(), event.Trace{CorrelationID: "corr", CausationID: "cause", TraceParent: "trace"})
	e := event.New(ctx, "/x", "t", "s", "", time.Now(), json.RawMessage(`{"a":1}`))
	raw, err := e.MarshalCloudEvent()
	if err != nil {
		t.Fatal(err)
	}
	return e, raw
}

// start runs one subscription and returns its queue and what stops it.
func start(t *testing.T, s consumer.Subscription, log *bytes.Buffer) (q *queue, stop func() error) {
	t.Helper()
	q = newQueue()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	logger := slog.New(slog.DiscardHandler)
	if log != nil {
		logger = slog.New(slog.NewTextHandler(log, nil))
	}
	go func() {
		done <- consumer.Run(ctx, []consumer.Subscription{s}, func(consumer.Subscription) (message.Subscriber, error) { return q, nil }, logger)
	}()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	if got := <-q.topic; got != event.Topic {
		t.Fatalf("subscribed to %q", got)
	}
	return q, stop
}

func answer(t *testing.T, m *message.Message) (acked bool) {
	t.Helper()
	select {
	case <-m.Acked():
		return true
	case <-m.Nacked():
		return false
	case <-time.After(10 * time.Second):
		t.Fatal("no answer")
		return false
	}
}

func TestAHandledEventIsAcknowledged(t *testing.T) {
	t.Parallel()
	want, raw := encoded(t)
	var got event.Event
	var trace event.Trace
	q, _ := start(t, consumer.Subscription{Name: "c", Handle: func(ctx context.Context, e event.Event) error {
		got, trace = e, event.TraceFrom(ctx)
		if _, ok := ctx.Deadline(); !ok {
			return errors.New("no deadline")
		}
		return nil
	}}, nil)
	if m := q.send(raw); !answer(t, m) {
		t.Fatalf("refused: %v", m.Metadata)
	}
	if got.ID != want.ID || string(got.Data) != string(want.Data) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if want := (event.Trace{CorrelationID: "corr", CausationID: want.ID.String(), TraceParent: "trace"}); trace != want {
		t.Errorf("trace is %+v, want %+v", trace, want)
	}
}

func TestARefusedEventCarriesItsReason(t *testing.T) {
	t.Parallel()
	_, good := encoded(t)
	tests := []struct {
		name      string
		payload   []byte
		handle    func(context.Context, event.Event) error
		reason    string
		permanent bool
	}{
		{"an error", good, func(context.Context, event.Event) error { return errors.New("no seats") }, "no seats", false},
		{"a permanent error", good, func(context.Context, event.Event) error {
			return fmt.Errorf("order: %w", consumer.Permanent(errors.New("unknown type")))
		}, "order: unknown type", true},
		{"a panic", good, func(context.Context, event.Event) error { panic("boom") }, "panic: boom", false},
		{"an envelope that is none", []byte(`{`), nil, "invalid event", true},
		{"an empty id", bytes.Replace(good, []byte(`"id":"`), []byte(`"id":"","was":"`), 1), nil, "invalid event", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			handle := tt.handle
			if handle == nil {
				handle = func(context.Context, event.Event) error { t.Error("the handler was called"); return nil }
			}
			var log bytes.Buffer
			q, stop := start(t, consumer.Subscription{Name: "c", Handle: handle}, &log)
			m := q.send(tt.payload)
			if answer(t, m) {
				t.Fatal("it was acknowledged")
			}
			if got := m.Metadata.Get(consumer.MetaReason); !strings.HasPrefix(got, tt.reason) {
				t.Errorf("reason %q, want %q", got, tt.reason)
			}
			if got := m.Metadata.Get(consumer.MetaPermanent) == "true"; got != tt.permanent {
				t.Errorf("permanent is %v", got)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
			if n := strings.Count(log.String(), "level="); n != 1 {
				t.Errorf("logged %d times:\n%s", n, log.String())
			}
		})
	}
}

func TestAFailureDoesNotStopTheNextEvent(t *testing.T) {
	t.Parallel()
	_, raw := encoded(t)
	calls := 0
	q, _ := start(t, consumer.Subscription{Name: "c", Handle: func(context.Context, event.Event) error {
		if calls++; calls == 1 {
			panic("boom")
		}
		return nil
	}}, nil)
	if answer(t, q.send(raw)) || !answer(t, q.send(raw)) {
		t.Error("want the first refused and the second acknowledged")
	}
}

func TestEveryAttemptHasATimeoutOfItsOwn(t *testing.T) {
	t.Parallel()
	_, raw := encoded(t)
	attempts := 0
	q, _ := start(t, consumer.Subscription{Name: "c", Timeout: 20 * time.Millisecond, Handle: func(ctx context.Context, _ event.Event) error {
		if attempts++; attempts == 1 {
			<-ctx.Done()
		}
		return ctx.Err()
	}}, nil)
	if m := q.send(raw); answer(t, m) || m.Metadata.Get(consumer.MetaReason) != context.DeadlineExceeded.Error() {
		t.Errorf("first attempt: %v", m.Metadata)
	}
	if m := q.send(raw); !answer(t, m) {
		t.Errorf("second attempt: %v", m.Metadata)
	}
}

func TestStoppingLetsARunningHandlerFinish(t *testing.T) {
	t.Parallel()
	_, raw := encoded(t)
	running, finish := make(chan struct{}), make(chan struct{})
	q, stop := start(t, consumer.Subscription{Name: "c", Handle: func(ctx context.Context, _ event.Event) error {
		close(running)
		<-finish
		return ctx.Err() // closing the router must not have cancelled it
	}}, nil)
	m := q.send(raw)
	<-running
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	<-q.ctx.Done() // the subscriber has been closed
	select {
	case err := <-stopped:
		t.Fatalf("Run returned %v before the handler", err)
	default:
	}
	close(finish)
	if !answer(t, m) {
		t.Errorf("refused: %v", m.Metadata)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// late is a log that takes its time when the router begins to close, and knows
// when the router has begun.
type late struct {
	slog.Handler
	closing atomic.Bool
}

func (l *late) Handle(ctx context.Context, r slog.Record) error {
	switch r.Message {
	case "Running Close()":
		time.Sleep(time.Second)
	case "Closing router":
		l.closing.Store(true)
	}
	return l.Handler.Handle(ctx, r)
}

func (l *late) WithAttrs([]slog.Attr) slog.Handler { return l }

// guarded is a queue that must not be closed before the router: its end would be
// logged as a failure.
type guarded struct {
	*queue
	t   *testing.T
	log *late
}

func (g guarded) Close() error {
	if !g.log.closing.Load() {
		g.t.Error("the subscriber was closed before the router")
		return nil
	}
	return g.queue.Close()
}

func TestStoppingLogsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var buffer bytes.Buffer
		log := &late{Handler: slog.NewTextHandler(&buffer, &slog.HandlerOptions{Level: slog.LevelDebug})}
		q := guarded{newQueue(), t, log}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- consumer.Run(ctx, []consumer.Subscription{{Name: "c", Handle: func(context.Context, event.Event) error { return nil }}},
				func(consumer.Subscription) (message.Subscriber, error) { return q, nil }, slog.New(log))
		}()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if s := buffer.String(); strings.Contains(s, "level=ERROR") || strings.Contains(s, "level=WARN") {
			t.Errorf("logged:\n%s", s)
		}
	})
}

func TestRunReturnsWhenSubscribersCloseByThemselves(t *testing.T) {
	t.Parallel()
	q := newQueue()
	done := make(chan error, 1)
	go func() {
		done <- consumer.Run(context.Background(), []consumer.Subscription{{Name: "c", Handle: func(context.Context, event.Event) error { return nil }}},
			func(consumer.Subscription) (message.Subscriber, error) { return q, nil }, slog.New(slog.DiscardHandler))
	}()
	<-q.topic
	q.Close()
	if err := <-done; err == nil {
		t.Error("want an error")
	}
}

func TestRunRefusesWrongSubscriptions(t *testing.T) {
	t.Parallel()
	ok := consumer.Subscription{Name: "c", Handle: func(context.Context, event.Event) error { return nil }}
	fine := func(consumer.Subscription) (message.Subscriber, error) { return newQueue(), nil }
	down := errors.New("down")
	tests := []struct {
		name string
		give []consumer.Subscription
		make func(consumer.Subscription) (message.Subscriber, error)
	}{
		{"a name twice", []consumer.Subscription{ok, ok}, fine},
		{"no name", []consumer.Subscription{{Handle: ok.Handle}}, fine},
		{"no handler", []consumer.Subscription{{Name: "c"}}, fine},
		{"no subscriber", []consumer.Subscription{ok}, func(consumer.Subscription) (message.Subscriber, error) { return nil, down }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := consumer.Run(t.Context(), tt.give, tt.make, slog.New(slog.DiscardHandler)); err == nil {
				t.Error("want an error")
			}
		})
	}
}

func TestRunWithoutSubscriptionsWaitsForTheEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := consumer.Run(ctx, nil, nil, slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
}

func TestPermanent(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	for _, tt := range []struct {
		name string
		give error
		want bool
	}{
		{"nil", consumer.Permanent(nil), false},
		{"plain", cause, false},
		{"marked", consumer.Permanent(cause), true},
		{"wrapped", fmt.Errorf("x: %w", consumer.Permanent(cause)), true},
		{"joined", errors.Join(cause, consumer.Permanent(cause)), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := consumer.IsPermanent(tt.give); got != tt.want {
				t.Errorf("got %v", got)
			}
			if tt.give != nil && !errors.Is(tt.give, cause) {
				t.Error("the cause is lost")
			}
		})
	}
}
