// Package app is what can be done with shows and performances, and what it
// needs from a store. It decides who may do what; it must not know HTTP, the
// bus or a database.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/show"
)

var (
	// ErrForbidden: the caller may see it, and may not do this with it.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound: there is no such thing, or none the caller may know of.
	ErrNotFound = errors.New("not found")
	// ErrVersion: the entity does not have the version that the caller expects.
	ErrVersion = errors.New("version conflict")
	// ErrConflict: somebody changed it at the same time. A store says so, and
	// the use case looks again; when it loses every time it says so as well.
	// Nothing was done, and it may be tried again.
	ErrConflict = errors.New("changed at the same time")
	// ErrBusy: the store had no time for it. Nothing was done, and it may be tried
	// again.
	ErrBusy = errors.New("the store is busy")
)

// attempts is how often a use case looks again at what others keep changing.
const attempts = 10

// Caller is who asks. The zero value is somebody who is not signed in.
type Caller struct {
	Subject   string
	Organizer bool
	Admin     bool
	Token     string // what they came with, to ask the sale on their behalf
}

// Anybody reports whether the caller is not signed in, and so sees what everybody
// sees.
func (c Caller) Anybody() bool { return c == Caller{} }

// App does the use cases. Its methods may be called concurrently. Every method
// that changes something may be repeated: it then finds its work done.
type App struct {
	store   Store
	display *display
	clock   clock.Clock
	logger  *slog.Logger
}

// New returns an App over the store. Shows are displayed to those who are not
// signed in out of the cache; nil is none.
func New(store Store, cache Cache, c clock.Clock, logger *slog.Logger) *App {
	return &App{store: store, display: &display{store, cache, c, logger}, clock: c, logger: logger}
}

// Ready fails when the store does not answer.
func (a *App) Ready(ctx context.Context) error { return a.store.Ready(ctx) }

// visible returns the show when the caller may see it, else ErrNotFound.
func (a *App) visible(ctx context.Context, caller Caller, showID id.ID) (show.Show, error) {
	s, err := a.store.Show(ctx, showID)
	if err != nil {
		return show.Show{}, err
	}
	if !s.Public() && !caller.Admin && !s.OwnedBy(caller.Subject) {
		return show.Show{}, fmt.Errorf("show %s: %w", showID, ErrNotFound)
	}
	return s, nil
}

// changeable returns the show when the caller may change it; otherwise it is
// ErrForbidden, or ErrNotFound when they may not even see it.
func (a *App) changeable(ctx context.Context, caller Caller, showID id.ID) (show.Show, error) {
	s, err := a.visible(ctx, caller, showID)
	if err != nil {
		return show.Show{}, err
	}
	if !caller.Admin && (!caller.Organizer || !s.OwnedBy(caller.Subject)) {
		return show.Show{}, fmt.Errorf("show %s: %w", showID, ErrForbidden)
	}
	return s, nil
}

// retry does step again while it loses against others.
func retry(step func() error) error {
	var err error
	for range attempts {
		if err = step(); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return err
}
