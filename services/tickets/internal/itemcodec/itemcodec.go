// Package itemcodec is how parts of the entities are written in a store: what
// every store packs alike. It decides nothing and knows no store.
package itemcodec

import (
	"fmt"
	"time"

	"ticketmesh.dev/platform/id"
)

// Millis is how times are stored: Unix milliseconds, 0 for none.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Instant reads what Millis returned.
func Instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// EncodeIDs writes ids one after the other, 16 bytes each.
func EncodeIDs(ids []id.ID) []byte {
	encoded := make([]byte, 0, len(ids)*16)
	for _, v := range ids {
		encoded = append(encoded, v[:]...)
	}
	return encoded
}

// DecodeIDs reads what EncodeIDs returned.
func DecodeIDs(encoded []byte) ([]id.ID, error) {
	if len(encoded)%16 != 0 {
		return nil, fmt.Errorf("ids of %d bytes", len(encoded))
	}
	var ids []id.ID
	for ; len(encoded) > 0; encoded = encoded[16:] {
		ids = append(ids, id.ID(encoded[:16]))
	}
	return ids, nil
}
