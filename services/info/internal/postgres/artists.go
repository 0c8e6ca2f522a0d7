package postgres

import (
	"context"
	"encoding/json"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/app"
	"ticketmesh.dev/services/info/internal/artist"
	"ticketmesh.dev/services/info/internal/search"
)

const artistColumns = `id, name, description, links, version, deleted`

// storedLink is a link as the column links has it.
type storedLink struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

func scanArtist(row scanner) (artist.Artist, error) {
	var s artist.State
	var text []byte
	if err := row.Scan(&s.ID, &s.Name, &s.Description, &text, &s.Version, &s.Deleted); err != nil {
		return artist.Artist{}, err
	}
	var links []storedLink
	if err := json.Unmarshal(text, &links); err != nil {
		return artist.Artist{}, err
	}
	for _, link := range links {
		s.Links = append(s.Links, artist.Link(link))
	}
	return artist.Restore(s), nil
}

// Artist implements app.Reader.
func (r reader) Artist(ctx context.Context, artistID id.ID) (artist.Artist, error) {
	a, err := scanArtist(r.tx.QueryRow(ctx, `SELECT `+artistColumns+` FROM artist WHERE id = $1::uuid`, artistID.String()))
	return a, notFound(err)
}

// SaveArtist implements app.Tx.
func (t transaction) SaveArtist(ctx context.Context, a artist.Artist) error {
	s := a.State()
	links := make([]storedLink, len(s.Links))
	for i, link := range s.Links {
		links[i] = storedLink(link)
	}
	text, err := json.Marshal(links)
	if err != nil {
		return err
	}
	if _, err := t.tx.Exec(ctx, `INSERT INTO artist (`+artistColumns+`) VALUES ($1::uuid, $2, $3, $4::json, $5, $6)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, links = excluded.links,
			version = excluded.version, deleted = excluded.deleted`,
		s.ID.String(), s.Name, s.Description, string(text), s.Version, s.Deleted); err != nil {
		return err
	}
	return t.index(ctx, s.Deleted, search.Document{
		Kind:  search.Artist,
		Ref:   s.ID.String(),
		Title: s.Name,
		Body:  s.Description,
	})
}

// Artists implements app.Store.
func (s *Store) Artists(ctx context.Context, after *app.Place, limit int) ([]artist.Artist, error) {
	from := place(after)
	return list(ctx, s.db, scanArtist, `SELECT `+artistColumns+` FROM artist
		WHERE NOT deleted AND (name, id) > ($1, $2::uuid) ORDER BY name, id LIMIT $3`, from.Name, from.ID.String(), limit)
}
