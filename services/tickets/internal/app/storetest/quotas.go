package storetest

import (
	"strings"

	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/performance"
)

// quotas are kept as areas are; nobody lists or tells of them.
func quotas(f *fixture) {
	p := f.put()
	quotaID := performance.TierQuota("I", "früh")
	f.touch(p, quotaID, 1, func(partition *inventory.Partition) { f.ok(partition.Sell(id.New(), 0b11, start)) })
	f.checkFree(p, p.Layout.Quota(quotaID), 1, 0, 100, start)
	f.touch(p, "stalls", 0, func(partition *inventory.Partition) { f.ok(partition.Sell(id.New(), 0b111, start)) })
	all, err := f.store().Partitions(f.Context(), p.ID)
	f.ok(err)
	sold := 0
	for _, partition := range all {
		if inventory.IsQuota(partition.AreaID) {
			f.Errorf("partition %d of quota %s is listed", partition.Number, partition.AreaID)
		}
		sold += partition.Sold.Count()
	}
	f.same("sold", sold, 3)
	for _, told := range f.events() {
		if strings.Contains(told.Subject, "/"+quotaID+"/") {
			f.Errorf("%s of %s", told.Type, told.Subject)
		}
	}
}

// quotasOf lists the quotas that a performance is laid out with.
func quotasOf(p *performance.Performance) map[string]int {
	places := map[string]int{}
	for _, quota := range p.Layout.Quotas() {
		places[quota.ID] = quota.Places()
	}
	return places
}
