// Package target is what commands about events and dead letters work on: a mesh,
// wherever it runs. It knows no way of running one but the embedded.
package target

import (
	"context"
	"errors"
	"time"

	"ticketmesh.dev/platform/event"
)

var (
	// ErrUnknownConsumer: the mesh has no consumer by this name.
	ErrUnknownConsumer = errors.New("unknown consumer")
	// ErrNoDeadLetter: the consumer has no dead letter with this id.
	ErrNoDeadLetter = errors.New("no such dead letter")
)

// Mesh is one mesh.
type Mesh interface {
	// Queues lists the consumers' queues by name.
	Queues(ctx context.Context) ([]Queue, error)
	// DeadLetters lists a consumer's dead letters, oldest first. Their envelopes
	// may be left out. It may fail with ErrUnknownConsumer, as the methods below.
	DeadLetters(ctx context.Context, consumer string) ([]DeadLetter, error)
	// DeadLetter returns one, whole, or fails with ErrNoDeadLetter.
	DeadLetter(ctx context.Context, consumer, id string) (DeadLetter, error)
	// Redrive delivers dead letters again, those with the ids or all, and reports
	// how many. When one of the ids is not there it moves none and fails with
	// ErrNoDeadLetter.
	Redrive(ctx context.Context, consumer string, ids ...string) (int, error)
	// Replay delivers to one consumer again the archived events whose time lies in
	// [from, to), and returns when it is done.
	Replay(ctx context.Context, consumer string, from, to time.Time) (Replay, error)
	// Publish publishes an event.
	Publish(ctx context.Context, e event.Event) error
}

// Queue is the state of a consumer's queue.
type Queue struct {
	Consumer                string
	Waiting, InFlight, Dead int
}

// DeadLetter is an event that a consumer could not handle.
type DeadLetter struct {
	ID, Consumer, Type, Subject, Reason string
	Receives                            int
	FirstAt, DeadAt                     time.Time // zero when not known
	Envelope                            []byte
}

// Replay is a replay that is done.
type Replay struct {
	Events int    // how many were delivered
	Name   string // the replay's, where it has one; then nobody has counted
}
