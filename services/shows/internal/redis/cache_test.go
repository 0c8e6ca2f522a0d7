package redis_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/testserver"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/app/cachetest"
	adapter "ticketmesh.dev/services/shows/internal/redis"
)

var begin = time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)

func open(t *testing.T, c adapter.Config) *adapter.Cache {
	t.Helper()
	if c.Prefix == "" {
		c.Prefix = id.New().String() + ":"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second // what is tested shall not depend on it
	}
	cache := adapter.New(c)
	t.Cleanup(func() {
		if err := cache.Close(); err != nil {
			t.Error(err)
		}
	})
	return cache
}

func TestCacheConforms(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(t *testing.T) app.Cache {
		return open(t, adapter.Config{Address: testserver.Redis(t), Clock: clock.System{}})
	})
}

func TestProcessesShareACacheByItsPrefix(t *testing.T) {
	t.Parallel()
	address, prefix := testserver.Redis(t), id.New().String()+":"
	one := open(t, adapter.Config{Address: address, Prefix: prefix, Clock: clock.System{}})
	two := open(t, adapter.Config{Address: address, Prefix: prefix, Clock: clock.System{}})
	apart := open(t, adapter.Config{Address: address, Clock: clock.System{}})
	one.Put(t.Context(), "a", app.Kept{At: begin}, time.Minute)
	one.Renew(t.Context(), time.Minute, "s")
	one.Claim(t.Context(), "a", time.Minute)
	if kept, mark := two.Get(t.Context(), "s", "a"); kept == nil || mark == "" || two.Claim(t.Context(), "a", time.Minute) {
		t.Errorf("got %v, %q", kept, mark)
	}
	if kept, mark := apart.Get(t.Context(), "s", "a"); kept != nil || mark != "" || !apart.Claim(t.Context(), "a", time.Minute) {
		t.Errorf("another prefix: got %v, %q", kept, mark)
	}
}

func TestEveryKeyEndsByItself(t *testing.T) {
	t.Parallel()
	address, prefix := testserver.Redis(t), id.New().String()+":"
	cache := open(t, adapter.Config{Address: address, Prefix: prefix, Clock: clock.System{}})
	cache.Put(t.Context(), "a", app.Kept{At: begin}, time.Minute)
	cache.Renew(t.Context(), time.Minute, "s", "t")
	cache.Claim(t.Context(), "a", time.Minute)
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close()
	keys, err := client.Keys(t.Context(), prefix+"*").Result()
	if err != nil || len(keys) != 4 {
		t.Fatalf("keys %q, %v", keys, err)
	}
	for _, key := range keys {
		if left := client.TTL(t.Context(), key).Val(); left <= 0 {
			t.Errorf("%s lives on: %s", key, left)
		}
	}
}

func TestWhatCannotBeReadIsNotThere(t *testing.T) {
	t.Parallel()
	address, prefix := testserver.Redis(t), id.New().String()+":"
	cache := open(t, adapter.Config{Address: address, Prefix: prefix, Clock: clock.System{}})
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close()
	if err := client.Set(t.Context(), prefix+"page:a", "{", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if kept, _ := cache.Get(t.Context(), "s", "a"); kept != nil {
		t.Errorf("got %+v", kept)
	}
	cache.Put(t.Context(), "a", app.Kept{At: begin}, time.Minute)
	if kept, _ := cache.Get(t.Context(), "s", "a"); kept == nil {
		t.Error("it is not replaced")
	}
}

// link is the way to Redis. While it is cut it takes everything and answers nothing.
type link struct {
	listener net.Listener
	cut      atomic.Bool
	requests atomic.Int32 // that came while it was cut
}

func newLink(t *testing.T) *link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{listener: listener}
	to := testserver.Redis(t)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { l.carry(from, to) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		all.Wait()
	})
	return l
}

func (l *link) carry(from net.Conn, to string) {
	defer from.Close()
	redis, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer redis.Close()
	go func() {
		_, _ = io.Copy(from, redis)
		from.Close()
	}()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if l.cut.Load() {
			l.requests.Add(1)
			continue
		}
		if _, err := redis.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func TestACacheThatDoesNotAnswerIsLeftAloneForAWhile(t *testing.T) {
	t.Parallel()
	l, now := newLink(t), clock.NewManual(begin)
	var log bytes.Buffer
	cache := open(t, adapter.Config{
		Address: l.listener.Addr().String(), Timeout: 200 * time.Millisecond, Clock: now, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	cache.Put(t.Context(), "a", app.Kept{At: begin}, time.Minute)
	if kept, _ := cache.Get(t.Context(), "s", "a"); kept == nil {
		t.Fatal("nothing is kept")
	}

	l.cut.Store(true)
	for range 10 {
		if kept, mark := cache.Get(t.Context(), "s", "a"); kept != nil || mark != "" {
			t.Fatalf("got %v, %q", kept, mark)
		}
		if !cache.Claim(t.Context(), "a", time.Minute) {
			t.Fatal("nobody may load")
		}
		cache.Release(t.Context(), "a")
		cache.Put(t.Context(), "a", app.Kept{At: begin}, time.Minute)
		cache.Renew(t.Context(), time.Minute, "s")
	}
	if n := l.requests.Load(); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
	if n := strings.Count(log.String(), "the cache does not answer"); n != 1 {
		t.Errorf("logged: %s", &log)
	}

	l.cut.Store(false)
	if kept, _ := cache.Get(t.Context(), "s", "a"); kept != nil {
		t.Error("it is asked again at once")
	}
	now.Advance(2 * time.Second)
	if kept, _ := cache.Get(t.Context(), "s", "a"); kept == nil {
		t.Error("it is not asked again")
	}
}

func TestACacheThatIsNotThereHasNothing(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	cache := open(t, adapter.Config{Address: address, Clock: clock.NewManual(begin)})
	if kept, mark := cache.Get(t.Context(), "s", "a"); kept != nil || mark != "" || !cache.Claim(t.Context(), "a", time.Minute) {
		t.Errorf("got %v, %q", kept, mark)
	}
}

func TestACallerWhoGivesUpIsNotTheCachesFault(t *testing.T) {
	t.Parallel()
	cache := open(t, adapter.Config{Address: testserver.Redis(t), Clock: clock.NewManual(begin)})
	cache.Put(t.Context(), "a", app.Kept{At: begin}, time.Minute)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	cache.Get(gone, "s", "a")
	if kept, _ := cache.Get(t.Context(), "s", "a"); kept == nil {
		t.Error("the cache is left alone")
	}
}

func TestWithTLSNothingIsSaidInTheOpen(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	said := make(chan byte, 1)
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			close(said)
			return
		}
		defer connection.Close()
		var first [1]byte
		_, _ = io.ReadFull(connection, first[:])
		said <- first[0]
	}()
	cache := open(t, adapter.Config{Address: listener.Addr().String(), TLS: true, Clock: clock.NewManual(begin)})
	cache.Get(t.Context(), "s", "a")
	const handshake = 22 // a record's type in TLS
	if first := <-said; first != handshake {
		t.Errorf("it begins with %q", first)
	}
}
