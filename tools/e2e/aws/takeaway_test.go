package aws_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"ticketmesh.dev/tools/internal/cloud"
)

// record is how a scenario was played.
type record struct {
	used []cloud.Part
	took time.Duration
}

// takeAway takes each part of the templates away in turn, and of permissions and policies
// those that were needed, and has a scenario fail for it: one that needed the part, and
// the shortest of those first.
func takeAway(t *testing.T, m *mesh, played map[string]record) {
	t.Helper()
	parts := m.Parts()
	needing := map[cloud.Part][]scenario{}
	for _, s := range scenarios {
		for _, p := range played[s.name].used {
			needing[p] = append(needing[p], s)
			parts = append(parts, p)
		}
	}
	slices.SortFunc(parts, func(a, b cloud.Part) int { return cmp.Compare(a.String(), b.String()) })
	for _, p := range slices.Compact(parts) {
		t.Run(p.String(), func(t *testing.T) {
			slices.SortStableFunc(needing[p], func(a, b scenario) int { return cmp.Compare(played[a.name].took, played[b.name].took) })
			if err := m.Remove(p); err != nil {
				t.Fatal(err)
			}
			missed := false
			for _, s := range needing[p] {
				if err := m.try(t.Context(), s); err != nil {
					t.Logf("%s: %v", s.name, err)
					missed = true
					break
				}
			}
			if err := m.Restore(p); err != nil {
				t.Fatal(err)
			}
			if !missed {
				t.Errorf("nobody misses the %v, of the %d scenarios that use it", p, len(needing[p]))
			}
		})
	}
}
