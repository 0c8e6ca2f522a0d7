package app

import (
	"context"
	"fmt"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/sales"
	"ticketmesh.dev/services/shows/internal/show"
)

// changeSales has a performance sold by other rules, which others are told as
// they are of other times of its sale. The change is given the ids of its price
// categories.
func (a *App) changeSales(ctx context.Context, caller Caller, showID, performanceID id.ID, do func(rules sales.Rules, seatMap PerformanceView) (sales.Rules, bool, error)) (PerformanceView, error) {
	return a.changePerformance(ctx, caller, showID, performanceID, func(s show.Show, before performance.Performance) (performance.Performance, bool, PerformanceChange, error) {
		if s.Status() == show.Cancelled {
			return before, false, 0, &show.CancelledError{ShowID: showID}
		}
		seen, err := a.view(ctx, before)
		if err != nil {
			return before, false, 0, err
		}
		after, changed, err := before.ChangeSales(func(rules sales.Rules) (sales.Rules, bool, error) { return do(rules, seen) })
		return after, changed, PerformanceRescheduled, err
	})
}

// ReleaseAllocation says whether an allocation of the performance's seat map is
// for everybody. It fails with ErrNotFound, also when there is no such allocation,
// ErrForbidden, a *show.CancelledError or a *performance.CancelledError.
func (a *App) ReleaseAllocation(ctx context.Context, caller Caller, showID, performanceID id.ID, allocationID string, released bool) (PerformanceView, error) {
	return a.changeSales(ctx, caller, showID, performanceID, func(rules sales.Rules, of PerformanceView) (sales.Rules, bool, error) {
		if !of.SeatMap.HasAllocation(allocationID) {
			return rules, false, fmt.Errorf("allocation %q: %w", allocationID, ErrNotFound)
		}
		after, changed := rules.Release(allocationID, released)
		return after, changed, nil
	})
}

// Presales lists the presales of a performance with their codes, for its
// organizer. It fails with ErrNotFound or ErrForbidden.
func (a *App) Presales(ctx context.Context, caller Caller, showID, performanceID id.ID) ([]sales.Presale, error) {
	if _, err := a.changeable(ctx, caller, showID); err != nil {
		return nil, err
	}
	p, err := a.store.Performance(ctx, showID, performanceID)
	if err != nil {
		return nil, err
	}
	return p.State().Sales.Presales, nil
}

// PutPresale makes a presale, or replaces the one of its id, with so many codes
// that are made. Repeating it finds them made. It fails with ErrNotFound,
// ErrForbidden, a *show.CancelledError, a *performance.CancelledError or a
// *violation.Error.
func (a *App) PutPresale(ctx context.Context, caller Caller, showID, performanceID id.ID, presale sales.Presale, generate int) (sales.Presale, error) {
	view, err := a.changeSales(ctx, caller, showID, performanceID, func(rules sales.Rules, of PerformanceView) (sales.Rules, bool, error) {
		var categories []string
		for _, category := range of.SeatMap.PriceCategories() {
			categories = append(categories, category.ID)
		}
		return rules.PutPresale(presale, generate, categories)
	})
	if err != nil {
		return sales.Presale{}, err
	}
	made, _ := view.State().Sales.Presale(presale.ID)
	return made, nil
}

// DeletePresale ends a presale, also when repeated. It fails with ErrNotFound,
// ErrForbidden, a *show.CancelledError or a *performance.CancelledError.
func (a *App) DeletePresale(ctx context.Context, caller Caller, showID, performanceID id.ID, presaleID string) error {
	_, err := a.changeSales(ctx, caller, showID, performanceID, func(rules sales.Rules, _ PerformanceView) (sales.Rules, bool, error) {
		after, changed := rules.DeletePresale(presaleID)
		return after, changed, nil
	})
	return err
}
