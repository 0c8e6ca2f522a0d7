// Package redis keeps what everybody sees of shows in Redis or Valkey, for all
// processes of the service. Nobody waits for it: what it does not answer at once
// is not there. It must not decide how long anything may be shown.
package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
)

const (
	// DefaultTimeout is how long a request waits for the cache; the store would
	// have answered by then.
	DefaultTimeout = 50 * time.Millisecond
	// dialPatience is how long connecting may take, which goes on while the
	// request that began it looks elsewhere.
	dialPatience = 2 * time.Second
	// rest is how long a cache is left alone that failed, so that not every
	// request has to find out.
	rest = time.Second
)

// Config is what a Cache needs. All but TLS and Timeout is required.
type Config struct {
	Address string // host:port
	TLS     bool
	Prefix  string        // of all keys; what else is in there is not touched
	Timeout time.Duration // of all that is asked; DefaultTimeout when zero
	Clock   clock.Clock
	Logger  *slog.Logger
}

// Cache is app.Cache in Redis. Keys end by themselves.
type Cache struct {
	client  *redis.Client
	prefix  string
	timeout time.Duration
	clock   clock.Clock
	logger  *slog.Logger
	rested  atomic.Int64 // when it is asked again, in milliseconds since 1970
}

var _ app.Cache = (*Cache)(nil)

// New returns a Cache that connects once it is asked for something.
func New(c Config) *Cache {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	options := &redis.Options{
		Addr:                  c.Address,
		ContextTimeoutEnabled: true, // else a context ends nothing that has begun
		DialTimeout:           dialPatience,
		DialerRetries:         1,
		ReadTimeout:           c.Timeout,
		WriteTimeout:          c.Timeout,
		PoolTimeout:           c.Timeout,
		MaxRetries:            -1, // none: the store is the second try
		DisableIdentity:       true,
		// Notices of maintenance are those of Redis's own cloud.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if c.TLS {
		host, _, err := net.SplitHostPort(c.Address)
		if err != nil {
			host = c.Address
		}
		options.TLSConfig = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	}
	return &Cache{client: redis.NewClient(options), prefix: c.Prefix, timeout: c.Timeout, clock: c.Clock, logger: c.Logger}
}

// Close ends the connections.
func (c *Cache) Close() error { return c.client.Close() }

// Get implements app.Cache.
func (c *Cache) Get(ctx context.Context, scope, key string) (kept *app.Kept, mark string) {
	c.ask(ctx, func(ctx context.Context) error {
		// Two commands rather than one: in a cluster the keys are in two places. The
		// mark comes first, so that a page is never newer than its mark.
		p := c.client.Pipeline()
		marked, page := p.Get(ctx, c.mark(scope)), p.Get(ctx, c.page(key))
		if _, err := p.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		mark = marked.Val()
		if text := page.Val(); text != "" {
			kept = decode(text)
		}
		return nil
	})
	return kept, mark
}

// Put implements app.Cache.
func (c *Cache) Put(ctx context.Context, key string, kept app.Kept, life time.Duration) {
	c.ask(ctx, func(ctx context.Context) error {
		text, err := encode(kept)
		if err != nil {
			return err
		}
		return c.client.Set(ctx, c.page(key), text, life).Err()
	})
}

// Claim implements app.Cache.
func (c *Cache) Claim(ctx context.Context, key string, lease time.Duration) bool {
	claimed := true
	c.ask(ctx, func(ctx context.Context) error {
		err := c.client.SetArgs(ctx, c.claim(key), "", redis.SetArgs{Mode: "NX", TTL: lease}).Err()
		if errors.Is(err, redis.Nil) {
			claimed, err = false, nil
		}
		return err
	})
	return claimed
}

// Release implements app.Cache. Who is late ends another's claim, which costs a
// load.
func (c *Cache) Release(ctx context.Context, key string) {
	c.ask(ctx, func(ctx context.Context) error { return c.client.Del(ctx, c.claim(key)).Err() })
}

// Renew implements app.Cache.
func (c *Cache) Renew(ctx context.Context, life time.Duration, scopes ...string) {
	c.ask(ctx, func(ctx context.Context) error {
		_, err := c.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, scope := range scopes {
				p.Set(ctx, c.mark(scope), id.New().String(), life)
			}
			return nil
		})
		return err
	})
}

func (c *Cache) mark(scope string) string { return c.prefix + "mark:" + scope }
func (c *Cache) page(key string) string   { return c.prefix + "page:" + key }
func (c *Cache) claim(key string) string  { return c.prefix + "claim:" + key }

// ask gives Redis a moment to do it. Once it fails it is left alone for a while,
// unless only the caller gave up.
func (c *Cache) ask(caller context.Context, do func(ctx context.Context) error) {
	now := c.clock.Now()
	if now.UnixMilli() < c.rested.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(caller, c.timeout)
	defer cancel()
	err := do(ctx)
	if err == nil || caller.Err() != nil {
		return
	}
	c.rested.Store(now.Add(rest).UnixMilli())
	c.logger.WarnContext(caller, "the cache does not answer", "error", err)
}
