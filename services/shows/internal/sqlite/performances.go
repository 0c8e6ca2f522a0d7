package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/jsoncodec"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/pricing"
	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

const performanceColumns = `p.performance_id, p.show_id, p.starts_at, p.time_zone, p.starts_at_utc, p.sales_open_at, p.sales_close_at,
	p.per_order, p.per_customer, p.currency, p.seat_map_version, p.seat_plan_id, p.seat_plan_version, p.pricing, p.capacities, p.status, p.reason,
	p.announced, p.version, p.sales, p.rescheduled_at, p.returns_until`

const selectPerformance = `SELECT ` + performanceColumns + ` FROM performances p WHERE performance_id = ? AND show_id = ?`

// InsertPerformance implements app.Store.
func (s *Store) InsertPerformance(ctx context.Context, p performance.Performance, m seatmap.Map, showVersion int, facts ...app.Fact) (stored performance.Performance, err error) {
	state := p.State()
	capacities, err := encodeCapacities(state.Capacities)
	if err != nil {
		return performance.Performance{}, err
	}
	charged, err := pricingColumn(state.Pricing)
	if err != nil {
		return performance.Performance{}, err
	}
	soldBy, err := salesColumn(state.Sales)
	if err != nil {
		return performance.Performance{}, err
	}
	body, err := jsoncodec.EncodeSeatMap(m)
	if err != nil {
		return performance.Performance{}, err
	}
	// Asked first, since the facts must not be told of one that exists.
	exists, err := s.exists(ctx, state.ID)
	if err != nil {
		return performance.Performance{}, err
	}
	if exists {
		return s.Performance(ctx, state.ShowID, state.ID)
	}
	err = s.write(ctx, facts, func(tx *sqlite.Tx) error {
		if err := expectShow(tx, state.ShowID, showVersion); err != nil {
			return err
		}
		n, err := tx.Exec(`INSERT INTO performances (performance_id, show_id, starts_at, time_zone, starts_at_utc, sales_open_at,
			sales_close_at, per_order, per_customer, currency, seat_map_version, seat_plan_id, seat_plan_version, pricing, capacities, status,
			reason, announced, version, sales, rescheduled_at, returns_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			state.ID[:], state.ShowID[:], state.StartsAt, state.TimeZone, state.StartsAtUTC.UnixMilli(), nullMillis(state.SalesOpenAt),
			nullMillis(state.SalesCloseAt), state.Limits.PerOrder, state.Limits.PerCustomer, state.Currency, state.SeatMapVersion,
			nullID(state.SeatPlan.ID), state.SeatPlan.Version, charged, capacities, string(state.Status), state.Reason, state.Announced, state.Version,
			soldBy, nullMillis(state.RescheduledAt), nullMillis(state.ReturnsUntil))
		if err != nil {
			return err
		}
		if n != 1 {
			// Made since it was asked for; looking again finds it.
			return fmt.Errorf("performance %s exists: %w", state.ID, app.ErrConflict)
		}
		return insertSeatMap(tx, state, body)
	})
	return p, err
}

func (s *Store) exists(ctx context.Context, performanceID id.ID) (exists bool, err error) {
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		return tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM performances WHERE performance_id = ?)`, performanceID[:]).Scan(&exists)
	})
	return exists, err
}

// expectShow fails with app.ErrConflict unless the show has the version.
func expectShow(tx *sqlite.Tx, showID id.ID, version int) error {
	var is int
	err := tx.QueryRow(`SELECT coalesce((SELECT version FROM shows WHERE show_id = ?), 0)`, showID[:]).Scan(&is)
	if err == nil && is != version {
		err = fmt.Errorf("show %s is not at version %d: %w", showID, version, app.ErrConflict)
	}
	return err
}

// Performance implements app.Store.
func (s *Store) Performance(ctx context.Context, showID, performanceID id.ID) (found performance.Performance, err error) {
	err = s.db.Read(ctx, func(tx *sqlite.Tx) (err error) {
		found, err = scanPerformance(tx.QueryRow(selectPerformance, performanceID[:], showID[:]))
		return notFound(err, "performance %s of show %s", performanceID, showID)
	})
	return found, err
}

// SavePerformance implements app.Store. The seat map stays.
func (s *Store) SavePerformance(ctx context.Context, p, was performance.Performance, showVersion int, facts ...app.Fact) error {
	return s.write(ctx, facts, func(tx *sqlite.Tx) error { return replace(tx, p, was, showVersion) })
}

// ChangeSeatMap implements app.Store.
func (s *Store) ChangeSeatMap(ctx context.Context, p, was performance.Performance, m seatmap.Map, showVersion int, facts ...app.Fact) error {
	state := p.State()
	capacities, err := encodeCapacities(state.Capacities)
	if err != nil {
		return err
	}
	body, err := jsoncodec.EncodeSeatMap(m)
	if err != nil {
		return err
	}
	return s.write(ctx, facts, func(tx *sqlite.Tx) error {
		if err := replace(tx, p, was, showVersion); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE performances SET seat_map_version = ?, seat_plan_id = ?, seat_plan_version = ?, capacities = ? WHERE performance_id = ?`,
			state.SeatMapVersion, nullID(state.SeatPlan.ID), state.SeatPlan.Version, capacities, state.ID[:])
		if err != nil {
			return err
		}
		return insertSeatMap(tx, state, body)
	})
}

func insertSeatMap(tx *sqlite.Tx, of performance.State, body []byte) error {
	_, err := tx.Exec(`INSERT INTO seat_maps (performance_id, version, body) VALUES (?, ?, ?)`, of.ID[:], of.SeatMapVersion, string(body))
	return err
}

// replace stores all of p but what its seat map says, if was is what is stored.
func replace(tx *sqlite.Tx, p, was performance.Performance, showVersion int) error {
	state, old := p.State(), was.State()
	soldBy, err := salesColumn(state.Sales)
	if err != nil {
		return err
	}
	if err := expectShow(tx, state.ShowID, showVersion); err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE performances SET starts_at = ?, time_zone = ?, starts_at_utc = ?, sales_open_at = ?, sales_close_at = ?,
		rescheduled_at = ?, returns_until = ?, status = ?, reason = ?, announced = ?, version = ?, sales = ?
		WHERE performance_id = ? AND show_id = ? AND version = ? AND announced = ?`,
		state.StartsAt, state.TimeZone, state.StartsAtUTC.UnixMilli(), nullMillis(state.SalesOpenAt), nullMillis(state.SalesCloseAt),
		nullMillis(state.RescheduledAt), nullMillis(state.ReturnsUntil),
		string(state.Status), state.Reason, state.Announced, state.Version, soldBy, state.ID[:], state.ShowID[:], old.Version, old.Announced)
	if err == nil && n != 1 {
		err = fmt.Errorf("performance %s is not at version %d: %w", state.ID, old.Version, app.ErrConflict)
	}
	return err
}

// ListPerformances implements app.Store.
func (s *Store) ListPerformances(ctx context.Context, q app.PerformanceQuery) (page app.PerformancePage, err error) {
	after := int64(-1)
	if !q.After.StartsAtUTC.IsZero() {
		after = q.After.StartsAtUTC.UnixMilli()
	}
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT m.body, `+performanceColumns+` FROM performances p
			JOIN seat_maps m ON m.performance_id = p.performance_id AND m.version = p.seat_map_version
			WHERE p.show_id = ? AND (p.starts_at_utc, p.performance_id) > (?, ?)
			ORDER BY p.starts_at_utc, p.performance_id LIMIT ?`,
			q.ShowID[:], after, q.After.ID[:], q.Limit+1)
		if err != nil {
			return err
		}
		size := 0
		for rows.Next() {
			var body []byte
			p, err := scanPerformance(prefixed{rows, &body})
			if err != nil {
				return err
			}
			size += len(body)
			if n := len(page.Performances); n == q.Limit || (n > 0 && size > q.MaxBytes) {
				last := page.Performances[n-1].State()
				page.Next = app.PerformanceKey{StartsAtUTC: last.StartsAtUTC, ID: last.ID}
				break
			}
			m, err := jsoncodec.DecodeSeatMap(body)
			if err != nil {
				return err
			}
			page.Performances = append(page.Performances, app.PerformanceView{Performance: p, SeatMap: m})
		}
		return rows.Err()
	})
	return page, err
}

// prefixed scans one column before the others.
type prefixed struct {
	row   scanner
	first any
}

func (p prefixed) Scan(dest ...any) error { return p.row.Scan(append([]any{p.first}, dest...)...) }

// PendingPerformances implements app.Store.
func (s *Store) PendingPerformances(ctx context.Context, showID id.ID, pending app.Pending, limit int) (performances []performance.Performance, err error) {
	query := `SELECT ` + performanceColumns + ` FROM performances p WHERE show_id = ? AND status = 'scheduled'`
	if pending == app.PendingAnnounce {
		query += ` AND announced = 0`
	}
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(query+` LIMIT ?`, showID[:], limit)
		if err != nil {
			return err
		}
		for rows.Next() {
			p, err := scanPerformance(rows)
			if err != nil {
				return err
			}
			performances = append(performances, p)
		}
		return rows.Err()
	})
	return performances, err
}

// SeatMap implements app.Store.
func (s *Store) SeatMap(ctx context.Context, performanceID id.ID, version int) (seatmap.Map, error) {
	var body []byte
	err := s.db.Read(ctx, func(tx *sqlite.Tx) error {
		err := tx.QueryRow(`SELECT body FROM seat_maps WHERE performance_id = ? AND version = ?`, performanceID[:], version).Scan(&body)
		return notFound(err, "version %d of the seat map of performance %s", version, performanceID)
	})
	if err != nil {
		return seatmap.Map{}, err
	}
	return jsoncodec.DecodeSeatMap(body)
}

func scanPerformance(row scanner) (performance.Performance, error) {
	var state performance.State
	var status string
	var startsAtUTC int64
	var salesOpenAt, salesCloseAt, rescheduledAt, returnsUntil sql.NullInt64
	var capacities, planID, charged, soldBy []byte
	var planVersion sql.NullInt64
	err := row.Scan(&state.ID, &state.ShowID, &state.StartsAt, &state.TimeZone, &startsAtUTC, &salesOpenAt, &salesCloseAt,
		&state.Limits.PerOrder, &state.Limits.PerCustomer, &state.Currency, &state.SeatMapVersion, &planID, &planVersion, &charged, &capacities,
		&status, &state.Reason, &state.Announced, &state.Version, &soldBy, &rescheduledAt, &returnsUntil)
	if err != nil {
		return performance.Performance{}, err
	}
	state.StartsAtUTC = time.UnixMilli(startsAtUTC).UTC()
	state.SalesOpenAt, state.SalesCloseAt = millis(salesOpenAt), millis(salesCloseAt)
	state.RescheduledAt, state.ReturnsUntil = millis(rescheduledAt), millis(returnsUntil)
	state.Status = performance.Status(status)
	copy(state.SeatPlan.ID[:], planID)
	state.SeatPlan.Version = int(planVersion.Int64)
	if state.Pricing, err = jsoncodec.DecodePricing(charged); err != nil {
		return performance.Performance{}, err
	}
	if state.Sales, err = jsoncodec.DecodeSales(soldBy); err != nil {
		return performance.Performance{}, err
	}
	if state.Capacities, err = decodeCapacities(capacities); err != nil {
		return performance.Performance{}, err
	}
	return performance.Restore(state), nil
}

// pricingColumn is null where nothing is charged.
func pricingColumn(rules *pricing.Rules) (any, error) {
	text, err := jsoncodec.EncodePricing(rules)
	if text == nil {
		return nil, err
	}
	return string(text), err
}

// salesColumn is null where only the public buys.
func salesColumn(rules sales.Rules) (any, error) {
	text, err := jsoncodec.EncodeSales(rules)
	if text == nil {
		return nil, err
	}
	return string(text), err
}

func encodeCapacities(capacities []seatmap.Capacity) (string, error) {
	rows := make([]capacityRow, len(capacities))
	for i, c := range capacities {
		rows[i] = capacityRow(c)
	}
	b, err := json.Marshal(rows)
	return string(b), err
}

func decodeCapacities(b []byte) ([]seatmap.Capacity, error) {
	var rows []capacityRow
	if err := json.Unmarshal(b, &rows); err != nil {
		return nil, fmt.Errorf("stored capacities: %w", err)
	}
	capacities := make([]seatmap.Capacity, len(rows))
	for i, row := range rows {
		capacities[i] = seatmap.Capacity(row)
	}
	return capacities, nil
}

type capacityRow struct {
	AreaID string `json:"area"`
	Places int    `json:"places"`
}
