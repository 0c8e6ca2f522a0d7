package sqlitebus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlitebus"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const patience = 10 * time.Second

// fixture is a bus on a manual clock.
type fixture struct {
	*sqlitebus.Bus
	t     *testing.T
	path  string
	clock *clock.Manual
}

func newBus(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "bus.db"), clock: clock.NewManual(noon)}
	f.Bus = f.open(true)
	return f
}

// open opens another handle on the same file.
func (f *fixture) open(owner bool) *sqlitebus.Bus {
	f.t.Helper()
	b, err := sqlitebus.Open(context.Background(), f.path, sqlitebus.Options{
		Clock: f.clock, Owner: owner, PollInterval: 5 * time.Millisecond,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := b.Close(); err != nil {
			f.t.Error(err)
		}
	})
	return b
}

// newMessage is a message of a type, at the clock's time.
func (f *fixture) newMessage(eventType string) *message.Message {
	f.t.Helper()
	e := event.New(context.Background(), "/x", eventType, "subject", "", f.clock.Now(), json.RawMessage(`{"a":"ü"}`))
	raw, err := e.MarshalCloudEvent()
	if err != nil {
		f.t.Fatal(err)
	}
	return event.ToMessage(e, raw)
}

func publish(t *testing.T, b *sqlitebus.Bus, messages ...*message.Message) {
	t.Helper()
	if err := b.Publisher().Publish(event.Topic, messages...); err != nil {
		t.Fatal(err)
	}
}

// send publishes one message of each type and returns their ids.
func (f *fixture) send(types ...string) (ids []string) {
	f.t.Helper()
	var messages []*message.Message
	for _, typ := range types {
		m := f.newMessage(typ)
		messages, ids = append(messages, m), append(ids, m.UUID)
	}
	publish(f.t, f.Bus, messages...)
	return ids
}

func config(queue string, types ...string) sqlitebus.SubscriberConfig {
	return sqlitebus.SubscriberConfig{
		Queue: queue, Types: types, MaxReceives: 3, DrainTimeout: 50 * time.Millisecond,
		RetryDelay: func(n int) time.Duration { return time.Duration(n) * time.Minute },
	}
}

func (f *fixture) register(c sqlitebus.SubscriberConfig) {
	f.t.Helper()
	if err := f.Subscriber(c).SubscribeInitialize(event.Topic); err != nil {
		f.t.Fatal(err)
	}
}

// subscribe returns the messages of a queue and what closes it.
func (f *fixture) subscribe(b *sqlitebus.Bus, c sqlitebus.SubscriberConfig) (<-chan *message.Message, func()) {
	f.t.Helper()
	s := b.Subscriber(c)
	out, err := s.Subscribe(context.Background(), event.Topic)
	if err != nil {
		f.t.Fatal(err)
	}
	return out, func() {
		f.t.Helper()
		if err := s.Close(); err != nil {
			f.t.Error(err)
		}
	}
}

func receive(t *testing.T, out <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case m, ok := <-out:
		if !ok {
			t.Fatal("the subscription is closed")
		}
		return m
	case <-time.After(patience):
		t.Fatal("no message")
	}
	return nil
}

// ids acknowledges n messages and returns their ids, sorted.
func ids(t *testing.T, out <-chan *message.Message, n int) []string {
	t.Helper()
	var got []string
	for range n {
		m := receive(t, out)
		m.Ack()
		got = append(got, m.UUID)
	}
	slices.Sort(got)
	return got
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// state is "depth/in flight/dead" of a queue.
func state(t *testing.T, b *sqlitebus.Bus, queue string) string {
	t.Helper()
	all, err := b.Queues(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range all {
		if q.Name == queue {
			return fmt.Sprintf("%d/%d/%d", q.Depth, q.InFlight, q.Dead)
		}
	}
	return "unknown"
}

func (f *fixture) reaches(queue, want string) {
	f.t.Helper()
	got := ""
	deadline := time.Now().Add(patience)
	for got = state(f.t, f.Bus, queue); got != want; got = state(f.t, f.Bus, queue) {
		if time.Now().After(deadline) {
			f.t.Fatalf("queue %s is at %s, want %s", queue, got, want)
		}
		time.Sleep(time.Millisecond)
	}
}

func nack(m *message.Message, reason string, permanent bool) {
	m.Metadata.Set(consumer.MetaReason, reason)
	if permanent {
		m.Metadata.Set(consumer.MetaPermanent, "true")
	}
	m.Nack()
}

func TestAMessageGoesToEveryQueueThatWantsIt(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("all"))
	f.register(config("orders", "order", "refund"))
	f.register(config("shows", "show"))
	sent := f.send("order", "show", "refund", "other")
	for queue, want := range map[string][]string{
		"all":    sent,
		"orders": {sent[0], sent[2]},
		"shows":  {sent[1]},
	} {
		f.reaches(queue, fmt.Sprintf("%d/0/0", len(want)))
		out, _ := f.subscribe(f.Bus, config(queue, map[string][]string{"orders": {"refund", "order"}, "shows": {"show"}}[queue]...))
		same(t, ids(t, out, len(want)), want)
		f.reaches(queue, "0/0/0")
	}
}

func TestAMessageArrivesAsItWasPublished(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("a"))
	want := f.newMessage("order")
	want.Metadata.Set("odd", "\"ü\x00\\\n")
	publish(t, f.Bus, want)
	plain := message.NewMessage("no uuid, "+strings.Repeat("x", 40), nil)
	sixteen := message.NewMessage("sixteen bytes xx", message.Payload("p"))
	publish(t, f.Bus, plain, sixteen)
	check := func(b *sqlitebus.Bus) {
		out, closeSub := f.subscribe(b, config("a"))
		got := map[string]*message.Message{}
		for range 3 {
			m := receive(t, out)
			got[m.UUID] = m
			defer m.Nack()
		}
		for _, w := range []*message.Message{want, plain, sixteen} {
			if g := got[w.UUID]; g == nil || !g.Equals(w) {
				t.Errorf("got %+v, want %+v", got, w)
			}
		}
		closeSub()
	}
	check(f.Bus)               // from memory
	f.clock.Advance(time.Hour) // past the rest after the refusal
	until(t, "the refusals are stored", func() bool { return state(t, f.Bus, "a") == "3/0/0" })
	check(f.open(false)) // from the file
}

func TestARepeatedMessageIsDropped(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("a"))
	a, b, c := f.newMessage("t"), f.newMessage("t"), f.newMessage("t")
	publish(t, f.Bus, a)
	publish(t, f.Bus, b, a.Copy(), b.Copy(), c)
	publish(t, f.open(false), c.Copy(), a.Copy())
	f.reaches("a", "3/0/0")
	out, _ := f.subscribe(f.Bus, config("a"))
	same(t, ids(t, out, 3), []string{a.UUID, b.UUID, c.UUID})
	publish(t, f.Bus, a.Copy()) // also when it has been handled
	f.reaches("a", "0/0/0")
}

func TestAQueueGetsWhatIsPublishedFromItsRegistrationOn(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.send("t")
	other := f.open(false) // has loaded the routes before the queue exists
	publish(t, other, f.newMessage("t"))
	f.register(config("late"))
	m := f.newMessage("t")
	publish(t, other, m)
	out, _ := f.subscribe(f.Bus, config("late"))
	same(t, ids(t, out, 1), []string{m.UUID})
	f.reaches("late", "0/0/0")
}

func TestChangedTypesCountForWhatIsPublishedAfterwards(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("a", "x"))
	first := f.send("x", "y")
	f.register(config("a", "y"))
	second := f.send("x", "y")
	out, _ := f.subscribe(f.Bus, config("a", "y"))
	same(t, ids(t, out, 2), []string{first[0], second[1]})
	f.reaches("a", "0/0/0")
}

func TestARefusedMessageComesAgainAfterItsRest(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	out, _ := f.subscribe(f.Bus, config("a"))
	sent := f.send("t")
	for n := 1; n <= 2; n++ {
		nack(receive(t, out), "down", false)
		f.reaches("a", "1/0/0")
		f.clock.Advance(time.Duration(n)*time.Minute - time.Millisecond)
		other := f.send("t") // what comes later passes it
		same(t, ids(t, out, 1), other)
		f.clock.Advance(time.Millisecond)
	}
	same(t, ids(t, out, 1), sent)
	f.reaches("a", "0/0/0")
}

func TestAMessageThatFailsTooOftenIsADeadLetter(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	out, _ := f.subscribe(f.Bus, config("a"))
	f.register(config("b"))
	sent := f.send("t")
	for n := range 3 {
		nack(receive(t, out), fmt.Sprintf("failure %d", n+1), false)
		if n < 2 {
			f.reaches("a", "1/0/0")
			f.clock.Advance(time.Hour)
		}
	}
	f.reaches("a", "0/0/1")
	f.reaches("b", "1/0/0")
	want := sqlitebus.DeadLetter{
		Queue: "a", Reason: "failure 3", Receives: 3, FirstAt: noon, DeadAt: noon.Add(2 * time.Hour),
		Message: sqlitebus.Message{Seq: 1, ID: sent[0], Topic: event.Topic, Type: "t", Subject: "subject", Time: noon},
	}
	list, err := f.DeadLetters(t.Context(), "a")
	if err != nil || len(list) != 1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	got := list[0]
	got.Metadata, got.Envelope = nil, nil
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("\n-want %+v\n+got  %+v", want, got)
	}
	whole, err := f.DeadLetter(t.Context(), "a", sent[0])
	if err != nil {
		t.Fatal(err)
	}
	if e, err := event.ParseCloudEvent(whole.Envelope); err != nil || e.ID.String() != sent[0] || whole.Metadata[event.MetaType] != "t" {
		t.Errorf("got %+v, %v", whole, err)
	}
}

func TestAPermanentFailureIsADeadLetterAtOnce(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	out, _ := f.subscribe(f.Bus, config("a"))
	f.send("t")
	nack(receive(t, out), "unreadable", true)
	f.reaches("a", "0/0/1")
	list, err := f.DeadLetters(t.Context(), "a")
	if err != nil || len(list) != 1 || list[0].Reason != "unreadable" || list[0].Receives != 1 {
		t.Errorf("got %+v, %v", list, err)
	}
}

func TestPoisonBlocksNothing(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	c := config("a")
	c.MaxInFlight = 4
	out, _ := f.subscribe(f.Bus, c)
	var poison, good []string
	for i := range 40 {
		if sent := f.send("t")[0]; i%2 == 0 {
			poison = append(poison, sent)
		} else {
			good = append(good, sent)
		}
	}
	var handled []string
	for len(handled) < len(good) {
		m := receive(t, out)
		if slices.Contains(poison, m.UUID) {
			m.Nack() // rests longer than this test
			continue
		}
		m.Ack()
		handled = append(handled, m.UUID)
	}
	same(t, handled, good)
	f.reaches("a", "20/0/0")
}

func TestNoMoreThanMaxInFlightAreEmitted(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	c := config("a")
	c.MaxInFlight = 3
	out, _ := f.subscribe(f.Bus, c)
	for range 10 {
		f.send("t")
	}
	var held []*message.Message
	for range 3 {
		held = append(held, receive(t, out))
	}
	f.reaches("a", "7/3/0")
	select {
	case m := <-out:
		t.Fatalf("a fourth was emitted: %s", m.UUID)
	case <-time.After(20 * time.Millisecond):
	}
	// One answer, while the others go on, makes room for one.
	held[1].Ack()
	held[1] = receive(t, out)
	f.reaches("a", "6/3/0")
	for _, m := range held {
		m.Ack()
	}
	ids(t, out, 6)
	f.reaches("a", "0/0/0")
}

func TestAMessageStaysInvisibleWhileItIsHandled(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	c := config("a")
	c.VisibilityTimeout = 40 * time.Millisecond // of the real time that ticks
	out, _ := f.subscribe(f.Bus, c)
	f.send("t")
	m := receive(t, out)
	second, _ := f.subscribe(f.open(false), c)
	for range 20 {
		f.clock.Advance(15 * time.Millisecond)
		select {
		case <-out:
			t.Fatal("it came again")
		case <-second:
			t.Fatal("it came to another")
		case <-time.After(15 * time.Millisecond):
		}
	}
	m.Ack()
	f.reaches("a", "0/0/0")
}

func TestAJumpOfTheClockDoesNotRepeatWhatIsHandledHere(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	out, _ := f.subscribe(f.Bus, config("a"))
	f.send("t")
	m := receive(t, out)
	f.clock.Advance(24 * time.Hour) // the laptop wakes up
	other := f.send("t")
	same(t, ids(t, out, 1), other)
	m.Ack()
	f.reaches("a", "0/0/0")
}

func TestAnotherProcessTakesOverWhatWasLeftInFlight(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("a"))
	sent := f.send("t", "t")
	f.crash("a", 2)
	out, _ := f.subscribe(f.Bus, config("a"))
	f.reaches("a", "0/2/0") // not before its visibility times out
	f.clock.Advance(31 * time.Second)
	same(t, ids(t, out, 2), sent)
	f.reaches("a", "0/0/0")
}

func TestAnAnswerAfterTheLeaseIsLostDoesNothing(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]func(*message.Message){
		"ack":            func(m *message.Message) { m.Ack() },
		"nack":           func(m *message.Message) { nack(m, "late", false) },
		"permanent":      func(m *message.Message) { nack(m, "late", true) },
		"no answer ever": func(*message.Message) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newBus(t)
			f.register(config("a"))
			f.send("t", "t")
			// A process that stands still does not see the clock move.
			stalled, err := sqlitebus.Open(t.Context(), f.path, sqlitebus.Options{Clock: clock.NewManual(noon), PollInterval: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			defer stalled.Close()
			theirs, closeTheirs := f.subscribe(stalled, config("a"))
			lost := []*message.Message{receive(t, theirs), receive(t, theirs)}
			f.clock.Advance(time.Minute)
			ours, _ := f.subscribe(f.Bus, config("a"))
			held := []*message.Message{receive(t, ours), receive(t, ours)}
			for _, m := range lost {
				late(m)
			}
			closeTheirs() // stores the answers
			f.reaches("a", "0/2/0")
			for _, m := range held {
				m.Ack()
			}
			f.reaches("a", "0/0/0")
		})
	}
}

// crash leaves n messages in flight, as a process that is killed does: its
// handle on the file never writes again.
func (f *fixture) crash(queue string, n int) {
	f.t.Helper()
	b, err := sqlitebus.Open(context.Background(), f.path, sqlitebus.Options{Clock: f.clock})
	if err != nil {
		f.t.Fatal(err)
	}
	out, _ := f.subscribe(b, config(queue))
	for range n {
		receive(f.t, out)
	}
	sqlitebus.Kill(b)
}

func TestTheOwnerRedeliversAtOnceWhatACrashLeft(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("a"))
	sent := f.send("t", "t", "t")
	f.crash("a", 3)
	f.reaches("a", "0/3/0")
	f.open(false)
	f.reaches("a", "0/3/0")
	owner := f.open(true)
	f.reaches("a", "3/0/0")
	out, _ := f.subscribe(owner, config("a"))
	same(t, ids(t, out, 3), sent)
}

func TestAMessageThatEndsTheProcessBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("a"))
	f.send("t")
	for range 3 {
		f.crash("a", 1)
		f.open(true)
	}
	good := f.send("t")
	out, _ := f.subscribe(f.Bus, config("a"))
	same(t, ids(t, out, 1), good)
	f.reaches("a", "0/0/1")
	list, err := f.DeadLetters(t.Context(), "a")
	if err != nil || list[0].Reason != "received too often without an answer" || list[0].Receives != 3 {
		t.Errorf("got %+v, %v", list, err)
	}
}

func TestCloseWaitsForAnswersAndReturnsTheRest(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("a"))
	f.send("t", "t", "t", "t")
	c := config("a")
	c.DrainTimeout = patience
	s := f.Subscriber(c)
	out, err := s.Subscribe(context.Background(), event.Topic)
	if err != nil {
		t.Fatal(err)
	}
	a, b := receive(t, out), receive(t, out)
	closed := make(chan struct{})
	go func() { defer close(closed); s.Close() }()
	for range out { // nothing new is taken; one may have been on its way
		t.Log("a message was on its way")
	}
	<-a.Context().Done()
	select {
	case <-closed:
		t.Fatal("Close did not wait")
	default:
	}
	a.Ack()
	nack(b, "down", false)
	<-closed
	f.reaches("a", "3/0/0")
	f.clock.Advance(time.Hour)
	again, _ := f.subscribe(f.Bus, config("a"))
	got := ids(t, again, 3)
	if slices.Contains(got, a.UUID) || !slices.Contains(got, b.UUID) {
		t.Errorf("got %v after %s was acknowledged and %s refused", got, a.UUID, b.UUID)
	}
}

func TestWhatIsNotAnsweredInTimeGoesBack(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	sent := f.send
	f.register(config("a"))
	want := sent("t")
	out, closeSub := f.subscribe(f.Bus, config("a"))
	m := receive(t, out)
	closeSub()
	f.reaches("a", "1/0/0")
	m.Ack() // too late
	again, _ := f.subscribe(f.Bus, config("a"))
	same(t, ids(t, again, 1), want)
}

func TestMessagesThatWereNeverEmittedCountAsNeverReceived(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("a"))
	f.send("t")
	for range 10 { // more often than MaxReceives
		_, closeSub := f.subscribe(f.Bus, config("a"))
		f.reaches("a", "0/1/0")
		closeSub()
		f.reaches("a", "1/0/0")
	}
	out, _ := f.subscribe(f.Bus, config("a"))
	ids(t, out, 1)
	f.reaches("a", "0/0/0")
}

// kill makes n dead letters in a queue.
func (f *fixture) kill(queue string, n int) (dead []string) {
	f.t.Helper()
	out, closeSub := f.subscribe(f.Bus, config(queue))
	for range n {
		dead = append(dead, f.send("t")...)
		nack(receive(f.t, out), "bad", true)
	}
	f.reaches(queue, fmt.Sprintf("0/0/%d", n))
	closeSub()
	return dead
}

func TestRedriveReturnsDeadLettersToTheirQueue(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	dead := f.kill("a", 4)
	f.register(config("b"))
	out, _ := f.subscribe(f.Bus, config("a"))
	cli := f.open(false)

	if n, err := cli.Redrive(t.Context(), "a", dead[1], dead[2]); n != 2 || err != nil {
		t.Fatalf("redrove %d, %v", n, err)
	}
	m := receive(t, out)
	receive(t, out).Ack()
	// It starts anew: it has all its attempts again.
	for n := 1; n <= 2; n++ {
		nack(m, "down", false)
		f.reaches("a", "1/0/2")
		f.clock.Advance(time.Hour)
		m = receive(t, out)
	}
	m.Ack()
	f.reaches("a", "0/0/2")
	f.reaches("b", "0/0/0")

	if n, err := cli.Redrive(t.Context(), "a"); n != 2 || err != nil {
		t.Fatalf("redrove %d, %v", n, err)
	}
	same(t, ids(t, out, 2), []string{dead[0], dead[3]})
	f.reaches("a", "0/0/0")
	if n, err := cli.Redrive(t.Context(), "a"); n != 0 || err != nil {
		t.Errorf("redrove %d, %v from no dead letters", n, err)
	}
}

func TestRedriveOfAnUnknownIDMovesNothing(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	dead := f.kill("a", 1)
	if n, err := f.Redrive(t.Context(), "a", dead[0], id.New().String()); n != 0 || !errors.Is(err, sqlitebus.ErrNoDeadLetter) {
		t.Errorf("redrove %d, %v", n, err)
	}
	f.reaches("a", "0/0/1")
}

func TestUnknownNamesAreErrors(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("a"))
	ctx := t.Context()
	if _, err := f.DeadLetters(ctx, "none"); !errors.Is(err, sqlitebus.ErrUnknownQueue) {
		t.Errorf("DeadLetters: %v", err)
	}
	if _, err := f.DeadLetter(ctx, "none", "x"); !errors.Is(err, sqlitebus.ErrUnknownQueue) {
		t.Errorf("DeadLetter: %v", err)
	}
	if _, err := f.DeadLetter(ctx, "a", "x"); !errors.Is(err, sqlitebus.ErrNoDeadLetter) {
		t.Errorf("DeadLetter: %v", err)
	}
	if _, err := f.Redrive(ctx, "none"); !errors.Is(err, sqlitebus.ErrUnknownQueue) {
		t.Errorf("Redrive: %v", err)
	}
	if _, err := f.Replay(ctx, "none", noon, noon); !errors.Is(err, sqlitebus.ErrUnknownQueue) {
		t.Errorf("Replay: %v", err)
	}
	if _, err := f.Subscriber(sqlitebus.SubscriberConfig{}).Subscribe(ctx, event.Topic); !errors.Is(err, sqlitebus.ErrNoQueue) {
		t.Errorf("Subscribe: %v", err)
	}
}

func TestReplayDeliversAgainToOneQueueOnly(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("a", "x"))
	f.register(config("b", "x"))
	a, closeA := f.subscribe(f.Bus, config("a", "x"))
	b, _ := f.subscribe(f.Bus, config("b", "x"))
	var sent []string
	for range 5 {
		sent = append(sent, f.send("x", "y")[0])
		f.clock.Advance(time.Minute)
	}
	ids(t, a, 5)
	ids(t, b, 5)
	f.reaches("a", "0/0/0")
	f.reaches("b", "0/0/0")
	closeA()

	// From inclusive, to exclusive, by the time of the event.
	cli := f.open(false)
	if n, err := cli.Replay(t.Context(), "a", noon.Add(time.Minute), noon.Add(3*time.Minute)); n != 2 || err != nil {
		t.Fatalf("replayed %d, %v", n, err)
	}
	f.reaches("a", "2/0/0")
	// What waits anyway is not doubled.
	f.clock.Advance(time.Minute)
	if n, err := cli.Replay(t.Context(), "a", noon, time.Time{}); n != 3 || err != nil {
		t.Fatalf("replayed %d, %v", n, err)
	}
	f.reaches("a", "5/0/0")
	f.reaches("b", "0/0/0")
	a, _ = f.subscribe(f.Bus, config("a", "x"))
	same(t, ids(t, a, 5), sent)
	f.reaches("a", "0/0/0")
}

func TestReplayOfManyIsDeliveredCompletely(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	var want []string
	for range 10 {
		want = append(want, f.send(slices.Repeat([]string{"t"}, 100)...)...)
	}
	f.register(config("a"))
	out, _ := f.subscribe(f.Bus, config("a"))
	if n, err := f.Replay(t.Context(), "a", noon, noon.Add(time.Second)); n != 1000 || err != nil {
		t.Fatalf("replayed %d, %v", n, err)
	}
	same(t, ids(t, out, 1000), want)
	f.reaches("a", "0/0/0")
}

func TestAMessageThatIsReplayedWhileInFlightIsNotDoubledByTheClaim(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("a"))
	sent := f.send("t")
	sqlitebus.Duplicate(f.Bus, noon.UnixMilli()+1)
	f.clock.Advance(time.Second)
	f.reaches("a", "2/0/0")
	out, _ := f.subscribe(f.Bus, config("a"))
	same(t, ids(t, out, 1), sent)
	f.reaches("a", "0/0/0")
}

func TestTailGoesOnWithWhatIsPublished(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	first := f.send("x", "y", "x")
	after, err := f.LastSeq(t.Context())
	if err != nil || after != 3 {
		t.Fatalf("last seq is %d, %v", after, err)
	}
	cli := f.open(false)
	ctx, cancel := context.WithCancel(t.Context())
	tail := func(from int64, types ...string) <-chan sqlitebus.Message {
		out := make(chan sqlitebus.Message)
		go func() {
			defer close(out)
			for m, err := range cli.Tail(ctx, from, types) {
				if err != nil {
					t.Error(err)
					return
				}
				out <- m
			}
		}()
		return out
	}
	all, onlyX, fresh := tail(0), tail(0, "x"), tail(after)
	next := func(c <-chan sqlitebus.Message) string {
		t.Helper()
		select {
		case m := <-c:
			if m.Topic != event.Topic || m.Subject != "subject" || !m.Time.Equal(noon) || len(m.Envelope) == 0 || m.Metadata[event.MetaType] != m.Type {
				t.Errorf("got %+v", m)
			}
			return m.ID
		case <-time.After(patience):
			t.Fatal("the tail is silent")
			return ""
		}
	}
	for _, want := range first {
		if got := next(all); got != want {
			t.Errorf("all: got %s, want %s", got, want)
		}
	}
	for _, want := range []string{first[0], first[2]} {
		if got := next(onlyX); got != want {
			t.Errorf("x: got %s, want %s", got, want)
		}
	}
	second := f.send("y", "x")
	for _, c := range []<-chan sqlitebus.Message{all, fresh} {
		for _, want := range second {
			if got := next(c); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
	if got := next(onlyX); got != second[1] {
		t.Errorf("x: got %s, want %s", got, second[1])
	}
	cancel()
	for _, c := range []<-chan sqlitebus.Message{all, onlyX, fresh} {
		if m, open := <-c; open {
			t.Errorf("after the end came %+v", m)
		}
	}
}

func TestPruneKeepsWhatIsYoungOrStillNeeded(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	old := f.send(slices.Repeat([]string{"t"}, 450)...)
	dead := f.kill("dead", 1)
	f.register(config("waiting"))
	waiting := f.send("t")
	out, _ := f.subscribe(f.Bus, config("dead"))
	ids(t, out, 1)
	f.reaches("dead", "0/0/1")
	f.clock.Advance(30 * 24 * time.Hour)
	young := f.send("t")
	ids(t, out, 1)
	f.clock.Advance(time.Millisecond)
	if n, err := f.Prune(t.Context(), 30*24*time.Hour); n != len(old) || err != nil {
		t.Errorf("pruned %d, %v; want %d", n, err, len(old))
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var left []string
	for m, err := range f.Tail(ctx, 0, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if left = append(left, m.ID); len(left) == 3 {
			break
		}
	}
	same(t, left, slices.Concat(dead, waiting, young))
	w, _ := f.subscribe(f.Bus, config("waiting"))
	same(t, ids(t, w, 2), slices.Concat(waiting, young))
	if n, err := f.Redrive(t.Context(), "dead"); n != 1 || err != nil {
		t.Errorf("redrove %d, %v", n, err)
	}
	same(t, ids(t, out, 1), dead)
	f.reaches("dead", "0/0/0")
	f.reaches("waiting", "0/0/0")
	if n, err := f.Prune(t.Context(), 0); n == 0 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
	// Numbers go on where they were.
	before, _ := f.LastSeq(t.Context())
	f.send("t")
	if after, err := f.LastSeq(t.Context()); after != before+1 || err != nil {
		t.Errorf("seq went from %d to %d, %v", before, after, err)
	}
}

func TestConsumersOfTwoHandlesShareAQueue(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("a"))
	other := f.open(false)
	var mu sync.Mutex
	seen := map[string]int{}
	var both atomic.Int32
	var wg sync.WaitGroup
	for _, b := range []*sqlitebus.Bus{f.Bus, other} {
		c := config("a")
		c.MaxInFlight = 8
		c.DrainTimeout = patience
		out, _ := f.subscribe(b, c)
		wg.Go(func() {
			mine := false
			for m := range out {
				mu.Lock()
				seen[m.UUID]++
				mu.Unlock()
				m.Ack()
				if !mine {
					mine = true
					both.Add(1)
				}
			}
		})
	}
	total := 0
	until(t, "both get some", func() bool {
		f.send(slices.Repeat([]string{"t"}, 20)...)
		total += 20
		return both.Load() == 2
	})
	f.reaches("a", "0/0/0")
	mu.Lock()
	for m, n := range seen {
		if n != 1 {
			t.Errorf("%s was received %d times", m, n)
		}
	}
	if len(seen) != total {
		t.Errorf("%d messages were received, of %d", len(seen), total)
	}
	mu.Unlock()
	f.Bus.Close()
	other.Close()
	wg.Wait()
}

func TestAClosedBusAnswersErrors(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	pub, sub := f.Publisher(), f.Subscriber(config("a"))
	out, err := sub.Subscribe(t.Context(), event.Topic)
	if err != nil {
		t.Fatal(err)
	}
	closedPub := f.Publisher()
	if err := closedPub.Close(); err != nil {
		t.Fatal(err)
	}
	if err := closedPub.Publish(event.Topic, f.newMessage("t")); !errors.Is(err, sqlitebus.ErrClosed) {
		t.Errorf("a closed publisher: %v", err)
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, open := <-out; open {
		t.Error("the subscription is open")
	}
	if err := pub.Publish(event.Topic, f.newMessage("t")); err == nil {
		t.Error("Publish went through")
	}
	if _, err := f.Subscriber(config("a")).Subscribe(t.Context(), event.Topic); err == nil {
		t.Error("Subscribe went through")
	}
	if err := f.Ready(t.Context()); err == nil {
		t.Error("it is ready")
	}
}
