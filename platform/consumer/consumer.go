// Package consumer runs a process's subscriptions: it turns messages of the
// bus into events, calls the handlers and answers for them. Retries, delays
// and dead letters are the queue's business, exactly-once effects the
// handler's: both stay out of here.
package consumer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/tracing"
)

// Metadata keys by which Run tells the queue why it refused a message.
const (
	MetaReason    = "reason"    // the error's text
	MetaPermanent = "permanent" // "true": no retry will help
)

const (
	// DefaultTimeout is how long a handler may take for one event.
	DefaultTimeout = 30 * time.Second
	// DefaultDrain is how long running handlers get when Run is told to stop.
	DefaultDrain = 6 * time.Second
)

// maxReason keeps a wordy error from filling the dead-letter queue.
const maxReason = 1024

// Subscription is one consumer: a durable queue and what is done with its
// events.
type Subscription struct {
	// Name names the queue, e.g. "notifications-orders". It must never change:
	// what waits in the queue is found by it.
	Name string
	// Types lists the event types the queue receives; none means all.
	Types []string
	// Handle is called at least once for every event, in any order and
	// concurrently. An error makes the queue deliver the event again, unless
	// it is Permanent. The context carries what the subscriber put on the
	// message's, the event's trace and a deadline.
	Handle func(ctx context.Context, e event.Event) error

	// Timeout bounds one call of Handle; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Run consumes until ctx ends or a subscriber closes by itself. It makes one
// subscriber per subscription with newSubscriber and closes it. When ctx ends
// no new message is taken; handlers that run have DefaultDrain to finish and
// be acknowledged, after which Run returns nil, or an error when some are
// still running.
func Run(ctx context.Context, subs []Subscription, newSubscriber func(Subscription) (message.Subscriber, error), logger *slog.Logger) error {
	if len(subs) == 0 {
		<-ctx.Done()
		return nil
	}
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: DefaultDrain}, routerLogger{logger})
	if err != nil {
		return fmt.Errorf("make router: %w", err)
	}
	names := make(map[string]bool, len(subs))
	var subscribers []message.Subscriber
	closeAll := func() error {
		var errs []error
		for _, s := range subscribers {
			errs = append(errs, s.Close())
		}
		return errors.Join(errs...)
	}
	for _, sub := range subs {
		if sub.Name == "" || sub.Handle == nil || names[sub.Name] {
			return errors.Join(fmt.Errorf("subscription %q: its name is missing or taken, or it has no handler", sub.Name), closeAll())
		}
		names[sub.Name] = true
		s, err := newSubscriber(sub)
		if err != nil {
			return errors.Join(fmt.Errorf("subscriber %s: %w", sub.Name, err), closeAll())
		}
		subscribers = append(subscribers, s)
		router.AddConsumerHandler(sub.Name, event.Topic, following{s}, newHandler(sub, logger))
	}

	// The router gets a context that never ends: cancelling it would close the
	// subscribers without waiting. Close stops the intake first and waits.
	stopped := make(chan error, 1)
	go func() { stopped <- router.Run(context.WithoutCancel(ctx)) }()
	select {
	case err := <-stopped:
		if err == nil {
			err = errors.New("the subscribers closed by themselves")
		}
		return errors.Join(err, closeAll())
	case <-ctx.Done():
	}
	select {
	case <-router.Running():
	case err := <-stopped:
		return errors.Join(err, closeAll())
	}
	closeErr := router.Close()
	if closeErr == nil {
		<-stopped
	}
	return errors.Join(closeErr, closeAll())
}

// following closes its subscriber when the context of a subscription ends, which
// the router ends when it is closing. By itself the router may take that for the
// subscriber's own business, and then it would wait for nothing; and a subscriber
// that anybody closed before would look as if it had failed.
type following struct{ message.Subscriber }

func (f following) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	// An error of closing is told by the second time, when Run waits for it.
	context.AfterFunc(ctx, func() { _ = f.Close() })
	return f.Subscriber.Subscribe(ctx, topic)
}

// newHandler returns what the router calls for each message. It answers every
// failure itself, with a reason in the metadata, and then returns nil: the
// router would log the error a second time, and its Ack after a Nack does
// nothing.
func newHandler(sub Subscription, logger *slog.Logger) message.NoPublishHandlerFunc {
	timeout := sub.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	logger = logger.With("consumer", sub.Name)
	return func(m *message.Message) error {
		e, err := event.FromMessage(m)
		if err != nil {
			refuse(m, Permanent(err))
			logger.Error("event is unreadable", "message", m.UUID, "error", err)
			return nil
		}
		ctx, cancel := handlerContext(m, timeout)
		defer cancel()
		ctx, segment := tracing.Follow(ctx, sub.Name, e.TraceParent, event.TraceHeader(ctx))
		trace := e.Follow()
		if link, ok := tracing.From(ctx); ok {
			trace.TraceParent = link.TraceParent()
		}
		ctx = event.WithTrace(ctx, trace)
		err = call(ctx, sub.Handle, e)
		segment.End(err != nil)
		if err != nil {
			refuse(m, err)
			level := slog.LevelWarn
			if IsPermanent(err) {
				level = slog.LevelError
			}
			logger.Log(ctx, level, "event was not handled",
				"event", e.ID, "type", e.Type, "correlation", e.CorrelationID,
				"permanent", IsPermanent(err), "error", err)
		}
		return nil
	}
}

// handlerContext keeps the values and the deadline of m's context and lets go
// of its cancellation: closing the router cancels it while handlers run.
func handlerContext(m *message.Message, timeout time.Duration) (context.Context, context.CancelFunc) {
	end := time.Now().Add(timeout)
	if given, ok := m.Context().Deadline(); ok && given.Before(end) {
		end = given
	}
	return context.WithDeadline(context.WithoutCancel(m.Context()), end)
}

// call turns a panic into an error, so that one event cannot stop the process.
func call(ctx context.Context, handle func(context.Context, event.Event) error, e event.Event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return handle(ctx, e)
}

func refuse(m *message.Message, err error) {
	reason := err.Error()
	if len(reason) > maxReason {
		reason = reason[:maxReason]
	}
	m.Metadata.Set(MetaReason, reason)
	if IsPermanent(err) {
		m.Metadata.Set(MetaPermanent, "true")
	}
	m.Nack()
}

// routerLogger passes the router's errors on and its chatter as debug records.
// Trace is dropped: it is called several times per message.
type routerLogger struct{ l *slog.Logger }

func (r routerLogger) Error(msg string, err error, f watermill.LogFields) {
	r.l.Error(msg, append(attrs(f), "error", err)...)
}
func (r routerLogger) Info(msg string, f watermill.LogFields) { r.Debug(msg, f) }
func (r routerLogger) Trace(string, watermill.LogFields)      {}
func (r routerLogger) Debug(msg string, f watermill.LogFields) {
	if r.l.Enabled(context.Background(), slog.LevelDebug) {
		r.l.Debug(msg, attrs(f)...)
	}
}

func (r routerLogger) With(f watermill.LogFields) watermill.LoggerAdapter {
	return routerLogger{r.l.With(attrs(f)...)}
}

func attrs(f watermill.LogFields) []any {
	out := make([]any, 0, 2*len(f)+2)
	for k, v := range f {
		out = append(out, k, v)
	}
	return out
}
