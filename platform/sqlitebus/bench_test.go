package sqlitebus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/outbox"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/platform/sqlitebus"
)

var benchData = json.RawMessage(`{"orderId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f","version":1,"performanceId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e60","buyer":{"id":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e61","email":"customer@example.com","language":"en"},"total":{"amount":12500,"currency":"EUR"},"tickets":[{"ticketId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e62","areaId":"stalls","seat":"A-1","code":"eyJhbGciOiJFZERTQSJ9"},{"ticketId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e63","areaId":"stalls","seat":"A-2","code":"eyJhbGciOiJFZERTQSJ9"}]}`)

func benchEvent() event.Event {
	return event.New(context.Background(), "/ticketmesh/tickets", "ticketmesh.tickets.order.confirmed.v1", "018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f",
		"https://ticketmesh.dev/events/tickets/order.confirmed.v1.schema.json", time.Now(), benchData)
}

func benchBus(b *testing.B) *sqlitebus.Bus {
	b.Helper()
	bus, err := sqlitebus.Open(b.Context(), filepath.Join(b.TempDir(), "bus.db"), sqlitebus.Options{Owner: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { bus.Close() })
	return bus
}

func BenchmarkPublish(b *testing.B) {
	for _, batch := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			bus := benchBus(b)
			for _, q := range []string{"a", "b"} {
				if err := bus.Subscriber(sqlitebus.SubscriberConfig{Queue: q}).SubscribeInitialize(event.Topic); err != nil {
					b.Fatal(err)
				}
			}
			messages := make([]*message.Message, b.N)
			for i := range messages {
				e := benchEvent()
				raw, err := e.MarshalCloudEvent()
				if err != nil {
					b.Fatal(err)
				}
				messages[i] = event.ToMessage(e, raw)
			}
			pub := bus.Publisher()
			b.ReportAllocs()
			b.ResetTimer()
			for len(messages) > 0 {
				n := min(batch, len(messages))
				if err := pub.Publish(event.Topic, messages[:n]...); err != nil {
					b.Fatal(err)
				}
				messages = messages[n:]
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// cpuTime is what the process has used on all cores.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRelayToConsumer is the way of an event after its commit: outbox,
// relay, bus, and a handler behind Watermill's router.
func BenchmarkRelayToConsumer(b *testing.B) {
	for _, queues := range []int{1, 3} {
		b.Run(fmt.Sprintf("queues=%d", queues), func(b *testing.B) {
			db, err := sqlite.Open(b.Context(), sqlite.Config{Path: filepath.Join(b.TempDir(), "service.db")})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			bus := benchBus(b)
			ctx, cancel := context.WithCancel(b.Context())
			var handled atomic.Int64
			all := make(chan struct{})
			var subs []consumer.Subscription
			for q := range queues {
				subs = append(subs, consumer.Subscription{
					Name: fmt.Sprintf("queue-%d", q),
					Handle: func(context.Context, event.Event) error {
						if handled.Add(1) == int64(b.N*queues) {
							close(all)
						}
						return nil
					},
				})
			}
			for _, s := range subs {
				if err := bus.Subscriber(sqlitebus.SubscriberConfig{Queue: s.Name}).SubscribeInitialize(event.Topic); err != nil {
					b.Fatal(err)
				}
			}
			for n := 0; n < b.N; n += 64 {
				if err := db.Write(ctx, func(tx *sqlite.Tx) error {
					for range min(64, b.N-n) {
						if err := tx.Publish(ctx, benchEvent()); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			logger := slog.New(slog.DiscardHandler)
			stopped := make(chan error, 2)
			b.ReportAllocs()
			cpu := cpuTime(b)
			b.ResetTimer()
			go func() {
				stopped <- consumer.Run(ctx, subs, func(s consumer.Subscription) (message.Subscriber, error) {
					return bus.Subscriber(sqlitebus.SubscriberConfig{Queue: s.Name, Types: s.Types}), nil
				}, logger)
			}()
			go func() { stopped <- outbox.NewRelay(db.Outbox(), bus.Publisher(), logger).Run(ctx) }()
			<-all
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64((cpuTime(b)-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
			cancel()
			for range 2 {
				if err := <-stopped; err != nil {
					b.Error(err)
				}
			}
		})
	}
}

// BenchmarkPull is what a consumer outside costs: receiving and acknowledging by
// the hundred.
func BenchmarkPull(b *testing.B) {
	bus := benchBus(b)
	if _, err := bus.PutPullQueue(b.Context(), sqlitebus.PullConfig{Name: "a", Owner: "ada", Topic: event.Topic}); err != nil {
		b.Fatal(err)
	}
	q, err := bus.PullQueue(b.Context(), "a")
	if err != nil {
		b.Fatal(err)
	}
	const batch = 100
	for i := 0; i < b.N; i += batch {
		messages := make([]*message.Message, min(batch, b.N-i))
		for k := range messages {
			e := benchEvent()
			raw, err := e.MarshalCloudEvent()
			if err != nil {
				b.Fatal(err)
			}
			messages[k] = event.ToMessage(e, raw)
		}
		if err := bus.Publisher().Publish(event.Topic, messages...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	cpu := cpuTime(b)
	b.ResetTimer()
	for got := 0; got < b.N; {
		received, err := q.Receive(b.Context(), sqlitebus.ReceiveOptions{Max: batch, Lock: time.Minute})
		if err != nil {
			b.Fatal(err)
		}
		tokens := make([]string, len(received))
		for i, r := range received {
			tokens[i] = r.LockToken
		}
		if _, err := q.Acknowledge(b.Context(), tokens); err != nil {
			b.Fatal(err)
		}
		got += len(received)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((cpuTime(b)-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
}
