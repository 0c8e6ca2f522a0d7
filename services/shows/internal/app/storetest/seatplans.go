package storetest

import (
	"testing"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/seatplan"
)

func planDetails(name string) seatplan.Details {
	return seatplan.Details{
		Name: name,
		Areas: []seatmap.Area{
			{ID: "stalls", Name: "Parkett <links>", Kind: seatmap.Seated, PriceCategory: "I", Rows: []seatmap.Row{
				{Label: "Ä", Seats: "1-11,13,15", AisleAfter: []string{"7"}, Wheelchair: []string{"15"}, Companion: []string{"13"}, OutOfSale: []string{"1", "2"}},
			}},
			{ID: "standing", Kind: seatmap.General, Capacity: 248, PriceCategory: "II"},
		},
		Categories: []seatplan.Category{{ID: "I", Name: "First"}, {ID: "II", Name: "Second"}},
	}
}

func newSeatPlan(t *testing.T, h Harness, organizer string) seatplan.Plan {
	t.Helper()
	p, err := seatplan.New(id.New(), organizer, planDetails("Großer Saal"))
	noError(t, err)
	stored, err := h.Store.InsertSeatPlan(t.Context(), p)
	noError(t, err)
	equal(t, stored, p)
	return p
}

func next(t *testing.T, p seatplan.Plan, name string) seatplan.Plan {
	t.Helper()
	after, changed, err := p.Replace(planDetails(name))
	noError(t, err)
	equal(t, changed, true)
	return after
}

func seatPlanRoundTrip(t *testing.T, h Harness) {
	first := newSeatPlan(t, h, "ada")
	second := next(t, first, "Kleiner Saal")
	noError(t, h.Store.SaveSeatPlan(t.Context(), second, 1))
	for version, want := range map[int]seatplan.Plan{0: second, 1: first, 2: second} {
		got, err := h.Store.SeatPlan(t.Context(), first.State().ID, version)
		noError(t, err)
		equal(t, got, want)
	}
	_, err := h.Store.SeatPlan(t.Context(), first.State().ID, 3)
	wantError(t, err, app.ErrNotFound)
	_, err = h.Store.SeatPlan(t.Context(), id.New(), 0)
	wantError(t, err, app.ErrNotFound)
}

func insertSeatPlanTwice(t *testing.T, h Harness) {
	first := newSeatPlan(t, h, "ada")
	second := next(t, first, "Kleiner Saal")
	noError(t, h.Store.SaveSeatPlan(t.Context(), second, 1))
	stored, err := h.Store.InsertSeatPlan(t.Context(), first)
	noError(t, err)
	equal(t, stored, second)
}

func seatPlanAtVersions(t *testing.T, h Harness) {
	first := newSeatPlan(t, h, "ada")
	second := next(t, first, "Kleiner Saal")
	wantError(t, h.Store.SaveSeatPlan(t.Context(), second, 2), app.ErrConflict)
	noError(t, h.Store.SaveSeatPlan(t.Context(), second, 1))
	wantError(t, h.Store.SaveSeatPlan(t.Context(), second, 1), app.ErrConflict)
	stranger, err := seatplan.New(id.New(), "ada", planDetails("x"))
	noError(t, err)
	wantError(t, h.Store.SaveSeatPlan(t.Context(), next(t, stranger, "y"), 1), app.ErrConflict)
}

func deleteSeatPlan(t *testing.T, h Harness) {
	first, other := newSeatPlan(t, h, "ada"), newSeatPlan(t, h, "ada")
	planID := first.State().ID
	noError(t, h.Store.SaveSeatPlan(t.Context(), next(t, first, "Kleiner Saal"), 1))
	wantError(t, h.Store.DeleteSeatPlan(t.Context(), planID, 1), app.ErrConflict)
	for _, version := range []int{0, 1, 2} {
		_, err := h.Store.SeatPlan(t.Context(), planID, version)
		noError(t, err)
	}
	noError(t, h.Store.DeleteSeatPlan(t.Context(), planID, 2))
	wantError(t, h.Store.DeleteSeatPlan(t.Context(), planID, 2), app.ErrConflict)
	for _, version := range []int{0, 1, 2} {
		_, err := h.Store.SeatPlan(t.Context(), planID, version)
		wantError(t, err, app.ErrNotFound)
	}
	_, err := h.Store.SeatPlan(t.Context(), other.State().ID, 0)
	noError(t, err)
}

func listSeatPlans(t *testing.T, h Harness) {
	var want []app.SeatPlanSummary
	for range 3 {
		p := newSeatPlan(t, h, "ada")
		newSeatPlan(t, h, "bob")
		want = append([]app.SeatPlanSummary{{ID: p.State().ID, Name: "Großer Saal", Places: 259, Version: 1}}, want...)
	}
	changed, err := h.Store.SeatPlan(t.Context(), want[1].ID, 0)
	noError(t, err)
	noError(t, h.Store.SaveSeatPlan(t.Context(), next(t, changed, "Kleiner Saal"), 1))
	want[1].Name, want[1].Version = "Kleiner Saal", 2

	var got []app.SeatPlanSummary
	for before := id.Nil; ; {
		page, err := h.Store.ListSeatPlans(t.Context(), app.SeatPlanQuery{Organizer: "ada", Before: before, Limit: 2})
		noError(t, err)
		got = append(got, page.Plans...)
		if page.Next == id.Nil {
			break
		}
		before = page.Next
		newSeatPlan(t, h, "ada") // newer than all that is left
	}
	equal(t, got, want)
}
