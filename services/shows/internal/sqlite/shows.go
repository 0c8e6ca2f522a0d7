package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/show"
)

const showColumns = `show_id, organizer_id, title, description, category, venue_id, artist_ids, status, reason, published_at, version`

const selectShow = `SELECT ` + showColumns + ` FROM shows WHERE show_id = ?`

// InsertShow implements app.Store.
func (s *Store) InsertShow(ctx context.Context, new show.Show) (stored show.Show, err error) {
	state := new.State()
	stored = new
	err = s.write(ctx, nil, func(tx *sqlite.Tx) error {
		n, err := tx.Exec(`INSERT INTO shows (show_id, organizer_id, title, description, category, venue_id, artist_ids,
			status, reason, published_at, version, search_text, unsettled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING`,
			state.ID[:], state.OrganizerID, state.Title, state.Description, state.Category, nullID(state.VenueID), joinIDs(state.ArtistIDs),
			string(state.Status), state.Reason, nullMillis(state.PublishedAt), state.Version, new.SearchText())
		if err != nil || n == 1 {
			return err
		}
		stored, err = scanShow(tx.QueryRow(selectShow, state.ID[:]))
		return err
	})
	return stored, err
}

// Show implements app.Store.
func (s *Store) Show(ctx context.Context, showID id.ID) (found show.Show, err error) {
	err = s.db.Read(ctx, func(tx *sqlite.Tx) (err error) {
		found, err = scanShow(tx.QueryRow(selectShow, showID[:]))
		return notFound(err, "show %s", showID)
	})
	return found, err
}

// SaveShow implements app.Store.
func (s *Store) SaveShow(ctx context.Context, next show.Show, was int, unsettled bool, facts ...app.Fact) error {
	state := next.State()
	return s.write(ctx, facts, func(tx *sqlite.Tx) error {
		n, err := tx.Exec(`UPDATE shows SET title = ?, description = ?, category = ?, venue_id = ?, artist_ids = ?, status = ?,
			reason = ?, published_at = ?, version = ?, search_text = ?, unsettled = max(unsettled, ?) WHERE show_id = ? AND version = ?`,
			state.Title, state.Description, state.Category, nullID(state.VenueID), joinIDs(state.ArtistIDs), string(state.Status),
			state.Reason, nullMillis(state.PublishedAt), state.Version, next.SearchText(), unsettled, state.ID[:], was)
		if err == nil && n != 1 {
			err = fmt.Errorf("show %s is not at version %d: %w", state.ID, was, app.ErrConflict)
		}
		return err
	})
}

// highest sorts after every id.
var highest = func() (v id.ID) {
	for i := range v {
		v[i] = math.MaxUint8
	}
	return v
}()

// ListShows implements app.Store.
func (s *Store) ListShows(ctx context.Context, q app.ShowQuery) (page app.ShowPage, err error) {
	query := `SELECT ` + showColumns + ` FROM shows s WHERE show_id < ?`
	before := q.Before
	if before == id.Nil {
		before = highest
	}
	args := []any{before[:]}
	and := func(condition string, values ...any) {
		query += ` AND ` + condition
		args = append(args, values...)
	}
	if q.Organizer == "" {
		and(`status = 'published'`)
	} else {
		and(`(status = 'published' OR organizer_id = ?)`, q.Organizer)
	}
	if q.Category != "" {
		and(`category = ?`, q.Category)
	}
	if q.City != "" {
		and(`EXISTS (SELECT 1 FROM venues v WHERE v.venue_id = s.venue_id AND v.city = ?)`, show.Fold(q.City))
	}
	if q.Text != "" {
		and(`instr(search_text, ?) > 0`, show.Fold(q.Text))
	}
	if !q.From.IsZero() || !q.To.IsZero() {
		from, to := int64(math.MinInt64), int64(math.MaxInt64)
		if !q.From.IsZero() {
			from = q.From.UnixMilli()
		}
		if !q.To.IsZero() {
			to = q.To.UnixMilli()
		}
		and(`EXISTS (SELECT 1 FROM performances p WHERE p.show_id = s.show_id AND p.starts_at_utc >= ? AND p.starts_at_utc < ?
			AND (p.status = 'scheduled' OR s.status = 'cancelled'))`, from, to)
	}
	query += ` ORDER BY show_id DESC LIMIT ?`
	args = append(args, q.Limit+1)

	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			next, err := scanShow(rows)
			if err != nil {
				return err
			}
			if len(page.Shows) == q.Limit {
				page.Next = page.Shows[q.Limit-1].ID()
				break
			}
			page.Shows = append(page.Shows, next)
		}
		return rows.Err()
	})
	return page, err
}

// Unsettled implements app.Store.
func (s *Store) Unsettled(ctx context.Context, limit int) (showIDs []id.ID, err error) {
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT show_id FROM shows WHERE unsettled = 1 ORDER BY show_id LIMIT ?`, limit)
		if err != nil {
			return err
		}
		for rows.Next() {
			var showID id.ID
			if err := rows.Scan(&showID); err != nil {
				return err
			}
			showIDs = append(showIDs, showID)
		}
		return rows.Err()
	})
	return showIDs, err
}

// Settled implements app.Store.
func (s *Store) Settled(ctx context.Context, showID id.ID, version int) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE shows SET unsettled = 0 WHERE show_id = ? AND version = ? AND unsettled = 1`, showID[:], version)
		return err
	})
}

func scanShow(row scanner) (show.Show, error) {
	var state show.State
	var status string
	var venueID, artistIDs []byte
	var publishedAt sql.NullInt64
	err := row.Scan(&state.ID, &state.OrganizerID, &state.Title, &state.Description, &state.Category, &venueID, &artistIDs,
		&status, &state.Reason, &publishedAt, &state.Version)
	if err != nil {
		return show.Show{}, err
	}
	state.Status = show.Status(status)
	state.PublishedAt = millis(publishedAt)
	copy(state.VenueID[:], venueID)
	state.ArtistIDs = splitIDs(artistIDs)
	return show.Restore(state), nil
}

func joinIDs(ids []id.ID) []byte {
	joined := make([]byte, 0, len(ids)*len(id.Nil))
	for _, v := range ids {
		joined = append(joined, v[:]...)
	}
	return joined
}

func splitIDs(joined []byte) []id.ID {
	if len(joined) == 0 {
		return nil
	}
	ids := make([]id.ID, len(joined)/len(id.Nil))
	for i := range ids {
		copy(ids[i][:], joined[i*len(id.Nil):])
	}
	return ids
}
