package app

import (
	"context"
	"errors"
	"fmt"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/seatplan"
)

// ErrUnknownFormat: no adapter reads or writes the format.
var ErrUnknownFormat = errors.New("unknown format")

// PlanStore keeps seat plans in all their versions. A method that changes
// something is one transaction over one plan. Methods may be called
// concurrently, and have taken durable effect when they return.
type PlanStore interface {
	// InsertSeatPlan stores a new plan. When one with its id exists, nothing is
	// stored and the newest version of that one is returned.
	InsertSeatPlan(ctx context.Context, p seatplan.Plan) (stored seatplan.Plan, err error)
	// SeatPlan returns a version of the plan, of version 0 the newest, or
	// ErrNotFound.
	SeatPlan(ctx context.Context, planID id.ID, version int) (seatplan.Plan, error)
	// SaveSeatPlan adds the version that follows was. ErrConflict when the
	// newest is another, or the plan is gone.
	SaveSeatPlan(ctx context.Context, p seatplan.Plan, was int) error
	// DeleteSeatPlan removes all versions of a plan whose newest is was.
	// ErrConflict when it is another, or the plan is gone.
	DeleteSeatPlan(ctx context.Context, planID id.ID, was int) error
	// ListSeatPlans returns the newest versions of the organizer's plans in
	// descending order of their ids, without areas and categories.
	ListSeatPlans(ctx context.Context, q SeatPlanQuery) (SeatPlanPage, error)
}

// SeatPlanQuery is which plans to list.
type SeatPlanQuery struct {
	Organizer string
	Before    id.ID // only ids less than this one; Nil for the first page
	Limit     int   // at least 1
}

// SeatPlanPage is a page of plans.
type SeatPlanPage struct {
	Plans []SeatPlanSummary
	Next  id.ID // the next page's Before; Nil when this is the last
}

// SeatPlanSummary is a plan without its areas.
type SeatPlanSummary struct {
	ID      id.ID
	Name    string
	Places  int
	Version int
}

// PlanFormat is a format of seating plans that others use. It decides nothing
// about what a valid plan is.
type PlanFormat interface {
	// Import reads a document, or fails with a *violation.Error whose paths
	// begin with "document".
	Import(document []byte) (seatplan.Details, []seatplan.Finding, error)
	// Export writes a plan.
	Export(details seatplan.Details) ([]byte, []seatplan.Finding, error)
}

// Plans does the use cases of seat plans. They are seen and changed by their
// organizer and by admins; to all others they are not found. Its methods may be
// called concurrently.
type Plans struct {
	store   PlanStore
	formats map[string]PlanFormat
}

// NewPlans returns the use cases over the store. Formats are by name.
func NewPlans(store PlanStore, formats map[string]PlanFormat) *Plans {
	return &Plans{store: store, formats: formats}
}

// Create makes the first version of a plan of the caller's. When a plan with
// this id exists it is returned instead: the request was made before. It fails
// with ErrForbidden or a *violation.Error.
func (p *Plans) Create(ctx context.Context, caller Caller, planID id.ID, details seatplan.Details) (seatplan.Plan, error) {
	if !caller.Organizer && !caller.Admin {
		return seatplan.Plan{}, fmt.Errorf("create a seat plan: %w", ErrForbidden)
	}
	plan, err := seatplan.New(planID, caller.Subject, details)
	if err != nil {
		return seatplan.Plan{}, err
	}
	return p.store.InsertSeatPlan(ctx, plan)
}

// Import makes a plan out of a document in a foreign format and reports what
// could not be kept. A name that is not empty replaces the document's. It fails
// with ErrForbidden, ErrUnknownFormat or a *violation.Error.
func (p *Plans) Import(ctx context.Context, caller Caller, planID id.ID, format, name string, document []byte) (seatplan.Plan, []seatplan.Finding, error) {
	reader, known := p.formats[format]
	if !known {
		return seatplan.Plan{}, nil, ErrUnknownFormat
	}
	if !caller.Organizer && !caller.Admin {
		return seatplan.Plan{}, nil, fmt.Errorf("import a seat plan: %w", ErrForbidden)
	}
	details, findings, err := reader.Import(document)
	if err != nil {
		return seatplan.Plan{}, nil, err
	}
	if name != "" {
		details.Name = name
	}
	plan, err := p.Create(ctx, caller, planID, details)
	return plan, findings, err
}

// Export writes a version of a plan, of version 0 the newest, in a foreign
// format and reports what that cannot say. It fails with ErrNotFound or
// ErrUnknownFormat.
func (p *Plans) Export(ctx context.Context, caller Caller, planID id.ID, version int, format string) ([]byte, []seatplan.Finding, error) {
	writer, known := p.formats[format]
	if !known {
		return nil, nil, ErrUnknownFormat
	}
	plan, err := p.Get(ctx, caller, planID, version)
	if err != nil {
		return nil, nil, err
	}
	return writer.Export(plan.State().Details)
}

// Get returns a version of a plan, of version 0 the newest, or ErrNotFound.
func (p *Plans) Get(ctx context.Context, caller Caller, planID id.ID, version int) (seatplan.Plan, error) {
	return ownSeatPlan(ctx, p.store, caller, planID, version)
}

// ownSeatPlan returns a version of a plan that the caller may see.
func ownSeatPlan(ctx context.Context, store PlanStore, caller Caller, planID id.ID, version int) (seatplan.Plan, error) {
	plan, err := store.SeatPlan(ctx, planID, version)
	if err != nil {
		return seatplan.Plan{}, err
	}
	if !caller.Admin && !(caller.Organizer && plan.OwnedBy(caller.Subject)) {
		return seatplan.Plan{}, fmt.Errorf("seat plan %s: %w", planID, ErrNotFound)
	}
	return plan, nil
}

// List returns a page of the caller's plans, the newest first. It fails with
// ErrForbidden.
func (p *Plans) List(ctx context.Context, caller Caller, before id.ID, limit int) (SeatPlanPage, error) {
	if !caller.Organizer && !caller.Admin {
		return SeatPlanPage{}, fmt.Errorf("list seat plans: %w", ErrForbidden)
	}
	return p.store.ListSeatPlans(ctx, SeatPlanQuery{Organizer: caller.Subject, Before: before, Limit: limit})
}

// Replace makes the next version of a plan, if it has the expected version; 0
// is any. Performances that were set up from an older one keep it. It fails with
// ErrNotFound, ErrVersion or a *violation.Error.
func (p *Plans) Replace(ctx context.Context, caller Caller, planID id.ID, details seatplan.Details, expected int) (after seatplan.Plan, err error) {
	err = retry(func() error {
		before, err := p.expect(ctx, caller, planID, expected)
		if err != nil {
			return err
		}
		var changed bool
		after, changed, err = before.Replace(details)
		if err != nil || !changed {
			return err
		}
		return p.store.SaveSeatPlan(ctx, after, before.State().Version)
	})
	return after, err
}

// Delete removes a plan, if it has the expected version; 0 is any. Performances
// that were set up from it keep their seat maps. It fails with ErrNotFound or
// ErrVersion.
func (p *Plans) Delete(ctx context.Context, caller Caller, planID id.ID, expected int) error {
	return retry(func() error {
		plan, err := p.expect(ctx, caller, planID, expected)
		if err != nil {
			return err
		}
		return p.store.DeleteSeatPlan(ctx, planID, plan.State().Version)
	})
}

func (p *Plans) expect(ctx context.Context, caller Caller, planID id.ID, expected int) (seatplan.Plan, error) {
	plan, err := p.Get(ctx, caller, planID, 0)
	if err == nil && expected != 0 && expected != plan.State().Version {
		err = fmt.Errorf("seat plan %s has version %d: %w", planID, plan.State().Version, ErrVersion)
	}
	return plan, err
}
