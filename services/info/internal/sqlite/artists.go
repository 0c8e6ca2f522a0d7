package sqlite

import (
	"context"
	"encoding/json"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
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
	var text string
	if err := row.Scan(&s.ID, &s.Name, &s.Description, &text, &s.Version, &s.Deleted); err != nil {
		return artist.Artist{}, err
	}
	var links []storedLink
	if err := json.Unmarshal([]byte(text), &links); err != nil {
		return artist.Artist{}, err
	}
	for _, link := range links {
		s.Links = append(s.Links, artist.Link(link))
	}
	return artist.Restore(s), nil
}

// Artist implements app.Reader.
func (r reader) Artist(_ context.Context, artistID id.ID) (artist.Artist, error) {
	a, err := scanArtist(r.tx.QueryRow(`SELECT `+artistColumns+` FROM artist WHERE id = ?`, artistID[:]))
	return a, notFound(err)
}

// SaveArtist implements app.Tx.
func (t transaction) SaveArtist(_ context.Context, a artist.Artist) error {
	s := a.State()
	links := make([]storedLink, len(s.Links))
	for i, link := range s.Links {
		links[i] = storedLink(link)
	}
	text, err := json.Marshal(links)
	if err != nil {
		return err
	}
	if _, err := t.tx.Exec(`INSERT OR REPLACE INTO artist (`+artistColumns+`) VALUES (?, ?, ?, ?, ?, ?)`,
		s.ID[:], s.Name, s.Description, string(text), s.Version, s.Deleted); err != nil {
		return err
	}
	return t.index(s.Deleted, search.Document{
		Kind:  search.Artist,
		Ref:   s.ID.String(),
		Title: s.Name,
		Body:  s.Description,
	})
}

// Artists implements app.Store.
func (s *Store) Artists(ctx context.Context, after *app.Place, limit int) (artists []artist.Artist, err error) {
	name, afterID := place(after)
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		artists, err = collect(tx, scanArtist, `SELECT `+artistColumns+` FROM artist
			WHERE deleted = 0 AND (name, id) > (?, ?) ORDER BY name, id LIMIT ?`, name, afterID, limit)
		return err
	})
	return artists, err
}
