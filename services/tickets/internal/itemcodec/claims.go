package itemcodec

import (
	"encoding/binary"
	"fmt"
	"time"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/inventory"
)

// claimBytes is the size of a stored claim: the hold, what it claims, until when.
const claimBytes = 16 + 8 + 8

// EncodeClaims writes the claims of a partition, 32 bytes each.
func EncodeClaims(claims []inventory.Claim) []byte {
	encoded := make([]byte, 0, len(claims)*claimBytes)
	for _, claim := range claims {
		encoded = appendClaim(encoded, claim.HoldID, uint64(claim.Slots), claim.Until)
	}
	return encoded
}

// DecodeClaims reads what EncodeClaims returned.
func DecodeClaims(encoded []byte) ([]inventory.Claim, error) {
	claims := make([]inventory.Claim, 0, len(encoded)/claimBytes+1)
	err := eachClaim(encoded, func(holdID id.ID, slots uint64, until time.Time) {
		claims = append(claims, inventory.Claim{HoldID: holdID, Slots: inventory.Slots(slots), Until: until})
	})
	return claims, err
}

// EncodeBuyerClaims writes the claims of a buyer, 32 bytes each.
func EncodeBuyerClaims(claims []buyer.Claim) []byte {
	encoded := make([]byte, 0, len(claims)*claimBytes)
	for _, claim := range claims {
		encoded = appendClaim(encoded, claim.HoldID, uint64(claim.Quantity), claim.Until)
	}
	return encoded
}

// DecodeBuyerClaims reads what EncodeBuyerClaims returned.
func DecodeBuyerClaims(encoded []byte) ([]buyer.Claim, error) {
	claims := make([]buyer.Claim, 0, len(encoded)/claimBytes+1)
	err := eachClaim(encoded, func(holdID id.ID, quantity uint64, until time.Time) {
		claims = append(claims, buyer.Claim{HoldID: holdID, Quantity: int(quantity), Until: until})
	})
	return claims, err
}

func appendClaim(encoded []byte, holdID id.ID, claimed uint64, until time.Time) []byte {
	encoded = append(encoded, holdID[:]...)
	encoded = binary.BigEndian.AppendUint64(encoded, claimed)
	return binary.BigEndian.AppendUint64(encoded, uint64(Millis(until)))
}

func eachClaim(encoded []byte, fn func(holdID id.ID, claimed uint64, until time.Time)) error {
	if len(encoded)%claimBytes != 0 {
		return fmt.Errorf("claims of %d bytes", len(encoded))
	}
	for ; len(encoded) > 0; encoded = encoded[claimBytes:] {
		fn(id.ID(encoded[:16]), binary.BigEndian.Uint64(encoded[16:24]), Instant(int64(binary.BigEndian.Uint64(encoded[24:32]))))
	}
	return nil
}
