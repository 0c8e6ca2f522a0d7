package postgres

import (
	"context"
	"time"

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
func (r reader) Page(ctx context.Context, key page.Key) (page.Page, error) {
	p, err := scanPage(r.tx.QueryRow(ctx, `SELECT `+pageColumns+` FROM page WHERE slug = $1 AND language = $2`, key.Slug, key.Language))
	return p, notFound(err)
}

// Pages implements app.Reader.
func (r reader) Pages(ctx context.Context, slug string) ([]page.Page, error) {
	return collect(ctx, r.tx, scanPage, `SELECT `+pageColumns+` FROM page WHERE slug = $1 ORDER BY language`, slug)
}

// SavePage implements app.Tx.
func (t transaction) SavePage(ctx context.Context, p page.Page, text string, at time.Time) error {
	s := p.State()
	if _, err := t.tx.Exec(ctx, `INSERT INTO page (`+pageColumns+`) VALUES ($1, $2, $3, $4, $5::uuid, $6, $7)
		ON CONFLICT (slug, language) DO UPDATE SET title = excluded.title, markdown = excluded.markdown,
			creation = excluded.creation, version = excluded.version, deleted = excluded.deleted`,
		s.Slug, s.Language, s.Title, s.Markdown, s.Creation.String(), s.Version, s.Deleted); err != nil {
		return err
	}
	if err := t.index(ctx, s.Deleted, search.Document{
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
func (s *Store) PageList(ctx context.Context, after *page.Key, limit int) ([]page.Page, error) {
	if after == nil {
		after = &page.Key{}
	}
	return list(ctx, s.db, scanPage, `SELECT slug, language, title, '', creation, version, deleted FROM page
		WHERE NOT deleted AND (slug, language) > ($1, $2) ORDER BY slug, language LIMIT $3`, after.Slug, after.Language, limit)
}
