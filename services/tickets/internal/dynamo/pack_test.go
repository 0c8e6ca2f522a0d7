package dynamo_test

import (
	"encoding/base64"
	"maps"
	"testing"

	"ticketmesh.dev/services/tickets/internal/dynamo"
)

// TestWhatWasPackedIsUnpackedForEver has bytes as the first release packed them.
func TestWhatWasPackedIsUnpackedForEver(t *testing.T) {
	t.Parallel()
	const packed = "qsbwJMzUxLy8RDSTUfyP5rhaQAAAAP//"
	want := map[string]string{"area": "stalls", "seat": "1-1", "status": "valid", "email": "anna@example.com"}
	raw, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := dynamo.Unpack(raw, &got); err != nil || !maps.Equal(got, want) {
		t.Errorf("read %v, %v, want %v", got, err, want)
	}
	again, err := dynamo.Pack(want)
	if err != nil || len(again) > len(raw) {
		t.Errorf("packs into %s, %v", base64.StdEncoding.EncodeToString(again), err)
	}
}

func FuzzUnpack(f *testing.F) {
	packed, err := dynamo.Pack(map[string]string{"status": "valid"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, packed []byte) {
		var row any
		if dynamo.Unpack(packed, &row) != nil {
			return
		}
		again, err := dynamo.Pack(row)
		if err != nil {
			t.Fatal(err)
		}
		if err := dynamo.Unpack(again, &row); err != nil {
			t.Errorf("what was unpacked and packed again: %v", err)
		}
	})
}
