package event_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"ticketmesh.dev/platform/event"
)

func sample() event.Event {
	ctx := event.WithTrace(context.Background(), event.Trace{
		CorrelationID: "018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e70",
		CausationID:   "018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e71",
		TraceParent:   "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	})
	return event.New(ctx, "/ticketmesh/tickets", "ticketmesh.tickets.order.confirmed.v1", "018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f",
		"https://ticketmesh.dev/events/tickets/order.confirmed.v1.schema.json", time.Now(),
		json.RawMessage(`{"orderId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e6f","version":1,"performanceId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e60","buyer":{"id":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e61","email":"customer@example.com","language":"en"},"total":{"amount":12500,"currency":"EUR"},"tickets":[{"ticketId":"018f2f4e-7b1a-7c3d-8e4f-1a2b3c4d5e62","areaId":"stalls","seat":"A-1","code":"eyJhbGciOiJFZERTQSJ9"}]}`))
}

func BenchmarkMarshalCloudEvent(b *testing.B) {
	e := sample()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.MarshalCloudEvent(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseCloudEvent(b *testing.B) {
	own, err := sample().MarshalCloudEvent()
	if err != nil {
		b.Fatal(err)
	}
	foreign := append([]byte(`{"tenant":"x",`), own[1:]...)
	for name, raw := range map[string][]byte{"own": own, "foreign": foreign} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if _, err := event.ParseCloudEvent(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
