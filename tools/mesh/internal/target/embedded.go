package target

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/sqlitebus"
)

// Embedded is the mesh of a data folder, whether or not it runs.
type Embedded struct{ Bus *sqlitebus.Bus }

var _ Mesh = Embedded{}

// Queues implements Mesh.
func (e Embedded) Queues(ctx context.Context) ([]Queue, error) {
	infos, err := e.Bus.Queues(ctx)
	queues := make([]Queue, len(infos))
	for i, q := range infos {
		queues[i] = Queue{Consumer: q.Name, Waiting: q.Depth, InFlight: q.InFlight, Dead: q.Dead}
	}
	return queues, err
}

// DeadLetters implements Mesh.
func (e Embedded) DeadLetters(ctx context.Context, consumer string) ([]DeadLetter, error) {
	found, err := e.Bus.DeadLetters(ctx, consumer)
	letters := make([]DeadLetter, len(found))
	for i, l := range found {
		letters[i] = letter(l)
	}
	return letters, known(err)
}

// DeadLetter implements Mesh.
func (e Embedded) DeadLetter(ctx context.Context, consumer, id string) (DeadLetter, error) {
	found, err := e.Bus.DeadLetter(ctx, consumer, id)
	return letter(found), known(err)
}

func letter(l sqlitebus.DeadLetter) DeadLetter {
	return DeadLetter{
		ID: l.ID, Consumer: l.Queue, Type: l.Type, Subject: l.Subject, Reason: l.Reason, Receives: l.Receives,
		FirstAt: l.FirstAt, DeadAt: l.DeadAt, Envelope: l.Envelope,
	}
}

// Redrive implements Mesh.
func (e Embedded) Redrive(ctx context.Context, consumer string, ids ...string) (int, error) {
	n, err := e.Bus.Redrive(ctx, consumer, ids...)
	return n, known(err)
}

// Replay implements Mesh.
func (e Embedded) Replay(ctx context.Context, consumer string, from, to time.Time) (Replay, error) {
	n, err := e.Bus.Replay(ctx, consumer, from, to)
	return Replay{Events: n}, known(err)
}

// Publish implements Mesh.
func (e Embedded) Publish(_ context.Context, published event.Event) error {
	encoded, err := published.MarshalCloudEvent()
	if err != nil {
		return err
	}
	return e.Bus.Publisher().Publish(event.Topic, event.ToMessage(published, encoded))
}

// known puts the bus's errors into the words of Mesh.
func known(err error) error {
	switch {
	case errors.Is(err, sqlitebus.ErrUnknownQueue):
		return fmt.Errorf("%w: %w", ErrUnknownConsumer, err)
	case errors.Is(err, sqlitebus.ErrNoDeadLetter):
		return fmt.Errorf("%w: %w", ErrNoDeadLetter, err)
	}
	return err
}
