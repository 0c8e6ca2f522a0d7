package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/show"
)

const (
	// displayFresh is how old a page may be that nobody looks into the store for.
	// Every change renews at once what it touches, so this bounds only what gets
	// lost on the way: a change by another process, a mark that was not written,
	// an index that was late.
	displayFresh = 5 * time.Second
	// displayLife is how old a page may be that is shown while it is loaded
	// again, or cannot be.
	displayLife = 10 * time.Minute
	// displayLease is how long one load may keep others from loading the same.
	displayLease = 5 * time.Second
	// displayStep and displaySteps are how long somebody waits for another's load
	// when there is nothing to show meanwhile.
	displayStep  = 10 * time.Millisecond
	displaySteps = 30
)

// display shows everybody the same pages out of a cache. Of all who ask for a
// page that is not fresh one loads it; the others get the old one, or wait if
// there is none. It looks to the store before it lets anybody wait for long.
type display struct {
	store  Store
	cache  Cache // nil: there is none
	clock  clock.Clock
	logger *slog.Logger
}

const listScope = "shows"

func (d *display) list(ctx context.Context, q ShowQuery) (ShowPage, error) {
	key := fmt.Sprintf("shows %q %q %q %d %d %s %d", show.Fold(q.Text), q.Category, show.Fold(q.City), q.From.UnixMilli(), q.To.UnixMilli(), q.Before, q.Limit)
	return d.page(ctx, listScope, key, func(ctx context.Context) (ShowPage, error) {
		return d.store.ListShows(ctx, q)
	})
}

// show returns the show if everybody may see it, else ErrNotFound.
func (d *display) show(ctx context.Context, showID id.ID) (show.Show, error) {
	page, err := d.page(ctx, showID.String(), showID.String(), func(ctx context.Context) (ShowPage, error) {
		s, err := d.store.Show(ctx, showID)
		if err == nil && !s.Public() {
			err = fmt.Errorf("show %s: %w", showID, ErrNotFound)
		}
		return ShowPage{Shows: []show.Show{s}}, err
	})
	if err != nil {
		return show.Show{}, err
	}
	return page.Shows[0], nil
}

// changed has the show, and all lists, loaded again.
func (d *display) changed(ctx context.Context, showID id.ID) {
	if d.cache != nil {
		d.cache.Renew(context.WithoutCancel(ctx), displayLife, listScope, showID.String())
	}
}

type loader func(ctx context.Context) (ShowPage, error)

func (d *display) page(ctx context.Context, scope, key string, load loader) (ShowPage, error) {
	if d.cache == nil {
		return load(ctx)
	}
	for range displaySteps {
		kept, _, fresh := d.look(ctx, scope, key)
		if fresh {
			return kept.Page, nil
		}
		if d.cache.Claim(ctx, key, displayLease) {
			return d.load(ctx, scope, key, load)
		}
		if kept != nil {
			return kept.Page, nil
		}
		select {
		case <-time.After(displayStep):
		case <-ctx.Done():
			return ShowPage{}, ctx.Err()
		}
	}
	return load(ctx)
}

// look returns what may be shown, or nil, with the mark of its scope.
func (d *display) look(ctx context.Context, scope, key string) (kept *Kept, mark string, fresh bool) {
	kept, mark = d.cache.Get(ctx, scope, key)
	if kept == nil {
		return nil, mark, false
	}
	age := d.clock.Now().Sub(kept.At)
	if age >= displayLife {
		return nil, mark, false
	}
	return kept, mark, age < displayFresh && kept.Mark == mark
}

// load is for who has the claim. It looks again, since another may have loaded the
// page just before, and keeps what it loads under the mark that was there before.
// When that fails, what was kept is better than nothing.
func (d *display) load(ctx context.Context, scope, key string, load loader) (ShowPage, error) {
	background := context.WithoutCancel(ctx)
	defer d.cache.Release(background, key)
	kept, mark, fresh := d.look(ctx, scope, key)
	if fresh {
		return kept.Page, nil
	}
	now := d.clock.Now()
	page, err := load(ctx)
	if err == nil {
		d.cache.Put(background, key, Kept{Page: page, Mark: mark, At: now}, displayLife)
		return page, nil
	}
	if kept == nil || errors.Is(err, ErrNotFound) {
		return ShowPage{}, err
	}
	d.logger.WarnContext(ctx, "what is displayed is old", "age", now.Sub(kept.At), "error", err)
	return kept.Page, nil
}
