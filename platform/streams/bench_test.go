package streams_test

import (
	"log/slog"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/platform/streams"
)

// nowhere publishes to nobody.
type nowhere struct{}

func (nowhere) Publish(string, ...*message.Message) error { return nil }
func (nowhere) Close() error                              { return nil }

// BenchmarkHandle is what relaying a batch of 100 records with an event each costs, beside
// the publishing; per event it is a hundredth.
func BenchmarkHandle(b *testing.B) {
	var batch events.DynamoDBEvent
	for range 100 {
		batch.Records = append(batch.Records, record(b, "1", outbox(b, "s")))
	}
	relay := streams.NewRelay(nowhere{}, slog.New(slog.DiscardHandler))
	b.ReportAllocs()
	for b.Loop() {
		if response, _ := relay.Handle(b.Context(), batch); len(response.BatchItemFailures) != 0 {
			b.Fatal(response)
		}
	}
}
