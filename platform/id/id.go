// Package id makes and reads the identifiers of Ticketmesh: UUIDv7 (RFC 9562),
// which sort by the time they were made. It knows nothing of what they name.
package id

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// ID is a UUID. The zero value is Nil and names nothing.
type ID = uuid.UUID

// Nil is the ID that names nothing.
var Nil ID

// ErrMalformed reports a string that is not a UUID in its canonical form.
var ErrMalformed = errors.New("malformed id")

// New returns a new UUIDv7. IDs made by one process never decrease.
func New() ID {
	// NewV7 fails only when the system's random source does, and then no
	// identifier made here could be trusted.
	return uuid.Must(uuid.NewV7())
}

// Parse reads the canonical form, 36 characters with hyphens. Other spellings
// that name the same UUID (braces, urn:uuid:, no hyphens) are ErrMalformed, so
// that one entity has one name.
func Parse(s string) (ID, error) {
	if len(s) != 36 {
		return Nil, fmt.Errorf("%w: %q", ErrMalformed, s)
	}
	v, err := uuid.Parse(s)
	if err != nil {
		return Nil, fmt.Errorf("%w: %q", ErrMalformed, s)
	}
	return v, nil
}
