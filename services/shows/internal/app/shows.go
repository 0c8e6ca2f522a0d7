package app

import (
	"context"
	"fmt"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/show"
)

// CreateShow makes a draft of the caller's. When a show with this id exists it
// is returned instead: the request was made before. It fails with ErrForbidden
// or a *violation.Error.
func (a *App) CreateShow(ctx context.Context, caller Caller, showID id.ID, details show.Details) (show.Show, error) {
	if !caller.Organizer && !caller.Admin {
		return show.Show{}, fmt.Errorf("create a show: %w", ErrForbidden)
	}
	s, err := show.New(showID, caller.Subject, details)
	if err != nil {
		return show.Show{}, err
	}
	return a.store.InsertShow(ctx, s)
}

// Show returns a show that the caller may see, or ErrNotFound. To those who are
// not signed in it may be late by seconds.
func (a *App) Show(ctx context.Context, caller Caller, showID id.ID) (show.Show, error) {
	if caller.Anybody() {
		return a.display.show(ctx, showID)
	}
	return a.visible(ctx, caller, showID)
}

// ListShows returns a page of the shows that the caller may see, in descending
// order of their ids. The query's Organizer is the caller, whatever it says. To those
// who are not signed in it may be late by seconds.
func (a *App) ListShows(ctx context.Context, caller Caller, q ShowQuery) (ShowPage, error) {
	q.Organizer = caller.Subject
	if caller.Anybody() {
		return a.display.list(ctx, q)
	}
	return a.store.ListShows(ctx, q)
}

// Patch is a change of some details; nil keeps them.
type Patch struct {
	Title       *string
	Description *string
	Category    *string
	VenueID     *id.ID   // Nil removes it
	ArtistIDs   *[]id.ID // none removes them
}

func (p Patch) apply(d show.Details) show.Details {
	set(&d.Title, p.Title)
	set(&d.Description, p.Description)
	set(&d.Category, p.Category)
	set(&d.VenueID, p.VenueID)
	set(&d.ArtistIDs, p.ArtistIDs)
	return d
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// UpdateShow changes details of a show, if it has the expected version; 0 is
// any. It fails with ErrNotFound,
// ErrForbidden, ErrVersion, a *violation.Error or a *show.CancelledError.
func (a *App) UpdateShow(ctx context.Context, caller Caller, showID id.ID, patch Patch, expected int) (after show.Show, err error) {
	err = retry(func() error {
		before, err := a.changeable(ctx, caller, showID)
		if err != nil {
			return err
		}
		if expected != 0 && expected != before.Version() {
			return fmt.Errorf("show %s has version %d: %w", showID, before.Version(), ErrVersion)
		}
		var changed bool
		after, changed, err = before.Update(patch.apply(before.State().Details))
		if err != nil || !changed {
			return err
		}
		var facts []Fact
		if after.Status() == show.Published {
			facts = append(facts, ShowFact{Change: ShowUpdated, At: a.clock.Now(), Show: after})
		}
		return a.store.SaveShow(ctx, after, before.Version(), false, facts...)
	})
	if err == nil && after.Public() {
		a.display.changed(ctx, showID)
	}
	return after, err
}

// PublishShow shows a draft to everybody and announces its performances. It
// fails with ErrNotFound, ErrForbidden or a *show.CancelledError.
func (a *App) PublishShow(ctx context.Context, caller Caller, showID id.ID) (after show.Show, err error) {
	err = retry(func() error {
		before, err := a.changeable(ctx, caller, showID)
		if err != nil {
			return err
		}
		var done bool
		now := a.clock.Now()
		after, done, err = before.Publish(now)
		if err != nil || !done {
			return err
		}
		return a.store.SaveShow(ctx, after, before.Version(), true, ShowFact{Change: ShowPublished, At: now, Show: after})
	})
	if err != nil {
		return show.Show{}, err
	}
	a.settleNow(ctx, showID)
	a.display.changed(ctx, showID)
	return after, nil
}

// CancelShow calls a show and its performances off. Nobody is told of a show
// that was never published. It fails with ErrNotFound, ErrForbidden or a
// *violation.Error.
func (a *App) CancelShow(ctx context.Context, caller Caller, showID id.ID, reason string) (after show.Show, err error) {
	err = retry(func() error {
		before, err := a.changeable(ctx, caller, showID)
		if err != nil {
			return err
		}
		var done bool
		after, done, err = before.Cancel(reason)
		if err != nil || !done {
			return err
		}
		var facts []Fact
		if after.Public() {
			facts = append(facts, ShowFact{Change: ShowCancelled, At: a.clock.Now(), Show: after})
		}
		return a.store.SaveShow(ctx, after, before.Version(), true, facts...)
	})
	if err != nil {
		return show.Show{}, err
	}
	a.settleNow(ctx, showID)
	a.display.changed(ctx, showID)
	return after, nil
}
