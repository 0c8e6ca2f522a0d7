package sqlitebus_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/sqlitebus"
)

// put makes a pull queue of "ada".
func (f *fixture) put(name string, from *time.Time, types ...string) *sqlitebus.PullQueue {
	f.t.Helper()
	return putOn(f.t, f.Bus, name, from, types...)
}

func putOn(t *testing.T, b *sqlitebus.Bus, name string, from *time.Time, types ...string) *sqlitebus.PullQueue {
	t.Helper()
	_, err := b.PutPullQueue(t.Context(), sqlitebus.PullConfig{Name: name, Owner: "ada", Topic: event.Topic, Types: types, From: from})
	if err != nil {
		t.Fatal(err)
	}
	q, err := b.PullQueue(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// pull receives up to n messages that are there, locked for a minute.
func pull(t *testing.T, q *sqlitebus.PullQueue, n int) []sqlitebus.Received {
	t.Helper()
	got, err := q.Receive(t.Context(), sqlitebus.ReceiveOptions{Max: n, Lock: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// pullOne receives the one message that is there.
func pullOne(t *testing.T, q *sqlitebus.PullQueue) sqlitebus.Received {
	t.Helper()
	got := pull(t, q, 10)
	if len(got) != 1 {
		t.Fatalf("received %d messages, want 1", len(got))
	}
	return got[0]
}

func receivedIDs(received []sqlitebus.Received) (ids []string) {
	for _, r := range received {
		ids = append(ids, r.ID)
	}
	return ids
}

func tokens(received []sqlitebus.Received) (tokens []string) {
	for _, r := range received {
		tokens = append(tokens, r.LockToken)
	}
	return tokens
}

// settled checks what a settling call reported.
func settled(t *testing.T, got []bool, err error, want ...bool) {
	t.Helper()
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("settled %v, %v; want %v", got, err, want)
	}
}

func TestAPullQueueGetsWhatItWantsFromItsMakingOn(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.send("order")
	other := f.open(false) // has loaded the routes before the queue exists
	publish(t, other, f.newMessage("order"))
	q := f.put("box", nil, "order", "refund")
	want := f.newMessage("order")
	publish(t, other, want, f.newMessage("show"))
	got := pullOne(t, q)
	if got.ID != want.UUID || string(got.Envelope) != string(want.Payload) || got.Receives != 1 {
		t.Errorf("received %+v, want %s", got, want.UUID)
	}
	held, err := q.Acknowledge(t.Context(), []string{got.LockToken})
	settled(t, held, err, true)
	f.reaches("box", "0/0/0")
	f.clock.Advance(time.Hour)
	if again := pull(t, q, 10); len(again) > 0 {
		t.Errorf("an acknowledged message came again: %v", again)
	}
}

func TestPuttingAgainSetsTypesAlone(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.send("x", "y")
	put := func(types ...string) bool {
		t.Helper()
		created, err := f.PutPullQueue(t.Context(), sqlitebus.PullConfig{Name: "box", Owner: "ada", Topic: event.Topic, Types: types, From: &noon})
		if err != nil {
			t.Fatal(err)
		}
		return created
	}
	if !put("x") {
		t.Error("the first was no creation")
	}
	second := f.send("x", "y")
	if put("x") || put("y", "y") {
		t.Error("a repetition was a creation")
	}
	third := f.send("x", "y")
	q, err := f.PullQueue(t.Context(), "box")
	if err != nil {
		t.Fatal(err)
	}
	got := receivedIDs(pull(t, q, 10))
	if len(got) != 3 || !slices.Contains(got, second[0]) || !slices.Contains(got, third[1]) {
		t.Errorf("got %v, want the first x and %s, %s", got, second[0], third[1])
	}
	info, err := q.Info(t.Context())
	if err != nil || info.Owner != "ada" || !slices.Equal(info.Types, []string{"y"}) || info.InFlight != 3 {
		t.Errorf("the queue is %+v, %v", info, err)
	}
}

func TestAPullQueueBeginsInThePast(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.send("x")
	f.clock.Advance(time.Hour)
	since := f.clock.Now()
	var want []string
	for range 300 { // more than a step
		want = append(want, f.send("x", "y")[0])
	}
	q := f.put("box", &since, "x")
	want = append(want, f.send("x")...)
	same(t, receivedIDs(pull(t, q, 1000)), want)
	f.reaches("box", fmt.Sprintf("0/%d/0", len(want)))
}

// TestABackfillGoesOn cuts the making of a queue short and repeats it.
func TestABackfillGoesOn(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	want := f.send(slices.Repeat([]string{"x"}, 2000)...)
	config := sqlitebus.PullConfig{Name: "box", Owner: "ada", Topic: event.Topic, From: &noon}
	short := &shortLived{Context: context.Background()}
	short.left.Store(8)
	if _, err := f.PutPullQueue(short, config); !errors.Is(err, context.Canceled) {
		t.Fatalf("put gave %v", err)
	}
	if n := depth(t, f.Bus, "box"); n == 0 || n >= len(want) {
		t.Fatalf("%d messages wait, want some", n)
	}
	want = append(want, f.send("x")...)
	created, err := f.open(false).PutPullQueue(t.Context(), config)
	if err != nil || created {
		t.Fatalf("created %t, %v", created, err)
	}
	q, err := f.PullQueue(t.Context(), "box")
	if err != nil {
		t.Fatal(err)
	}
	same(t, receivedIDs(pull(t, q, 3000)), want)
}

// shortLived is a context that is over after it was asked some times.
type shortLived struct {
	context.Context
	left atomic.Int64
}

func (c *shortLived) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

func depth(t *testing.T, b *sqlitebus.Bus, queue string) int {
	t.Helper()
	infos, err := b.Queues(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		if info.Name == queue {
			return info.Depth
		}
	}
	t.Fatalf("there is no queue %s", queue)
	return 0
}

func TestQueuesAreTheirOwners(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	f.register(config("services"))
	f.put("box", nil)
	tests := []struct {
		name, queue, owner string
		want               error
	}{
		{"a subscriber's", "services", "ada", sqlitebus.ErrReserved},
		{"another's", "box", "ben", sqlitebus.ErrTaken},
		{"one's own", "box", "ada", nil},
		{"new", "bens", "ben", nil},
	}
	for _, tt := range tests {
		_, err := f.PutPullQueue(t.Context(), sqlitebus.PullConfig{Name: tt.queue, Owner: tt.owner, Topic: event.Topic, Types: []string{"x"}})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if _, err := f.PullQueue(t.Context(), "services"); !errors.Is(err, sqlitebus.ErrReserved) {
		t.Errorf("a subscriber's queue: %v", err)
	}
	if _, err := f.PullQueue(t.Context(), "nobodys"); !errors.Is(err, sqlitebus.ErrUnknownQueue) {
		t.Errorf("an unknown queue: %v", err)
	}
	if err := f.Subscriber(config("box")).SubscribeInitialize(event.Topic); !errors.Is(err, sqlitebus.ErrTaken) {
		t.Errorf("a subscriber on a pull queue: %v", err)
	}
	for owner, want := range map[string][]string{"ada": {"box"}, "ben": {"bens"}, "": {"bens", "box"}, "eve": nil} {
		infos, err := f.PullQueues(t.Context(), owner, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, info := range infos {
			names = append(names, info.Name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("queues of %q are %v, want %v", owner, names, want)
		}
	}
	for i := range sqlitebus.MaxQueuesPerOwner - 1 {
		f.put(fmt.Sprintf("more-%d", i), nil)
	}
	_, err := f.PutPullQueue(t.Context(), sqlitebus.PullConfig{Name: "one-too-many", Owner: "ada", Topic: event.Topic})
	if !errors.Is(err, sqlitebus.ErrTooMany) {
		t.Errorf("a queue too many: %v", err)
	}
}

func TestALockedMessageIsNobodyElses(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	q := f.put("box", nil)
	other := putOn(t, f.open(false), "box", nil)
	sent := f.send("x")
	first := pullOne(t, q)
	f.clock.Advance(time.Minute - time.Millisecond)
	if got := pull(t, other, 10); len(got) > 0 {
		t.Fatalf("a locked message was received: %v", got)
	}
	f.reaches("box", "0/1/0")
	f.clock.Advance(time.Millisecond)
	f.reaches("box", "1/0/0")
	held, err := q.Acknowledge(t.Context(), []string{first.LockToken})
	settled(t, held, err, false) // nobody has it, but the time is over
	second := pullOne(t, other)
	if second.ID != sent[0] || second.Receives != 2 || second.LockToken == first.LockToken {
		t.Errorf("received %+v after %+v", second, first)
	}
	for name, settle := range map[string]func() ([]bool, error){
		"acknowledge": func() ([]bool, error) { return q.Acknowledge(t.Context(), []string{first.LockToken}) },
		"release":     func() ([]bool, error) { return q.Release(t.Context(), []string{first.LockToken}, 0, "") },
		"reject":      func() ([]bool, error) { return q.Reject(t.Context(), []string{first.LockToken}, "") },
		"renew":       func() ([]bool, error) { return q.Renew(t.Context(), []string{first.LockToken}, time.Hour) },
	} {
		if held, err := settle(); err != nil || held[0] {
			t.Errorf("%s with the lost lock: %v, %v", name, held, err)
		}
	}
	f.reaches("box", "0/1/0") // the second's
	held, err = other.Acknowledge(t.Context(), []string{second.LockToken})
	settled(t, held, err, true)
	f.reaches("box", "0/0/0")
}

func TestARenewedLockHolds(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	q := f.put("box", nil)
	f.send("x")
	got := pullOne(t, q)
	for range 5 {
		f.clock.Advance(50 * time.Second)
		held, err := q.Renew(t.Context(), []string{got.LockToken}, time.Minute)
		settled(t, held, err, true)
		if more := pull(t, q, 10); len(more) > 0 {
			t.Fatalf("received by another: %v", more)
		}
	}
	held, err := q.Acknowledge(t.Context(), []string{got.LockToken, got.LockToken[1:], "", got.LockToken})
	settled(t, held, err, true, false, false, false)
	f.reaches("box", "0/0/0")
}

func TestAReleasedMessageComesAgainAfterItsRest(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	q := f.put("box", nil)
	f.send("x")
	for _, rest := range []time.Duration{0, time.Second, time.Hour} {
		got := pullOne(t, q)
		held, err := q.Release(t.Context(), []string{got.LockToken}, rest, "")
		settled(t, held, err, true)
		if rest == 0 {
			continue
		}
		f.clock.Advance(rest - time.Millisecond)
		if got := pull(t, q, 10); len(got) > 0 {
			t.Fatalf("%s: came too early", rest)
		}
		f.clock.Advance(time.Millisecond)
	}
	got := pullOne(t, q)
	if got.Receives != 4 {
		t.Errorf("received %d times, want 4", got.Receives)
	}
	held, err := q.Release(t.Context(), []string{got.LockToken}, sqlitebus.Backoff, "")
	settled(t, held, err, true)
	if got := pull(t, q, 10); len(got) > 0 {
		t.Error("it did not rest")
	}
	f.clock.Advance(time.Minute)
	pullOne(t, q)
}

func TestWhatFailsTooOftenIsADeadLetter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, want string
		times      int
		fail       func(f *fixture, q *sqlitebus.PullQueue, token string) ([]bool, error)
	}{
		{"released", "down", 8, func(f *fixture, q *sqlitebus.PullQueue, token string) ([]bool, error) {
			return q.Release(f.t.Context(), []string{token}, 0, "down")
		}},
		{"never settled", "received too often without an answer", 8, func(f *fixture, _ *sqlitebus.PullQueue, _ string) ([]bool, error) {
			f.clock.Advance(time.Minute)
			return []bool{true}, nil
		}},
		{"rejected", "poison", 1, func(f *fixture, q *sqlitebus.PullQueue, token string) ([]bool, error) {
			return q.Reject(f.t.Context(), []string{token}, "poison")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newBus(t)
			q := f.put("box", nil)
			sent := f.send("x")
			for n := range tt.times {
				got := pullOne(t, q)
				if got.Receives != n+1 {
					t.Errorf("delivery %d counts %d", n+1, got.Receives)
				}
				held, err := tt.fail(f, q, got.LockToken)
				settled(t, held, err, true)
			}
			other := f.send("x") // it blocks nothing
			same(t, receivedIDs(pull(t, q, 1)), other)
			letter, err := f.DeadLetter(t.Context(), "box", sent[0])
			if err != nil || letter.Reason != tt.want || letter.Receives != tt.times {
				t.Errorf("the dead letter is %+v, %v", letter, err)
			}
			if n, err := f.Redrive(t.Context(), "box"); n != 1 || err != nil {
				t.Errorf("redriven %d, %v", n, err)
			}
			if got := pullOne(t, q); got.ID != sent[0] || got.Receives != 1 {
				t.Errorf("after the redrive: %+v", got)
			}
		})
	}
}

// TestADeathReturnsWhatWasLocked: at least once, and locks of before are void.
func TestADeathReturnsWhatWasLocked(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	q := f.put("box", nil)
	sent := f.send("x", "x", "x")
	got := pull(t, q, 2)
	held, err := q.Acknowledge(t.Context(), tokens(got[:1]))
	settled(t, held, err, true)
	sqlitebus.Kill(f.Bus)
	f.Bus = f.open(true)
	if q, err = f.PullQueue(t.Context(), "box"); err != nil {
		t.Fatal(err)
	}
	held, err = q.Acknowledge(t.Context(), tokens(got))
	settled(t, held, err, false, false)
	again := pull(t, q, 10)
	same(t, receivedIDs(again), slices.DeleteFunc(sent, func(id string) bool { return id == got[0].ID }))
	held, err = q.Acknowledge(t.Context(), tokens(again))
	settled(t, held, err, true, true)
	f.reaches("box", "0/0/0")
}

func TestAReceiverCatchesUp(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	q := f.put("box", nil)
	want := f.send("x", "x", "x", "x", "x")
	f.clock.Advance(24 * time.Hour)
	var got []string
	for {
		some := pull(t, q, 2)
		if len(some) == 0 {
			break
		}
		held, err := q.Acknowledge(t.Context(), tokens(some))
		if err != nil || slices.Contains(held, false) {
			t.Fatalf("acknowledged %v, %v", held, err)
		}
		got = append(got, receivedIDs(some)...)
	}
	same(t, got, want)
}

func TestAReceiverWaits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		come func(f *fixture, locked sqlitebus.Received)
	}{
		{"for what is published", func(f *fixture, _ sqlitebus.Received) { f.send("x") }},
		{"for what another process publishes", func(f *fixture, _ sqlitebus.Received) { publish(f.t, f.open(false), f.newMessage("x")) }},
		{"for a lock to run out", func(f *fixture, _ sqlitebus.Received) { f.clock.Advance(time.Minute) }},
		{"for a rest to be over", func(f *fixture, locked sqlitebus.Received) {
			q := putOn(f.t, f.Bus, "box", nil)
			held, err := q.Release(f.t.Context(), []string{locked.LockToken}, 10*time.Second, "")
			settled(f.t, held, err, true)
			f.clock.Advance(10 * time.Second)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newBus(t)
			q := f.put("box", nil)
			f.send("x")
			locked := pullOne(t, q)
			came := make(chan []sqlitebus.Received, 1)
			go func() {
				got, err := q.Receive(t.Context(), sqlitebus.ReceiveOptions{Max: 10, Wait: patience, Lock: time.Minute})
				if err != nil {
					t.Error(err)
				}
				came <- got
			}()
			until(t, "it waits", func() bool { return sqlitebus.Listeners(f.Bus) == 1 })
			tt.come(f, locked)
			if got := <-came; len(got) != 1 {
				t.Errorf("%d messages came, want 1", len(got))
			}
		})
	}
}

// TestAReceiverHearsAtOnce of what its own process does, however seldom it looks
// for what others do.
func TestAReceiverHearsAtOnce(t *testing.T) {
	t.Parallel()
	b, err := sqlitebus.Open(t.Context(), filepath.Join(t.TempDir(), "bus.db"), sqlitebus.Options{PollInterval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	q := putOn(t, b, "box", nil)
	var locked sqlitebus.Received
	for _, come := range []func(){
		func() { publish(t, b, message.NewMessage("a", nil)) },
		func() {
			held, err := q.Release(t.Context(), []string{locked.LockToken}, 0, "")
			settled(t, held, err, true)
		},
	} {
		came := make(chan []sqlitebus.Received, 1)
		go func() {
			got, err := q.Receive(t.Context(), sqlitebus.ReceiveOptions{Max: 10, Wait: patience, Lock: time.Minute})
			if err != nil {
				t.Error(err)
			}
			came <- got
		}()
		until(t, "it waits", func() bool { return sqlitebus.Listeners(b) == 1 })
		come()
		got := <-came
		if len(got) != 1 {
			t.Fatalf("%d messages came, want 1", len(got))
		}
		locked = got[0]
	}
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	q := f.put("box", nil)
	ctx, cancel := context.WithCancel(t.Context())
	tests := []struct {
		name string
		wait time.Duration
		end  func()
		want error
	}{
		{"by time", time.Millisecond, func() {}, nil},
		{"with its context", time.Hour, cancel, nil},
		{"with the queue", time.Hour, func() {
			if err := q.Drop(t.Context()); err != nil {
				t.Error(err)
			}
		}, sqlitebus.ErrUnknownQueue},
	}
	for _, tt := range tests {
		waiting := t.Context()
		if tt.name == "with its context" {
			waiting = ctx
		}
		ended := make(chan error, 1)
		go func() {
			got, err := q.Receive(waiting, sqlitebus.ReceiveOptions{Max: 10, Wait: tt.wait, Lock: time.Minute})
			if len(got) > 0 {
				t.Errorf("%s: received %v", tt.name, got)
			}
			ended <- err
		}()
		tt.end()
		if err := <-ended; !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestADroppedQueueIsGone(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	q := f.put("box", nil)
	f.send("x", "x", "x")
	got := pull(t, q, 2)
	if _, err := q.Reject(t.Context(), tokens(got[:1]), "poison"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := q.Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	f.send("x")
	if _, err := f.PullQueue(t.Context(), "box"); !errors.Is(err, sqlitebus.ErrUnknownQueue) {
		t.Errorf("after the drop: %v", err)
	}
	again := f.put("box", nil)
	f.reaches("box", "0/0/0")
	held, err := again.Acknowledge(t.Context(), tokens(got))
	settled(t, held, err, false, false)
	f.clock.Advance(48 * time.Hour)
	if n, err := f.Prune(t.Context(), 24*time.Hour); err != nil || n != 4 {
		t.Errorf("pruned %d, %v: something still holds the archive", n, err)
	}
}

func TestAnIdlePullQueueDoesNotGrowForEver(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	q := f.put("idle", nil)
	f.register(config("services"))
	f.send("x", "x", "x")
	f.clock.Advance(47 * time.Hour)
	got := pull(t, q, 2)
	if _, err := q.Reject(t.Context(), tokens(got[:1]), "poison"); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Renew(t.Context(), tokens(got[1:]), 3*time.Hour); err != nil {
		t.Fatal(err)
	}
	young := f.send("x")
	f.reaches("idle", "2/1/1")
	f.clock.Advance(2 * time.Hour)
	if n, err := f.Prune(t.Context(), 48*time.Hour); err != nil || n != 0 {
		t.Errorf("pruned %d, %v: the services' queue still has them", n, err)
	}
	f.reaches("services", "4/0/0")
	f.reaches("idle", "1/1/0") // what is locked is left alone
	same(t, receivedIDs(pull(t, q, 10)), young)
}

// TestTwoReceiversNeverHoldOneMessage has many receive, renew, lose and settle at
// once on a clock that jumps.
func TestTwoReceiversNeverHoldOneMessage(t *testing.T) {
	t.Parallel()
	f := newBus(t)
	q := f.put("box", nil)
	const messages = 200
	for range messages {
		f.send("x")
	}
	var mu sync.Mutex
	handled := map[string]int{}
	var done atomic.Int64
	var receivers sync.WaitGroup
	for i := range 8 {
		receivers.Go(func() {
			for done.Load() < messages {
				got, err := q.Receive(t.Context(), sqlitebus.ReceiveOptions{Max: 5, Wait: time.Millisecond, Lock: time.Minute})
				if err != nil {
					t.Error(err)
					return
				}
				if i == 0 && len(got) > 0 && got[0].Receives < 4 {
					f.clock.Advance(time.Minute) // everybody's locks are lost
					continue
				}
				for _, r := range got {
					held, err := q.Acknowledge(t.Context(), []string{r.LockToken})
					if err != nil {
						t.Error(err)
						return
					}
					if held[0] {
						mu.Lock()
						handled[r.ID]++
						mu.Unlock()
						done.Add(1)
					}
				}
			}
		})
	}
	receivers.Wait()
	for id, n := range handled {
		if n != 1 {
			t.Errorf("%s was acknowledged %d times", id, n)
		}
	}
	if len(handled) != messages {
		t.Errorf("%d of %d messages were handled", len(handled), messages)
	}
	f.reaches("box", "0/0/0")
}

func FuzzLockToken(f *testing.F) {
	f.Add("")
	f.Add("AAAAAAAAAAcAAAAAAAABKgAAAAAASZYC")
	f.Add("AAAAAAAAAAcAAAAAAAABKgAAAAAASZY\n")
	f.Add("AAAAAAAAAAcAAAAAAAABKgAAAAAASZ=C")
	f.Fuzz(func(t *testing.T, token string) {
		again, ok := sqlitebus.Recode(token)
		if ok && again != token {
			t.Errorf("%q means the same as %q", token, again)
		}
		if !ok && again != "" {
			t.Errorf("%q is no token and means %q", token, again)
		}
	})
}
