package dynamo

// How rows are packed, for tests.
var (
	Pack   = pack
	Unpack = unpack
)
