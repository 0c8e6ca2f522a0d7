package sqlitebus

import (
	"encoding/base64"
	"encoding/binary"
)

// lock is what a token says: a delivery, and the random lease that it has while
// it is with whoever got the token.
type lock struct{ queue, seq, lease int64 }

const (
	lockBytes = 3 * 8
	lockChars = lockBytes / 3 * 4
)

func encodeLock(l lock) string {
	b := make([]byte, 0, lockBytes)
	for _, v := range [...]int64{l.queue, l.seq, l.lease} {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeLock reads what encodeLock wrote; ok is false for anything else.
func decodeLock(token string) (l lock, ok bool) {
	if len(token) != lockChars {
		return lock{}, false
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != lockBytes { // line breaks are skipped
		return lock{}, false
	}
	at := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[8*i:])) }
	return lock{at(0), at(1), at(2)}, true
}
