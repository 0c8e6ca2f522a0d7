package inventory_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ticketmesh.dev/services/tickets/internal/inventory"
)

func TestQuotasAreToldFromAreas(t *testing.T) {
	t.Parallel()
	for areaID, want := range map[string]bool{
		inventory.QuotaID("tier", "I", "early"): true, inventory.QuotaID(): true, inventory.QuotaID(""): true,
		"stalls": false, "4:tier": false, "A": false, "": false,
	} {
		if got := inventory.IsQuota(areaID); got != want {
			t.Errorf("IsQuota(%q) = %t", areaID, got)
		}
	}
}

func TestDifferentNamesAreDifferentQuotas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringOfN(rapid.SampledFrom([]rune("1:/a")), 0, 4, -1)
		one, other := rapid.SliceOfN(part, 0, 3).Draw(t, "one"), rapid.SliceOfN(part, 0, 3).Draw(t, "other")
		if same := inventory.QuotaID(one...) == inventory.QuotaID(other...); same != slices.Equal(one, other) {
			t.Fatalf("%q and %q are the same quota: %t", one, other, same)
		}
	})
}
