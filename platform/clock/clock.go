// Package clock is the one source of the current time, so that tests move time
// and no code below the composition root reads the machine's clock.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time in UTC, in whole milliseconds: what events and the API
// can express, so that a time read back equals the time that was written.
type Clock interface {
	Now() time.Time
}

// System is the machine's clock.
type System struct{}

// Now implements Clock.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Manual is a clock that moves only when told. It is safe for concurrent use.
type Manual struct {
	mu  sync.RWMutex
	now time.Time
}

// NewManual returns a clock that stands at t.
func NewManual(t time.Time) *Manual {
	return &Manual{now: t.UTC().Truncate(time.Millisecond)}
}

// Now implements Clock.
func (m *Manual) Now() time.Time {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.now
}

// Advance moves the clock by d, which may be negative: clocks do go back.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d).Truncate(time.Millisecond)
}

// Set moves the clock to t.
func (m *Manual) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = t.UTC().Truncate(time.Millisecond)
}
