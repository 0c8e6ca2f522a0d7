package app

import (
	"context"
	"errors"
	"fmt"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/page"
)

// RenderedPage is a page with its content as safe HTML.
type RenderedPage struct {
	page.Page
	HTML string
}

// CreatePage adds a page in one language and announces it. It is ErrPageExists,
// except for the request that made the page and came again: that gets the page
// as it is. Bad content is a *violation.Error.
func (i *Info) CreatePage(ctx context.Context, key page.Key, c page.Content, creation id.ID) (RenderedPage, error) {
	result, _, err := i.savePage(ctx, key, c, func(existing *page.Page) (page.Page, error) {
		switch {
		case existing == nil:
			return page.New(key, c, creation)
		case existing.MadeBy(creation):
			return *existing, nil
		case existing.Deleted():
			return existing.Recreate(c, creation)
		default:
			return page.Page{}, ErrPageExists
		}
	})
	return result, err
}

// PutPage sets the content of a page in one language, announces it, and says
// whether the page was not there before. It may be ErrVersionConflict, or a
// *violation.Error for bad content.
func (i *Info) PutPage(ctx context.Context, key page.Key, expected Version, c page.Content) (result RenderedPage, created bool, err error) {
	return i.savePage(ctx, key, c, func(existing *page.Page) (page.Page, error) {
		if existing == nil || existing.Deleted() {
			// No version of it could be the expected one.
			if expected != AnyVersion {
				return page.Page{}, ErrVersionConflict
			}
		} else if err := expected.check(existing.Version()); err != nil {
			return page.Page{}, err
		}
		if existing == nil {
			return page.New(key, c, id.Nil)
		}
		if existing.Deleted() {
			return existing.Recreate(c, id.Nil)
		}
		return existing.Replace(c)
	})
}

// savePage saves what next makes of the page, which is nil when it never was,
// unless next returns it unchanged.
func (i *Info) savePage(ctx context.Context, key page.Key, c page.Content, next func(existing *page.Page) (page.Page, error)) (result RenderedPage, created bool, err error) {
	// Rendering takes longer than a transaction should.
	text, err := i.render.Text(c.Markdown)
	if err != nil {
		return RenderedPage{}, false, fmt.Errorf("render text: %w", err)
	}
	var saved page.Page
	err = i.store.Write(ctx, func(tx Tx) error {
		created = false
		var existing *page.Page
		switch found, err := tx.Page(ctx, key); {
		case err == nil:
			existing = &found
		case !errors.Is(err, ErrNotFound):
			return err
		}
		var err error
		if saved, err = next(existing); err != nil {
			return err
		}
		if existing != nil && existing.Version() == saved.Version() {
			return nil
		}
		created = existing == nil || existing.Deleted()
		return tx.SavePage(ctx, saved, text, i.clock.Now())
	})
	if err != nil {
		return RenderedPage{}, false, err
	}
	result, err = i.rendered(saved)
	return result, created, err
}

// Page returns the page in the best of its languages, or ErrNotFound.
func (i *Info) Page(ctx context.Context, slug string, wanted []string) (RenderedPage, error) {
	pages, err := i.store.Pages(ctx, slug)
	if err != nil {
		return RenderedPage{}, err
	}
	byLanguage := make(map[string]page.Page, len(pages))
	languages := make([]string, 0, len(pages))
	for _, p := range pages {
		if !p.Deleted() {
			byLanguage[p.Key().Language] = p
			languages = append(languages, p.Key().Language)
		}
	}
	best := page.Negotiate(wanted, languages)
	if best == "" {
		return RenderedPage{}, ErrNotFound
	}
	return i.rendered(byLanguage[best])
}

// Pages returns some of the pages by slug and language without their content,
// and where they ended unless they were the last.
func (i *Info) Pages(ctx context.Context, after *page.Key, limit int) ([]page.Page, *page.Key, error) {
	pages, err := i.store.PageList(ctx, after, limit+1)
	if err != nil || len(pages) <= limit {
		return pages, nil, err
	}
	last := pages[limit-1].Key()
	return pages[:limit], &last, nil
}

// DeletePage removes a page in one language and announces that. Removing it
// again does nothing; what never was is ErrNotFound. It may be
// ErrVersionConflict.
func (i *Info) DeletePage(ctx context.Context, key page.Key, expected Version) error {
	return i.store.Write(ctx, func(tx Tx) error {
		existing, err := tx.Page(ctx, key)
		if err != nil {
			return err
		}
		if existing.Deleted() {
			return nil
		}
		if err := expected.check(existing.Version()); err != nil {
			return err
		}
		return tx.SavePage(ctx, existing.Delete(), "", i.clock.Now())
	})
}

// DeletePages is DeletePage for all languages of a page.
func (i *Info) DeletePages(ctx context.Context, slug string) error {
	return i.store.Write(ctx, func(tx Tx) error {
		pages, err := tx.Pages(ctx, slug)
		if err != nil {
			return err
		}
		if len(pages) == 0 {
			return ErrNotFound
		}
		for _, existing := range pages {
			if existing.Deleted() {
				continue
			}
			if err := tx.SavePage(ctx, existing.Delete(), "", i.clock.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (i *Info) rendered(p page.Page) (RenderedPage, error) {
	html, err := i.render.HTML(p.Content().Markdown)
	if err != nil {
		return RenderedPage{}, fmt.Errorf("render page: %w", err)
	}
	return RenderedPage{Page: p, HTML: html}, nil
}
