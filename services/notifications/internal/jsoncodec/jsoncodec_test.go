package jsoncodec_test

import (
	"reflect"
	"testing"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/jsoncodec"
	"ticketmesh.dev/services/notifications/internal/message"
)

// FuzzDecode decodes anything as anything: what is read is written and read as the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"title": "x", "venueId": "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b"}`))
	f.Add([]byte(`{"startsAt": 1, "cancelled": true, "cancelledBy": {"eventId": "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b"}, "areas": {"a": "b"}}`))
	f.Add([]byte(`{"buyer": {"customerId": "c"}, "tickets": ["0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b"], "moves": [{"version": 2, "to": {"email": "e"}}]}`))
	f.Add([]byte(`{"orderCode": "K", "tickets": [{"seat": "A-1", "amount": 1}], "expiresAt": 1}`))
	one, two := id.New(), id.New()
	f.Fuzz(func(t *testing.T, state []byte) {
		same(t, state, func(b []byte) (message.Show, error) { return jsoncodec.DecodeShow(one, 1, b) }, jsoncodec.EncodeShow)
		same(t, state, func(b []byte) (message.Venue, error) { return jsoncodec.DecodeVenue(one, 1, b) }, jsoncodec.EncodeVenue)
		same(t, state, func(b []byte) (message.Performance, error) { return jsoncodec.DecodePerformance(one, 1, b) }, jsoncodec.EncodePerformance)
		same(t, state, func(b []byte) (message.Purchase, error) { return jsoncodec.DecodePurchase(one, two, b) }, jsoncodec.EncodePurchase)
		same(t, state, jsoncodec.DecodeContent, jsoncodec.EncodeContent)
	})
}

func same[T any](t *testing.T, state []byte, decode func([]byte) (T, error), encode func(T) ([]byte, error)) {
	t.Helper()
	read, err := decode(state)
	if err != nil {
		return
	}
	// What is left out when it is empty may have stood there: it is gone after a round.
	for range 2 {
		encoded, err := encode(read)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decode(encoded)
		if err != nil {
			t.Fatalf("%s cannot be read: %v", encoded, err)
		}
		twice, err := encode(again)
		if err != nil || !reflect.DeepEqual(twice, encoded) {
			t.Errorf("%s became %s, %v", encoded, twice, err)
		}
		read = again
	}
}
