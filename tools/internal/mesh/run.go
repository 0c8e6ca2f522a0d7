package mesh

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/outbox"
	"ticketmesh.dev/platform/sqlitebus"
)

const (
	// drainTimeout bounds how long requests in flight get when told to stop; the
	// consumers drain at the same time and the relays after them, within 10 s.
	drainTimeout      = 5 * time.Second
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 60 * time.Second
	idleTimeout       = 120 * time.Second
)

// Run serves until ctx ends, then drains: requests in flight finish, handlers
// finish and acknowledge, outboxes are relayed, stores close. ready is called
// once the mesh serves. An error means that something stopped by itself or did
// not stop.
func (m *Mesh) Run(ctx context.Context, ready func()) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	relaying, stopRelays := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRelays()

	server := &http.Server{
		Handler: m.handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
	}
	var unused fresh
	server.ConnState = unused.watch

	var work, relays group
	for _, s := range m.services {
		if s.Outbox != nil {
			relay := outbox.NewRelay(s.Outbox, m.bus.Publisher(), m.config.Logger)
			relays.start(relaying, stop, s.Name+"-relay", relay.Run)
		}
		for _, job := range s.Jobs {
			work.start(running, stop, job.Name, job.Run)
		}
	}
	work.start(running, stop, "consumers", m.consume)
	work.start(running, stop, "bus", m.bus.Run)
	work.start(running, stop, "http", func(context.Context) error {
		if err := server.Serve(m.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	ready()
	<-running.Done()

	m.config.Logger.Info("draining")
	m.endStreams()
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	patience := time.AfterFunc(freshTimeout, unused.close)
	defer patience.Stop()
	shutdown := server.Shutdown(draining)
	if shutdown != nil {
		shutdown = fmt.Errorf("requests in flight: %w", errors.Join(shutdown, server.Close()))
	}
	worked := work.wait()
	stopRelays()
	return errors.Join(shutdown, worked, relays.wait(), m.close())
}

// subscribe makes the durable queue of every consumer. It comes before anything
// is published: what is published before a queue exists never gets there.
func (m *Mesh) subscribe() error {
	m.subscribers = map[string]message.Subscriber{}
	for _, s := range m.services {
		for _, subscription := range s.Subscriptions {
			subscriber := m.bus.Subscriber(sqlitebus.SubscriberConfig{Queue: subscription.Name, Types: subscription.Types})
			if err := subscriber.SubscribeInitialize(event.Topic); err != nil {
				return fmt.Errorf("queue %s: %w", subscription.Name, err)
			}
			m.subscribers[subscription.Name] = subscriber
			m.subscriptions = append(m.subscriptions, subscription)
		}
	}
	return nil
}

func (m *Mesh) consume(ctx context.Context) error {
	return consumer.Run(ctx, m.subscriptions, func(s consumer.Subscription) (message.Subscriber, error) {
		return m.subscribers[s.Name], nil
	}, m.config.Logger)
}

// group is jobs that run until they are told to stop.
type group struct {
	wg       sync.WaitGroup
	mu       sync.Mutex
	failures []error
}

// start runs the job. One that ends before ctx does takes the whole mesh down:
// half a mesh sells what it does not deliver.
func (g *group) start(ctx context.Context, stop context.CancelFunc, name string, run func(context.Context) error) {
	g.wg.Go(func() {
		err := run(ctx)
		if err == nil && ctx.Err() != nil {
			return
		}
		if err == nil && name != "http" {
			err = errors.New("ended by itself")
		}
		if err != nil {
			g.mu.Lock()
			g.failures = append(g.failures, fmt.Errorf("%s: %w", name, err))
			g.mu.Unlock()
		}
		stop()
	})
}

func (g *group) wait() error {
	g.wg.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	return errors.Join(g.failures...)
}
