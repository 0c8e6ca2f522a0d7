package redis

// The forms of pages, for their tests.
var (
	Encode = encode
	Decode = decode
)
