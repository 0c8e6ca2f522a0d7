package sqs

import (
	"context"
	"errors"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
)

var errClosed = errors.New("subscriber is closed")

// Feed is a Watermill subscriber that is fed by Lambda: what the function is
// invoked with comes out of it, and the invocation waits for the answers. It has
// one queue and gives each message to one of its subscriptions.
type Feed struct {
	in     chan *message.Message
	closed chan struct{}
	close  func()
	active sync.WaitGroup
}

var _ message.Subscriber = (*Feed)(nil)

func newFeed() *Feed {
	f := &Feed{in: make(chan *message.Message), closed: make(chan struct{})}
	f.close = sync.OnceFunc(func() { close(f.closed) })
	return f
}

// Subscribe implements message.Subscriber. The topic is not looked at.
func (f *Feed) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	select {
	case <-f.closed:
		return nil, errClosed
	default:
	}
	out := make(chan *message.Message)
	f.active.Go(func() {
		defer close(out)
		for {
			select {
			case m := <-f.in:
				select {
				case out <- m:
					continue
				case <-ctx.Done():
				case <-f.closed:
				}
				m.Nack()
				return
			case <-ctx.Done():
				return
			case <-f.closed:
				return
			}
		}
	})
	return out, nil
}

// Close ends the subscriptions. It may be called twice.
func (f *Feed) Close() error {
	f.close()
	f.active.Wait()
	return nil
}
