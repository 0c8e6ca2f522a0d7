package sqlitebus

import (
	"context"

	"ticketmesh.dev/platform/sqlite"
)

// Kill closes the bus's file under its feet, as the death of its process does:
// nothing is given back, no answer is stored.
func Kill(b *Bus) { b.db.Close() }

// Duplicate makes every delivery wait a second time, as a redrive that races a
// replay may.
func Duplicate(b *Bus, visibleAt int64) {
	err := b.db.Write(context.Background(), func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO deliveries SELECT queue, ?, seq, 0, 0, 0 FROM deliveries`, visibleAt)
		return err
	})
	if err != nil {
		panic(err)
	}
}

// For the fuzz tests of what is stored.
var (
	EncodeMetadata = encodeMetadata
	DecodeMetadata = decodeMetadata
	PackID         = packID
	UnpackID       = unpackID
)

// Listeners is how many receivers wait for something to come.
func Listeners(b *Bus) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, bells := range b.waiting {
		n += len(bells)
	}
	return n
}

// Recode decodes a lock token and encodes it again; "" when it is none.
func Recode(token string) (string, bool) {
	l, ok := decodeLock(token)
	if !ok {
		return "", false
	}
	return encodeLock(l), true
}
