// Package app holds the use cases of info, and the ports they need. It knows no
// transport, no database and no caller: who may write is decided before.
package app

import (
	"errors"

	"ticketmesh.dev/platform/clock"
)

var (
	// ErrNotFound reports what is not there, or no more.
	ErrNotFound = errors.New("not found")
	// ErrVersionConflict reports that an entity has another version than the
	// caller takes it to have.
	ErrVersionConflict = errors.New("version conflict")
	// ErrPageExists reports a page that is there already in this language.
	ErrPageExists = errors.New("page exists")
)

// Info carries out the use cases. It is safe for concurrent use.
type Info struct {
	store  Store
	blobs  Blobs
	render Renderer
	clock  clock.Clock
}

// New returns the use cases over the ports; all are needed.
func New(store Store, blobs Blobs, renderer Renderer, c clock.Clock) *Info {
	return &Info{store: store, blobs: blobs, render: renderer, clock: c}
}

// Version is the version that a caller takes an entity to have.
type Version int

// AnyVersion is taken for every version.
const AnyVersion Version = 0

func (v Version) check(actual int) error {
	if v != AnyVersion && int(v) != actual {
		return ErrVersionConflict
	}
	return nil
}
