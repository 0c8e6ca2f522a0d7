// Package idempotencytest is the conformance suite of idempotency.Store: every
// store passes it, on whatever it keeps its keys.
package idempotencytest

import (
	"context"
	"crypto/sha256"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
)

const lease = 30 * time.Second

var (
	key   = idempotency.Key{Caller: "caller", Method: "POST", Path: "/tickets/orders", Key: "k-1"}
	body  = sha256.Sum256([]byte(`{"holdId":1}`))
	other = sha256.Sum256([]byte(`{"holdId":2}`))
	reply = idempotency.Response{Status: 201, ContentType: "application/json", Location: "/tickets/orders/1", Body: []byte(`{"orderId":1}`)}
)

// Run checks a store. newStore returns an empty one that judges time by the
// clock it returns.
func Run(t *testing.T, newStore func(t *testing.T) (idempotency.Store, *clock.Manual)) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *store){
		"a new key is claimed with a new id":                     newKey,
		"a finished key replays its answer":                      replay,
		"an answer without body, type and location is replayed":  replayEmpty,
		"another body is refused while running and finished":     reused,
		"a running key is in progress until its lease is over":   inProgress,
		"a lease that is over is taken over with the same id":    takeOver,
		"an abandoned key is free for the same body, same id":    abandonSame,
		"an abandoned key is free for another body, another id":  abandonOther,
		"abandoning a finished key changes nothing":              abandonFinished,
		"abandoning an unknown key does nothing":                 abandonUnknown,
		"the first answer stays":                                 finishTwice,
		"a key that is not claimed cannot be finished":           finishUnclaimed,
		"an answer is kept 24 hours from when it was given":      expiry,
		"a running key is new after 24 hours, with another id":   expiryRunning,
		"caller, method, path and key each tell keys apart":      scopes,
		"released leases can be taken over at once":              releaseLeases,
		"of many claims at once one wins":                        race,
		"a context that has ended claims nothing":                ended,
		"many keys that expire do not disturb those that do not": many,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := newStore(t)
			test(t, &store{t, s, c})
		})
	}
}

type store struct {
	t     *testing.T
	s     idempotency.Store
	clock *clock.Manual
}

func (s *store) claim(k idempotency.Key, hash [32]byte) idempotency.Claim {
	s.t.Helper()
	c, err := s.s.Claim(context.Background(), k, hash, lease)
	if err != nil {
		s.t.Fatalf("claim: %v", err)
	}
	return c
}

// run claims and expects the right to run.
func (s *store) run(k idempotency.Key, hash [32]byte) id.ID {
	s.t.Helper()
	c := s.claim(k, hash)
	if c.Replay != nil || c.ResourceID == id.Nil {
		s.t.Fatalf("got claim %+v, want a new run with an id", c)
	}
	return c.ResourceID
}

func (s *store) refused(k idempotency.Key, hash [32]byte, want error) {
	s.t.Helper()
	if c, err := s.s.Claim(context.Background(), k, hash, lease); !errors.Is(err, want) {
		s.t.Fatalf("got claim %+v and %v, want %v", c, err, want)
	}
}

func (s *store) finish(k idempotency.Key, r idempotency.Response) {
	s.t.Helper()
	if err := s.s.Finish(context.Background(), k, r); err != nil {
		s.t.Fatalf("finish: %v", err)
	}
}

func (s *store) abandon(k idempotency.Key) {
	s.t.Helper()
	if err := s.s.Abandon(context.Background(), k); err != nil {
		s.t.Fatalf("abandon: %v", err)
	}
}

func (s *store) replays(k idempotency.Key, hash [32]byte, want idempotency.Response) {
	s.t.Helper()
	c := s.claim(k, hash)
	if c.Replay == nil {
		s.t.Fatal("got no answer to replay")
	}
	if len(c.Replay.Body) == 0 && len(want.Body) == 0 {
		c.Replay.Body = want.Body
	}
	if !reflect.DeepEqual(*c.Replay, want) {
		s.t.Fatalf("replay\n-want %+v\n+got  %+v", want, *c.Replay)
	}
}

func newKey(_ *testing.T, s *store) { s.run(key, body) }

func replay(t *testing.T, s *store) {
	resource := s.run(key, body)
	s.finish(key, reply)
	s.replays(key, body, reply)
	s.replays(key, body, reply)
	if got := s.claim(key, body).ResourceID; got != resource {
		t.Errorf("replayed with id %s, was run with %s", got, resource)
	}
}

func replayEmpty(_ *testing.T, s *store) {
	s.run(key, body)
	s.finish(key, idempotency.Response{Status: 204})
	s.replays(key, body, idempotency.Response{Status: 204})
}

func reused(_ *testing.T, s *store) {
	s.run(key, body)
	s.refused(key, other, idempotency.ErrReused)
	s.clock.Advance(2 * lease)
	s.refused(key, other, idempotency.ErrReused)
	s.finish(key, reply)
	s.refused(key, other, idempotency.ErrReused)
	s.replays(key, body, reply)
}

func inProgress(_ *testing.T, s *store) {
	s.run(key, body)
	s.refused(key, body, idempotency.ErrInProgress)
	s.clock.Advance(lease - time.Millisecond)
	s.refused(key, body, idempotency.ErrInProgress)
	s.clock.Advance(time.Millisecond)
	s.run(key, body)
}

func takeOver(t *testing.T, s *store) {
	first := s.run(key, body)
	s.clock.Advance(lease)
	if second := s.run(key, body); second != first {
		t.Errorf("taken over with %s, was %s", second, first)
	}
	s.refused(key, body, idempotency.ErrInProgress) // the new lease counts
	s.clock.Advance(lease)
	if third := s.run(key, body); third != first {
		t.Errorf("taken over again with %s, was %s", third, first)
	}
}

func abandonSame(t *testing.T, s *store) {
	first := s.run(key, body)
	s.abandon(key)
	s.abandon(key)
	if second := s.run(key, body); second != first {
		t.Errorf("run again with %s, was %s", second, first)
	}
	s.refused(key, body, idempotency.ErrInProgress)
}

func abandonOther(t *testing.T, s *store) {
	first := s.run(key, body)
	s.abandon(key)
	if second := s.run(key, other); second == first {
		t.Errorf("another request got the id %s of the first", first)
	}
	s.refused(key, body, idempotency.ErrReused)
}

func abandonFinished(_ *testing.T, s *store) {
	s.run(key, body)
	s.finish(key, reply)
	s.abandon(key)
	s.replays(key, body, reply)
}

func abandonUnknown(_ *testing.T, s *store) {
	s.abandon(key)
	s.run(key, body)
}

func finishTwice(t *testing.T, s *store) {
	s.run(key, body)
	s.finish(key, reply)
	err := s.s.Finish(context.Background(), key, idempotency.Response{Status: 409})
	if !errors.Is(err, idempotency.ErrNotClaimed) {
		t.Errorf("got %v, want ErrNotClaimed", err)
	}
	s.replays(key, body, reply)
}

func finishUnclaimed(t *testing.T, s *store) {
	if err := s.s.Finish(context.Background(), key, reply); !errors.Is(err, idempotency.ErrNotClaimed) {
		t.Errorf("unknown: got %v, want ErrNotClaimed", err)
	}
	s.run(key, body)
	s.abandon(key)
	if err := s.s.Finish(context.Background(), key, reply); !errors.Is(err, idempotency.ErrNotClaimed) {
		t.Errorf("abandoned: got %v, want ErrNotClaimed", err)
	}
}

func expiry(t *testing.T, s *store) {
	first := s.run(key, body)
	s.clock.Advance(10 * time.Second)
	s.finish(key, reply)
	s.clock.Advance(idempotency.TTL - time.Millisecond)
	s.replays(key, body, reply)
	s.clock.Advance(time.Millisecond)
	if second := s.run(key, other); second == first {
		t.Errorf("a new key got the id %s of the old one", first)
	}
}

func expiryRunning(t *testing.T, s *store) {
	first := s.run(key, body)
	s.clock.Advance(idempotency.TTL)
	if err := s.s.Finish(context.Background(), key, reply); !errors.Is(err, idempotency.ErrNotClaimed) {
		t.Errorf("got %v, want ErrNotClaimed", err)
	}
	if second := s.run(key, body); second == first {
		t.Errorf("a new key got the id %s of the old one", first)
	}
}

func scopes(t *testing.T, s *store) {
	seen := map[id.ID]bool{}
	for _, k := range []idempotency.Key{
		key,
		{Caller: "other", Method: key.Method, Path: key.Path, Key: key.Key},
		{Caller: key.Caller, Method: "PUT", Path: key.Path, Key: key.Key},
		{Caller: key.Caller, Method: key.Method, Path: "/tickets/holds", Key: key.Key},
		{Caller: key.Caller, Method: key.Method, Path: key.Path, Key: "k-2"},
		{Caller: key.Caller + key.Method, Method: "", Path: key.Path, Key: key.Key},
		{Caller: key.Caller, Method: key.Method, Path: key.Path + "k", Key: "-1"},
	} {
		seen[s.run(k, body)] = true
	}
	if len(seen) != 7 {
		t.Errorf("7 keys got %d ids", len(seen))
	}
}

func releaseLeases(t *testing.T, s *store) {
	first := s.run(key, body)
	done := idempotency.Key{Caller: "caller", Key: "done"}
	s.run(done, body)
	s.finish(done, reply)
	if err := s.s.ReleaseLeases(context.Background()); err != nil {
		t.Fatal(err)
	}
	if second := s.run(key, body); second != first {
		t.Errorf("taken over with %s, was %s", second, first)
	}
	s.replays(done, body, reply)
}

func race(t *testing.T, s *store) {
	const n = 20
	var won, busy atomic.Int32
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			_, err := s.s.Claim(context.Background(), key, body, lease)
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, idempotency.ErrInProgress):
				busy.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || busy.Load() != n-1 {
		t.Errorf("%d won and %d were in progress, of %d", won.Load(), busy.Load(), n)
	}
}

func ended(t *testing.T, s *store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.s.Claim(ctx, key, body, lease); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	s.run(key, body)
}

func many(_ *testing.T, s *store) {
	numbered := func(i int) idempotency.Key {
		return idempotency.Key{Caller: "caller", Key: string(rune('a' + i))}
	}
	for i := range 20 {
		s.run(numbered(i), body)
		s.finish(numbered(i), reply)
		s.clock.Advance(time.Hour)
	}
	s.clock.Advance(idempotency.TTL - 10*time.Hour) // the first 11 have expired
	for i := range 20 {
		if i < 11 {
			s.run(numbered(i), other)
		} else {
			s.replays(numbered(i), body, reply)
		}
	}
}
