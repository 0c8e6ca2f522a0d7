package sqlite

import (
	"encoding/binary"
	"fmt"
	"time"

	"ticketmesh.dev/platform/id"
)

// claimBytes is the size of a stored claim: the hold, what it claims, until when.
const claimBytes = 16 + 8 + 8

func appendClaim(encoded []byte, holdID id.ID, claimed uint64, until time.Time) []byte {
	encoded = append(encoded, holdID[:]...)
	encoded = binary.BigEndian.AppendUint64(encoded, claimed)
	return binary.BigEndian.AppendUint64(encoded, uint64(millis(until)))
}

func eachClaim(encoded []byte, fn func(holdID id.ID, claimed uint64, until time.Time)) error {
	if len(encoded)%claimBytes != 0 {
		return fmt.Errorf("claims of %d bytes", len(encoded))
	}
	for ; len(encoded) > 0; encoded = encoded[claimBytes:] {
		fn(id.ID(encoded[:16]), binary.BigEndian.Uint64(encoded[16:24]), instant(int64(binary.BigEndian.Uint64(encoded[24:32]))))
	}
	return nil
}
