package sqlite

import (
	"context"
	"errors"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/shows/internal/jsoncodec"
	"ticketmesh.dev/services/shows/internal/series"
)

const selectSeries = `SELECT series_id, show_id, body FROM series WHERE series_id = ? AND show_id = ?`

// InsertSeries implements app.SeriesStore.
func (s *Store) InsertSeries(ctx context.Context, of series.Series, showVersion int) (series.Series, error) {
	state := of.State()
	body, err := jsoncodec.EncodeSeries(of)
	if err != nil {
		return series.Series{}, err
	}
	inserted := true
	err = s.db.Write(ctx, func(tx *sqlite.Tx) error {
		n, err := tx.Exec(`INSERT INTO series (series_id, show_id, body, unfinished) VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING`,
			state.ID[:], state.ShowID[:], string(body))
		if inserted = n == 1; err != nil || !inserted {
			return err
		}
		return expectShow(tx, state.ShowID, showVersion)
	})
	if err != nil {
		return series.Series{}, err
	}
	if !inserted {
		return s.Series(ctx, state.ShowID, state.ID)
	}
	return of, nil
}

// Series implements app.SeriesStore.
func (s *Store) Series(ctx context.Context, showID, seriesID id.ID) (found series.Series, err error) {
	err = s.db.Read(ctx, func(tx *sqlite.Tx) (err error) {
		found, err = scanSeries(tx.QueryRow(selectSeries, seriesID[:], showID[:]))
		return notFound(err, "series %s of show %s", seriesID, showID)
	})
	return found, err
}

// UnfinishedSeries implements app.SeriesStore.
func (s *Store) UnfinishedSeries(ctx context.Context, limit int) (all []series.Series, err error) {
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT series_id, show_id, body FROM series WHERE unfinished = 1 LIMIT ?`, limit)
		if err != nil {
			return err
		}
		for rows.Next() {
			of, err := scanSeries(rows)
			if err != nil {
				return errors.Join(err, rows.Close())
			}
			all = append(all, of)
		}
		return rows.Err()
	})
	return all, err
}

// SeriesFinished implements app.SeriesStore.
func (s *Store) SeriesFinished(ctx context.Context, seriesID id.ID) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE series SET unfinished = 0 WHERE series_id = ?`, seriesID[:])
		return err
	})
}

func scanSeries(row scanner) (series.Series, error) {
	var showID, seriesID id.ID
	var text []byte
	if err := row.Scan(&seriesID, &showID, &text); err != nil {
		return series.Series{}, err
	}
	return jsoncodec.DecodeSeries(showID, seriesID, text)
}
