package performance

import (
	"errors"

	"ticketmesh.dev/platform/id"
)

// ErrShowNotFound reports a show of which nothing was told since its performances
// were.
var ErrShowNotFound = errors.New("show not found")

// Show is what selling knows of a show beside its performances: how it is called
// now. A newer version replaces it.
type Show struct {
	ID      id.ID
	Version int
	Title   string
}
