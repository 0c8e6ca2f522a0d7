package message

import (
	"crypto/sha256"
	"strings"

	"ticketmesh.dev/platform/id"
)

// DeriveID returns the one id of the message about an event to a recipient: a UUIDv7 with the event's time down to
// its fraction of a millisecond, so that ids sort as the events do, and a digest of all three in place of random bits.
func DeriveID(eventID id.ID, to Recipient, template Template) id.ID {
	h := sha256.New()
	h.Write(eventID[:])
	for _, part := range []string{to.CustomerID, strings.ToLower(to.Email), string(template)} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	sum := h.Sum(nil)
	var derived id.ID
	copy(derived[:8], eventID[:8])
	copy(derived[8:], sum)
	derived[6] = derived[6]&0x0F | 0x70 // version 7
	derived[8] = derived[8]&0x3F | 0x80 // RFC 9562's variant
	return derived
}
