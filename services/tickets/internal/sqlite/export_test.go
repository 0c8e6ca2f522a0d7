package sqlite

// What rows hold, for tests of their coding.
var (
	EncodeItems       = encodeItems
	DecodeItems       = decodeItems
	EncodeClaims      = encodeClaims
	DecodeClaims      = decodeClaims
	EncodeBuyerClaims = encodeBuyerClaims
	DecodeBuyerClaims = decodeBuyerClaims
)
