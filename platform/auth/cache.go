package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"ticketmesh.dev/platform/clock"
)

// trustFor bounds how long a verified token is taken without looking at its
// signature again, so that a key the issuer withdrew stops working.
const trustFor = 5 * time.Minute

const shards = 16

// Cached returns a Verifier that remembers up to about size callers that v
// verified, each until its token expires, at most for five minutes. Refusals
// are not remembered. An RSA signature costs some thirty microseconds, a
// remembered one less than one.
func Cached(v Verifier, size int, c clock.Clock) Verifier {
	cached := &cache{next: v, clock: c, perShard: max(1, size/shards)}
	for i := range cached.shards {
		cached.shards[i].entries = make(map[[sha256.Size]byte]entry)
	}
	return cached
}

type cache struct {
	next     Verifier
	clock    clock.Clock
	perShard int
	shards   [shards]shard
}

type shard struct {
	mu      sync.RWMutex
	entries map[[sha256.Size]byte]entry
}

type entry struct {
	caller Caller
	until  time.Time
}

// Verify implements Verifier.
func (c *cache) Verify(ctx context.Context, bearerToken string) (Caller, error) {
	// The cache holds digests, so that a dump of memory gives no tokens away.
	key := sha256.Sum256([]byte(bearerToken))
	s := &c.shards[key[0]%shards]
	now := c.clock.Now()
	s.mu.RLock()
	e, ok := s.entries[key]
	s.mu.RUnlock()
	if ok && now.Before(e.until) {
		return e.caller, nil
	}
	caller, err := c.next.Verify(ctx, bearerToken)
	if err != nil {
		return Caller{}, err
	}
	until := now.Add(trustFor)
	expires, ok := expiryOf(bearerToken)
	if !ok {
		return caller, nil
	}
	if expires.Before(until) {
		until = expires
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.entries[key]; !known && len(s.entries) >= c.perShard {
		s.evict(now)
	}
	s.entries[key] = entry{caller, until}
	return caller, nil
}

// evict makes room for one: by what has expired among a few, else by any. The
// order of a map is random, which is as good as least recently used here: a
// lost entry costs one verification.
func (s *shard) evict(now time.Time) {
	const look = 8
	n := 0
	for key, e := range s.entries {
		n++
		if now.Before(e.until) && n < look {
			continue
		}
		delete(s.entries, key)
		return
	}
	for key := range s.entries {
		delete(s.entries, key)
		return
	}
}

// expiryOf reads `exp` of a token that was verified before.
func expiryOf(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}, false
	}
	var c struct {
		Expiry float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &c) != nil || c.Expiry <= 0 || c.Expiry > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(c.Expiry), 0), true
}
