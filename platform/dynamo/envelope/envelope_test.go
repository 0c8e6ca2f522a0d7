package envelope_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"ticketmesh.dev/platform/dynamo/envelope"
	"ticketmesh.dev/platform/id"
)

func TestEventsAreUnpackedAsPacked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give []string
	}{
		{"one", []string{`{"a":1}`}},
		{"in order", []string{`{"a":1}`, `{"b":"歌舞伎"}`, `{"a":1}`}},
		{"a large one", []string{`{"a":"` + string(bytes.Repeat([]byte("x"), 300_000)) + `"}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			give := make([][]byte, len(tt.give))
			for i, each := range tt.give {
				give[i] = []byte(each)
			}
			packed, err := envelope.Pack(give)
			if err != nil {
				t.Fatal(err)
			}
			got, err := envelope.Unpack(packed)
			if err != nil || !slices.EqualFunc(got, give, bytes.Equal) {
				t.Errorf("unpacked %q, %v, want %q", got, err, give)
			}
		})
	}
}

func TestWhatIsNoLineIsNotPacked(t *testing.T) {
	t.Parallel()
	for _, give := range []string{"", "{\n}"} {
		if _, err := envelope.Pack([][]byte{[]byte(give)}); err == nil {
			t.Errorf("%q was packed", give)
		}
	}
}

func TestWhatWasNotPackedIsMalformed(t *testing.T) {
	t.Parallel()
	packed, err := envelope.Pack([][]byte{[]byte(`{"a":1}`)})
	if err != nil {
		t.Fatal(err)
	}
	huge, err := envelope.Pack([][]byte{bytes.Repeat([]byte("x"), 17<<20)})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		give []byte
	}{
		{"nothing", nil},
		{"text", []byte(`{"a":1}`)},
		{"cut off", packed[:len(packed)-2]},
		{"more than an item can have been", huge},
	}
	for _, tt := range tests {
		if got, err := envelope.Unpack(tt.give); !errors.Is(err, envelope.ErrMalformed) {
			t.Errorf("%s: %d events, %v, want ErrMalformed", tt.name, len(got), err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	packed, err := envelope.Pack([][]byte{[]byte(`{"a":1}`), []byte(`{}`)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Add([]byte{3, 0})
	f.Fuzz(func(t *testing.T, give []byte) {
		events, err := envelope.Unpack(give)
		if err != nil {
			if !errors.Is(err, envelope.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		again, err := envelope.Pack(events)
		if err != nil {
			t.Fatalf("what was unpacked is not packed again: %v", err)
		}
		if got, err := envelope.Unpack(again); err != nil || !slices.EqualFunc(got, events, bytes.Equal) {
			t.Fatalf("unpacked %q, then %q, %v", events, got, err)
		}
	})
}

// BenchmarkPack packs an event of some 2.5 KB.
func BenchmarkPack(b *testing.B) {
	var encoded bytes.Buffer
	encoded.WriteString(`{"specversion":"1.0","type":"ticketmesh.tickets.order.confirmed.v1","data":{"tickets":[`)
	for range 20 {
		fmt.Fprintf(&encoded, `{"ticketId":%q,"areaId":"stalls","price":{"amount":4200,"currency":"EUR"}},`, id.New())
	}
	encoded.WriteString(`{}]}}`)
	b.ReportAllocs()
	for b.Loop() {
		packed, err := envelope.Pack([][]byte{encoded.Bytes()})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(packed)), "packed-bytes")
	}
}
