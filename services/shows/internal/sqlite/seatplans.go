package sqlite

import (
	"context"
	"fmt"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/jsoncodec"
	"ticketmesh.dev/services/shows/internal/seatplan"
)

const selectSeatPlan = `SELECT p.organizer_id, v.version, v.body FROM seat_plans p
	JOIN seat_plan_versions v ON v.plan_id = p.plan_id AND v.version = CASE ?2 WHEN 0 THEN p.version ELSE ?2 END
	WHERE p.plan_id = ?1`

// InsertSeatPlan implements app.PlanStore.
func (s *Store) InsertSeatPlan(ctx context.Context, p seatplan.Plan) (stored seatplan.Plan, err error) {
	state := p.State()
	body, err := jsoncodec.EncodeSeatPlan(state.Details)
	if err != nil {
		return seatplan.Plan{}, err
	}
	places := p.Places()
	stored = p
	err = s.db.Write(ctx, func(tx *sqlite.Tx) error {
		n, err := tx.Exec(`INSERT INTO seat_plans (plan_id, organizer_id, name, places, version) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			state.ID[:], state.OrganizerID, state.Name, places, state.Version)
		if err != nil {
			return err
		}
		if n != 1 {
			stored, err = scanSeatPlan(tx.QueryRow(selectSeatPlan, state.ID[:], 0), state.ID)
			return err
		}
		return insertPlanVersion(tx, state, body)
	})
	return stored, err
}

func insertPlanVersion(tx *sqlite.Tx, state seatplan.State, body []byte) error {
	_, err := tx.Exec(`INSERT INTO seat_plan_versions (plan_id, version, body) VALUES (?, ?, ?)`, state.ID[:], state.Version, string(body))
	return err
}

// SeatPlan implements app.PlanStore.
func (s *Store) SeatPlan(ctx context.Context, planID id.ID, version int) (found seatplan.Plan, err error) {
	err = s.db.Read(ctx, func(tx *sqlite.Tx) (err error) {
		found, err = scanSeatPlan(tx.QueryRow(selectSeatPlan, planID[:], version), planID)
		return notFound(err, "version %d of seat plan %s", version, planID)
	})
	return found, err
}

// SaveSeatPlan implements app.PlanStore.
func (s *Store) SaveSeatPlan(ctx context.Context, p seatplan.Plan, was int) error {
	state := p.State()
	body, err := jsoncodec.EncodeSeatPlan(state.Details)
	if err != nil {
		return err
	}
	places := p.Places()
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		n, err := tx.Exec(`UPDATE seat_plans SET name = ?, places = ?, version = ? WHERE plan_id = ? AND version = ?`,
			state.Name, places, state.Version, state.ID[:], was)
		if err == nil && n != 1 {
			err = fmt.Errorf("seat plan %s is not at version %d: %w", state.ID, was, app.ErrConflict)
		}
		if err != nil {
			return err
		}
		return insertPlanVersion(tx, state, body)
	})
}

// DeleteSeatPlan implements app.PlanStore.
func (s *Store) DeleteSeatPlan(ctx context.Context, planID id.ID, was int) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec(`DELETE FROM seat_plan_versions WHERE plan_id = ?1 AND EXISTS (SELECT 1 FROM seat_plans WHERE plan_id = ?1 AND version = ?2)`, planID[:], was); err != nil {
			return err
		}
		n, err := tx.Exec(`DELETE FROM seat_plans WHERE plan_id = ? AND version = ?`, planID[:], was)
		if err == nil && n != 1 {
			err = fmt.Errorf("seat plan %s is not at version %d: %w", planID, was, app.ErrConflict)
		}
		return err
	})
}

// ListSeatPlans implements app.PlanStore.
func (s *Store) ListSeatPlans(ctx context.Context, q app.SeatPlanQuery) (page app.SeatPlanPage, err error) {
	before := q.Before
	if before == id.Nil {
		before = highest
	}
	err = s.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT plan_id, name, places, version FROM seat_plans
			WHERE organizer_id = ? AND plan_id < ? ORDER BY plan_id DESC LIMIT ?`, q.Organizer, before[:], q.Limit+1)
		if err != nil {
			return err
		}
		for rows.Next() {
			var summary app.SeatPlanSummary
			if err := rows.Scan(&summary.ID, &summary.Name, &summary.Places, &summary.Version); err != nil {
				return err
			}
			if len(page.Plans) == q.Limit {
				page.Next = page.Plans[q.Limit-1].ID
				break
			}
			page.Plans = append(page.Plans, summary)
		}
		return rows.Err()
	})
	return page, err
}

func scanSeatPlan(row scanner, planID id.ID) (seatplan.Plan, error) {
	state := seatplan.State{ID: planID}
	var body []byte
	if err := row.Scan(&state.OrganizerID, &state.Version, &body); err != nil {
		return seatplan.Plan{}, err
	}
	var err error
	if state.Details, err = jsoncodec.DecodeSeatPlan(body); err != nil {
		return seatplan.Plan{}, err
	}
	return seatplan.Restore(state), nil
}
