package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/outbox"
)

// memory is a source in memory.
type memory struct {
	mu      sync.Mutex
	records []outbox.Record
	seq     int64
	wake    chan struct{}
	fail    []error // the next calls' errors
}

func newMemory() *memory { return &memory{wake: make(chan struct{}, 1)} }

func (m *memory) add(t *testing.T, n int) (ids []string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for range n {
		e := event.New(t.Context(), "/x", "t", "s", "", time.Now(), json.RawMessage(`{}`))
		raw, err := e.MarshalCloudEvent()
		if err != nil {
			t.Fatal(err)
		}
		m.seq++
		m.records = append(m.records, outbox.Record{Seq: m.seq, Event: e, Encoded: raw})
		ids = append(ids, e.ID.String())
	}
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return ids
}

func (m *memory) err() error {
	if len(m.fail) == 0 {
		return nil
	}
	err := m.fail[0]
	m.fail = m.fail[1:]
	return err
}

func (m *memory) Pending(ctx context.Context, limit int) ([]outbox.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := errors.Join(ctx.Err(), m.err()); err != nil {
		return nil, err
	}
	return slices.Clone(m.records[:min(limit, len(m.records))]), nil
}

func (m *memory) Done(ctx context.Context, records []outbox.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := errors.Join(ctx.Err(), m.err()); err != nil {
		return err
	}
	m.records = slices.DeleteFunc(m.records, func(r outbox.Record) bool {
		return slices.ContainsFunc(records, func(d outbox.Record) bool { return d.Seq == r.Seq })
	})
	return nil
}

func (m *memory) Wake() <-chan struct{} { return m.wake }

func (m *memory) left() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.records)
}

// bus is a publisher that remembers.
type bus struct {
	mu    sync.Mutex
	calls [][]string
	fail  []error
	hook  func()
}

func (b *bus) Publish(topic string, messages ...*message.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hook != nil {
		b.hook()
	}
	if topic != event.Topic {
		return errors.New("wrong topic " + topic)
	}
	if len(b.fail) > 0 {
		err := b.fail[0]
		b.fail = b.fail[1:]
		return err
	}
	var ids []string
	for _, m := range messages {
		if e, err := event.FromMessage(m); err != nil || e.ID.String() != m.UUID {
			return errors.Join(err, errors.New("the message is not its event"))
		}
		ids = append(ids, m.UUID)
	}
	b.calls = append(b.calls, ids)
	return nil
}

func (b *bus) Close() error { return nil }

func (b *bus) published() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Concat(b.calls...)
}

// run runs a relay and returns what stops it.
func run(t *testing.T, s outbox.Source, b message.Publisher, logger *slog.Logger) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- outbox.NewRelay(s, b, logger).Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

var quiet = slog.New(slog.DiscardHandler)

func until(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("the condition did not come true")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestRelayPublishesInOrderAndInBatches(t *testing.T) {
	t.Parallel()
	s, b := newMemory(), &bus{}
	want := s.add(t, 600)
	run(t, s, b, quiet)
	until(t, func() bool { return s.left() == 0 })
	if got := b.published(); !slices.Equal(got, want) {
		t.Errorf("published %d events, want the %d in order", len(got), len(want))
	}
	var sizes []int
	for _, c := range b.calls {
		sizes = append(sizes, len(c))
	}
	if want := []int{256, 256, 88}; !slices.Equal(sizes, want) {
		t.Errorf("batches of %v, want %v", sizes, want)
	}
}

func TestRelayPublishesWhatIsCommittedWhileItWaits(t *testing.T) {
	t.Parallel()
	s, b := newMemory(), &bus{}
	run(t, s, b, quiet)
	var want []string
	for range 3 {
		want = append(want, s.add(t, 2)...)
		until(t, func() bool { return s.left() == 0 })
	}
	if got := b.published(); !slices.Equal(got, want) {
		t.Errorf("published %v, want %v", got, want)
	}
}

func TestRelayRetriesUntilEverythingIsDone(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	tests := []struct {
		name   string
		source []error
		bus    []error
		want   int // how often the events are published
	}{
		{"the bus is down", nil, []error{down, down, down}, 1},
		{"the store cannot be read", []error{down, down}, nil, 1},
		{"the store cannot mark them done", []error{nil, down}, nil, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, b := newMemory(), &bus{fail: tt.bus}
			s.fail = tt.source
			ids := s.add(t, 3)
			log := &strings.Builder{}
			stop := run(t, s, b, slog.New(slog.NewTextHandler(log, nil)))
			until(t, func() bool { return s.left() == 0 })
			stop()
			var want []string
			for range tt.want {
				want = append(want, ids...)
			}
			if got := b.published(); !slices.Equal(got, want) {
				t.Errorf("published %v, want %v", got, want)
			}
			// A long outage is two lines, not a line per attempt.
			if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "down") {
				t.Errorf("logged %d lines:\n%s", n, log)
			}
		})
	}
}

func TestRelayFinishesAndDrainsWhenItIsStopped(t *testing.T) {
	t.Parallel()
	s, b := newMemory(), &bus{}
	ctx, cancel := context.WithCancel(context.Background())
	b.hook = cancel // in the middle of the first batch
	s.add(t, 600)
	if err := outbox.NewRelay(s, b, quiet).Run(ctx); err != nil {
		t.Fatal(err)
	}
	if left, got := s.left(), len(b.published()); left != 0 || got != 600 {
		t.Errorf("%d events were published and %d are left", got, left)
	}
}

func TestRelayStopsWhileTheBusIsDown(t *testing.T) {
	t.Parallel()
	s, b := newMemory(), &bus{fail: slices.Repeat([]error{errors.New("down")}, 1000)}
	s.add(t, 1)
	ctx, cancel := context.WithCancel(context.Background())
	b.hook = cancel
	if err := outbox.NewRelay(s, b, quiet).Run(ctx); err != nil {
		t.Fatal(err)
	}
	if s.left() != 1 {
		t.Error("the event is gone")
	}
}

func TestAPassPublishesAllThatIsPending(t *testing.T) {
	t.Parallel()
	s, b := newMemory(), &bus{}
	s.add(t, 600)
	n, err := outbox.NewRelay(s, b, quiet).Pass(t.Context())
	if n != 600 || err != nil || s.left() != 0 || len(b.calls) != 3 {
		t.Errorf("published %d in %d calls, %v, and %d are left; want 600 in 3", n, len(b.calls), err, s.left())
	}
}

func TestAPassEndsWithTheFirstFailure(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	s, b := newMemory(), &bus{fail: []error{down}}
	s.add(t, 1)
	if n, err := outbox.NewRelay(s, b, quiet).Pass(t.Context()); n != 0 || !errors.Is(err, down) {
		t.Errorf("published %d, %v, want none and %v", n, err, down)
	}
	if s.left() != 1 {
		t.Error("the event is gone")
	}
}

// shared is a Locker whose records can be had under its lock alone.
type shared struct {
	inner *memory
	locks int
}

var errUnlocked = errors.New("not locked")

func (*shared) Pending(context.Context, int) ([]outbox.Record, error) { return nil, errUnlocked }
func (*shared) Done(context.Context, []outbox.Record) error           { return errUnlocked }
func (s *shared) Wake() <-chan struct{}                               { return s.inner.Wake() }

func (s *shared) Locked(_ context.Context, fn func(outbox.Source) error) error {
	s.locks++
	return fn(s.inner)
}

func TestASharedSourceIsLockedForEachBatch(t *testing.T) {
	t.Parallel()
	s := &shared{inner: newMemory()}
	s.inner.add(t, 300)
	n, err := outbox.NewRelay(s, &bus{}, quiet).Pass(t.Context())
	if n != 300 || err != nil || s.locks != 2 {
		t.Errorf("published %d under %d locks, %v, want 300 under 2", n, s.locks, err)
	}
}
