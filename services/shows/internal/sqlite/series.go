package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/series"
)

type seriesBody struct {
	Rule            string           `json:"rule"`
	TimeZone        string           `json:"timeZone"`
	SalesOpenAt     int64            `json:"salesOpenAt,omitempty"` // milliseconds since 1970
	PerOrder        int              `json:"perOrder,omitempty"`
	PerCustomer     int              `json:"perCustomer,omitempty"`
	SeatPlanID      id.ID            `json:"seatPlanId"`
	SeatPlanVersion int              `json:"seatPlanVersion,omitempty"`
	SeatMap         json.RawMessage  `json:"seatMap"`
	Pricing         *pricingBody     `json:"pricing,omitempty"`
	Occurrences     []occurrenceBody `json:"occurrences"`
}

type occurrenceBody struct {
	PerformanceID id.ID  `json:"performanceId"`
	StartsAt      string `json:"startsAt"`
}

const selectSeries = `SELECT series_id, show_id, body FROM series WHERE series_id = ? AND show_id = ?`

// InsertSeries implements app.SeriesStore.
func (s *Store) InsertSeries(ctx context.Context, of series.Series, showVersion int) (series.Series, error) {
	state := of.State()
	body, err := encodeSeries(state)
	if err != nil {
		return series.Series{}, err
	}
	inserted := true
	err = s.db.Write(ctx, func(tx *sqlite.Tx) error {
		n, err := tx.Exec(`INSERT INTO series (series_id, show_id, body, unfinished) VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING`,
			state.ID[:], state.ShowID[:], body)
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
	var state series.State
	var text []byte
	if err := row.Scan(&state.ID, &state.ShowID, &text); err != nil {
		return series.Series{}, err
	}
	var body seriesBody
	if err := json.Unmarshal(text, &body); err != nil {
		return series.Series{}, fmt.Errorf("stored series: %w", err)
	}
	m, err := decodeSeatMap(body.SeatMap)
	if err != nil {
		return series.Series{}, err
	}
	state.Rule = body.Rule
	state.Template = series.Template{
		TimeZone: body.TimeZone, SeatMap: m, SeatPlan: performance.SeatPlan{ID: body.SeatPlanID, Version: body.SeatPlanVersion},
		Pricing: body.Pricing.rules(),
		Limits:  performance.Limits{PerOrder: body.PerOrder, PerCustomer: body.PerCustomer},
	}
	if body.SalesOpenAt != 0 {
		state.Template.SalesOpenAt = time.UnixMilli(body.SalesOpenAt).UTC()
	}
	for _, o := range body.Occurrences {
		state.Occurrences = append(state.Occurrences, series.Occurrence(o))
	}
	return series.Restore(state), nil
}

func encodeSeries(state series.State) (string, error) {
	m, err := encodeSeatMap(state.Template.SeatMap)
	if err != nil {
		return "", err
	}
	t := state.Template
	body := seriesBody{
		Rule: state.Rule, TimeZone: t.TimeZone, PerOrder: t.Limits.PerOrder, PerCustomer: t.Limits.PerCustomer,
		SeatPlanID: t.SeatPlan.ID, SeatPlanVersion: t.SeatPlan.Version, SeatMap: json.RawMessage(m),
		Pricing: bodyOfPricing(t.Pricing),
	}
	if !t.SalesOpenAt.IsZero() {
		body.SalesOpenAt = t.SalesOpenAt.UnixMilli()
	}
	for _, o := range state.Occurrences {
		body.Occurrences = append(body.Occurrences, occurrenceBody(o))
	}
	text, err := json.Marshal(body)
	return string(text), err
}
