package awsconfig

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/singleflight"

	"ticketmesh.dev/platform/clock"
)

const (
	// DefaultMaxAge is how old a value may get until it is read again.
	DefaultMaxAge = 5 * time.Minute
	// pause is how long after a failed refresh the old value is given out without
	// another try: an outage must not slow down every request.
	pause = 30 * time.Second
	// readTimeout bounds one reading with all its tries. It is not the caller's
	// deadline: others wait for the same reading.
	readTimeout = 8 * time.Second
)

// Options of a Value; the zero value is fine.
type Options struct {
	MaxAge time.Duration // DefaultMaxAge when 0
	Clock  clock.Clock   // clock.System when nil
}

// Value is something kept at AWS, parsed. It is read when it is first asked for, kept,
// and read again once it is older than MaxAge. It is safe for concurrent use; of all
// that want it at the same time one reads. A Value that is never asked for costs
// nothing.
type Value[T any] struct {
	name   string
	read   func(ctx context.Context) (string, error)
	parse  func(string) (T, error)
	maxAge time.Duration
	clock  clock.Clock

	flight singleflight.Group

	mu     sync.Mutex
	kept   bool
	value  T
	readAt time.Time
	// notBefore holds refreshes back after one has failed.
	notBefore time.Time
}

// NewSecret returns the current version of a secret in Secrets Manager, by name or
// ARN. What parse returns is shared by all callers; its errors must not quote the value.
func NewSecret[T any](c aws.Config, id string, parse func(string) (T, error), o Options) *Value[T] {
	return newValue("secret "+id, func(ctx context.Context) (string, error) { return readSecret(ctx, c, id) }, parse, o)
}

// NewParameter returns a parameter of Systems Manager's Parameter Store, decrypted.
// What parse returns is shared by all callers.
func NewParameter[T any](c aws.Config, name string, parse func(string) (T, error), o Options) *Value[T] {
	return newValue("parameter "+name, func(ctx context.Context) (string, error) { return readParameter(ctx, c, name) }, parse, o)
}

// Text is the parse function of values that are used as they are.
func Text(s string) (string, error) { return s, nil }

func newValue[T any](name string, read func(context.Context) (string, error), parse func(string) (T, error), o Options) *Value[T] {
	v := &Value[T]{name: name, read: read, parse: parse, maxAge: o.MaxAge, clock: o.Clock}
	if v.maxAge <= 0 {
		v.maxAge = DefaultMaxAge
	}
	if v.clock == nil {
		v.clock = clock.System{}
	}
	return v
}

// Get returns the value. When it is too old and cannot be read or parsed again, the
// old one is returned, and for half a minute nothing is tried; there is an error only
// while there has never been a value, or when ctx ends.
func (v *Value[T]) Get(ctx context.Context) (T, error) {
	v.mu.Lock()
	value, kept := v.value, v.kept
	now := v.clock.Now()
	fresh := kept && (now.Sub(v.readAt) < v.maxAge || now.Before(v.notBefore))
	v.mu.Unlock()
	if fresh {
		return value, nil
	}
	got, err := v.Refresh(ctx)
	if err != nil && kept && ctx.Err() == nil {
		return value, nil
	}
	return got, err
}

// Refresh reads the value now, however young the kept one is: for a caller whom the
// value did not let in. A failure is an error, and the kept value stays.
func (v *Value[T]) Refresh(ctx context.Context) (T, error) {
	done := v.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		return v.fetch(ctx)
	})
	var zero T
	select {
	case <-ctx.Done():
		return zero, fmt.Errorf("%s: %w", v.name, ctx.Err())
	case r := <-done:
		if r.Err != nil {
			return zero, fmt.Errorf("%s: %w", v.name, r.Err)
		}
		value, _ := r.Val.(T) // of an interface type it may be nil
		return value, nil
	}
}

func (v *Value[T]) fetch(ctx context.Context) (T, error) {
	text, err := v.read(ctx)
	var value T
	if err == nil {
		value, err = v.parse(text)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.clock.Now()
	if err != nil {
		v.notBefore = now.Add(pause)
		return value, err
	}
	v.kept, v.value, v.readAt, v.notBefore = true, value, now, time.Time{}
	return value, nil
}
