package issuer

import (
	"sync"
	"time"

	"ticketmesh.dev/platform/clock"
)

const (
	maxFailures   = 10
	failureWindow = time.Minute
	maxAddresses  = 10_000 // remembered at the same time
)

// limiter counts failed sign-ins per address. It forgets when the process ends,
// which is no help to who guesses: a restart is not theirs to make.
type limiter struct {
	clock clock.Clock

	mu      sync.Mutex
	windows map[string]window
}

type window struct {
	ends     time.Time
	failures int
}

func newLimiter(c clock.Clock) *limiter {
	return &limiter{clock: c, windows: make(map[string]window)}
}

// wait is how long there must be no attempt.
func (l *limiter) wait(address string) time.Duration {
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := l.windows[address]; w.failures >= maxFailures && now.Before(w.ends) {
		return w.ends.Sub(now)
	}
	return 0
}

func (l *limiter) failed(address string) {
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.windows[address]
	if !ok && len(l.windows) >= maxAddresses {
		l.makeRoom(now)
	}
	if !ok || !now.Before(w.ends) {
		w = window{ends: now.Add(failureWindow)}
	}
	w.failures++
	l.windows[address] = w
}

func (l *limiter) succeeded(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.windows, address)
}

// makeRoom drops what is over, and else the addresses with few failures: who
// floods with new ones must not free the one that is being guessed.
func (l *limiter) makeRoom(now time.Time) {
	for address, w := range l.windows {
		if !now.Before(w.ends) {
			delete(l.windows, address)
		}
	}
	for few := 1; len(l.windows) >= maxAddresses; few++ {
		for address, w := range l.windows {
			if w.failures <= few {
				delete(l.windows, address)
			}
		}
	}
}
