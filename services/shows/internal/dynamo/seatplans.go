package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sync/errgroup"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/jsoncodec"
	"ticketmesh.dev/services/shows/internal/seatplan"
)

const planKind = "plan#"

func planKey(v id.ID) dynamo.Key { return keyOf(planKind, v) }

func versionSK(version int) string { return "version#" + strconv.Itoa(version) }

func plansList(organizer string) string { return "plans#" + organizer }

// planRow is what is known of a plan without its areas. Members are only ever
// added.
type planRow struct {
	OrganizerID string `json:"organizerId"`
	Name        string `json:"name"`
	Places      int    `json:"places"`
	Version     int    `json:"version"` // the newest
}

// putPlan writes a version that is the newest.
func putPlan(tx *dynamo.Tx, p seatplan.Plan) error {
	state := p.State()
	body, err := jsoncodec.EncodeSeatPlan(state.Details)
	if err != nil {
		return err
	}
	items, err := parts(planKey(state.ID).PK, versionSK(state.Version), body)
	if err != nil {
		return err
	}
	row, err := json.Marshal(planRow{state.OrganizerID, state.Name, p.Places(), state.Version})
	if err != nil {
		return err
	}
	tx.Put(dynamo.Item{Key: planKey(state.ID), Document: row, Keys: map[string]string{attrList: plansList(state.OrganizerID)}})
	for _, item := range items {
		tx.Put(item)
	}
	return nil
}

func readPlan(item dynamo.Item) (row planRow, err error) {
	if err := json.Unmarshal(item.Document, &row); err != nil {
		return planRow{}, fmt.Errorf("item %q: %w", item.Key.PK, err)
	}
	return row, nil
}

// InsertSeatPlan implements app.PlanStore.
func (s *Store) InsertSeatPlan(ctx context.Context, p seatplan.Plan) (seatplan.Plan, error) {
	planID, exists := p.State().ID, false
	err := s.table.Update(ctx, func(tx *dynamo.Tx) error {
		_, err := tx.Get(planKey(planID))
		if exists = err == nil; exists || !errors.Is(err, dynamo.ErrNotFound) {
			return err
		}
		return putPlan(tx, p)
	})
	if err == nil && exists {
		return s.SeatPlan(ctx, planID, 0)
	}
	return p, err
}

// SeatPlan implements app.PlanStore.
func (s *Store) SeatPlan(ctx context.Context, planID id.ID, version int) (seatplan.Plan, error) {
	item, err := s.table.Get(ctx, planKey(planID))
	if err != nil {
		return seatplan.Plan{}, notFound(err, "seat plan %s", planID)
	}
	row, err := readPlan(item)
	if err != nil {
		return seatplan.Plan{}, err
	}
	if version == 0 {
		version = row.Version
	}
	body, err := s.whole(ctx, planKey(planID).PK, versionSK(version))
	if err != nil {
		return seatplan.Plan{}, notFound(err, "version %d of seat plan %s", version, planID)
	}
	details, err := jsoncodec.DecodeSeatPlan(body)
	return seatplan.Restore(seatplan.State{ID: planID, OrganizerID: row.OrganizerID, Version: version, Details: details}), err
}

// SaveSeatPlan implements app.PlanStore.
func (s *Store) SaveSeatPlan(ctx context.Context, p seatplan.Plan, was int) error {
	return s.table.Update(ctx, func(tx *dynamo.Tx) error {
		if err := expectPlan(tx, p.State().ID, was); err != nil {
			return err
		}
		return putPlan(tx, p)
	})
}

// expectPlan fails with app.ErrConflict unless the plan's newest version is was.
func expectPlan(tx *dynamo.Tx, planID id.ID, was int) error {
	conflict := fmt.Errorf("seat plan %s is not at version %d: %w", planID, was, app.ErrConflict)
	item, err := tx.Get(planKey(planID))
	if errors.Is(err, dynamo.ErrNotFound) {
		return conflict
	}
	if err != nil {
		return err
	}
	row, err := readPlan(item)
	if err == nil && row.Version != was {
		err = conflict
	}
	return err
}

// DeleteSeatPlan implements app.PlanStore. Without its first item nobody finds
// the versions of a plan, which may be more than a unit of work takes; they are
// removed after it, and are no more than litter when that is interrupted.
func (s *Store) DeleteSeatPlan(ctx context.Context, planID id.ID, was int) error {
	key := planKey(planID)
	err := s.table.Update(ctx, func(tx *dynamo.Tx) error {
		if err := expectPlan(tx, planID, was); err != nil {
			return err
		}
		tx.Delete(key)
		return nil
	})
	if err != nil {
		return err
	}
	versions, err := s.table.Query(ctx, dynamo.Query{PK: key.PK})
	if err != nil {
		return err
	}
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(maxCalls)
	for _, item := range versions {
		calls.Go(func() error {
			return s.table.Update(ctx, func(tx *dynamo.Tx) error {
				tx.Delete(item.Key)
				return nil
			})
		})
	}
	return calls.Wait()
}

// ListSeatPlans implements app.PlanStore.
func (s *Store) ListSeatPlans(ctx context.Context, q app.SeatPlanQuery) (app.SeatPlanPage, error) {
	items, err := s.table.Query(ctx, listed(plansList(q.Organizer), planKind, q.Before, q.Limit+1))
	if err != nil {
		return app.SeatPlanPage{}, err
	}
	var page app.SeatPlanPage
	for _, item := range items[:min(q.Limit, len(items))] {
		planID, err := idOf(planKind, item.Key)
		if err != nil {
			return app.SeatPlanPage{}, err
		}
		row, err := readPlan(item)
		if err != nil {
			return app.SeatPlanPage{}, err
		}
		page.Plans = append(page.Plans, app.SeatPlanSummary{ID: planID, Name: row.Name, Places: row.Places, Version: row.Version})
	}
	if len(items) > q.Limit {
		page.Next = page.Plans[q.Limit-1].ID
	}
	return page, nil
}
