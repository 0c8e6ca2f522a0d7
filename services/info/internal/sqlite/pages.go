package sqlite

import (
	"context"
	"time"

	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/info/internal/page"
	"ticketmesh.dev/services/info/internal/search"
)

const pageColumns = `slug, language, title, markdown, creation, version, deleted`

func scanPage(row scanner) (page.Page, error) {
	var s page.State
	err := row.Scan(&s.Slug, &s.Language, &s.Title, &s.Markdown, &s.Creation, &s.Version, &s.Deleted)
	return page.Restore(s), err
}

// Page implements app.Reader.
func (r reader) Page(_ context.Context, key page.Key) (page.Page, error) {
	p, err := scanPage(r.tx.QueryRow(`SELECT `+pageColumns+` FROM page WHERE slug = ? AND language = ?`, key.Slug, key.Language))
	return p, notFound(err)
}

// Pages implements app.Reader.
func (r reader) Pages(_ context.Context, slug string) ([]page.Page, error) {
	return collect(r.tx, scanPage, `SELECT `+pageColumns+` FROM page WHERE slug = ? ORDER BY language`, slug)
}

// SavePage implements app.Tx.
func (t transaction) SavePage(ctx context.Context, p page.Page, text string, at time.Time) error {
	s := p.State()
	if _, err := t.tx.Exec(`INSERT OR REPLACE INTO page (`+pageColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		s.Slug, s.Language, s.Title, s.Markdown, s.Creation[:], s.Version, s.Deleted); err != nil {
		return err
	}
	if err := t.index(s.Deleted, search.Document{
		Kind:     search.Page,
		Ref:      s.Slug,
		Language: s.Language,
		Title:    s.Title,
		Body:     text,
	}); err != nil {
		return err
	}
	e, err := t.codec.PagePublished(ctx, p, at)
	if err != nil {
		return err
	}
	return t.tx.Publish(ctx, e)
}

// PageList implements app.Store.
func (s *Store) PageList(ctx context.Context, after *page.Key, limit int) (pages []page.Page, err error) {
	if after == nil {
		after = &page.Key{}
	}
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		pages, err = collect(tx, scanPage, `SELECT slug, language, title, '', creation, version, deleted FROM page
			WHERE deleted = 0 AND (slug, language) > (?, ?) ORDER BY slug, language LIMIT ?`, after.Slug, after.Language, limit)
		return err
	})
	return pages, err
}
