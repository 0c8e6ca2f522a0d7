package seatmap_test

import (
	"errors"
	"testing"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

func TestAQuotaIsLaidOutBesideTheAreas(t *testing.T) {
	t.Parallel()
	layout, err := seatmap.New([]seatmap.Area{{ID: "floor", Kind: seatmap.General, Capacity: 10}})
	if err != nil {
		t.Fatal(err)
	}
	quotaID := inventory.QuotaID("tier", "I", "early")
	if err := layout.AddQuota(quotaID, 130); err != nil {
		t.Fatal(err)
	}
	quota := layout.Quota(quotaID)
	if quota == nil || quota.ID != quotaID || quota.Places() != 130 || quota.Partitions() != 3 || quota.PartitionCapacity(1) != 64 || quota.PartitionCapacity(2) != 2 {
		t.Errorf("quota %+v", quota)
	}
	if layout.Area(quotaID) != nil || layout.Places() != 10 || len(layout.Areas()) != 1 || len(layout.Quotas()) != 1 {
		t.Errorf("the quota is among the areas of %d places", layout.Places())
	}
	if layout.Counted(quotaID) != quota || layout.Counted("floor") != layout.Area("floor") || layout.Counted("~") != nil {
		t.Error("what is counted is neither an area nor a quota")
	}
	if layout.Quota("floor") != nil {
		t.Error("an area is among the quotas")
	}
	for name, err := range map[string]error{"twice": layout.AddQuota(quotaID, 1), "of nothing": layout.AddQuota(inventory.QuotaID("x"), 0)} {
		if !errors.Is(err, seatmap.ErrMalformed) {
			t.Errorf("a quota %s: %v", name, err)
		}
	}
	if _, err := seatmap.New([]seatmap.Area{{ID: quotaID, Kind: seatmap.General, Capacity: 10}}); !errors.Is(err, seatmap.ErrMalformed) {
		t.Errorf("an area with the id of a quota: %v", err)
	}
}
