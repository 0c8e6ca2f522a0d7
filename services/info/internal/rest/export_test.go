package rest

// The coder of cursors, for its tests.
var (
	EncodeCursor = encodeCursor[Place]
	DecodeCursor = decodeCursor[Place]
)

// Place is like the places in lists.
type Place struct {
	Name string
	Page bool
}
