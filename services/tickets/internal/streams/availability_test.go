package streams_test

import (
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"ticketmesh.dev/services/tickets/internal/streams"
)

func FuzzAvailability(f *testing.F) {
	f.Add("inv#01a21310-c0ce-78ee-bb21-7d3ad38e4c02#3", "stalls#00001", []byte{64, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add("inv#", "#", []byte{})
	f.Fuzz(func(t *testing.T, pk, sk string, document []byte) {
		record := events.DynamoDBEventRecord{Change: events.DynamoDBStreamRecord{NewImage: map[string]events.DynamoDBAttributeValue{
			"pk": events.NewStringAttribute(pk), "sk": events.NewStringAttribute(sk), "doc": events.NewBinaryAttribute(document),
		}}}
		told, err := streams.Availability(record)
		if err != nil || len(told) == 0 {
			return
		}
		if _, err := told[0].MarshalCloudEvent(); err != nil {
			t.Errorf("derived what is no event: %v", err)
		}
	})
}
