package seatmap

import (
	"fmt"

	"ticketmesh.dev/services/tickets/internal/inventory"
)

// AddQuota lays a quota of so many places out beside the areas, or says with
// ErrMalformed that it has none or is there already. It is for who makes the
// layout, before it is shared.
func (l *Layout) AddQuota(quotaID string, places int) error {
	if l.Quota(quotaID) != nil || places < 1 {
		return fmt.Errorf("%w: quota %q is empty or there twice", ErrMalformed, quotaID)
	}
	quota := &AreaLayout{Area: Area{ID: quotaID, Kind: General, Capacity: places}}
	quota.number(0)
	if l.quotaByID == nil {
		l.quotaByID = map[string]*AreaLayout{}
	}
	l.quotas, l.quotaByID[quotaID] = append(l.quotas, quota), quota
	return nil
}

// Quotas returns the quotas in the order in which they were added. They are no
// areas: Areas and Places leave them out.
func (l *Layout) Quotas() []*AreaLayout { return l.quotas }

// Quota returns the quota, or nil when there is none of that id.
func (l *Layout) Quota(quotaID string) *AreaLayout { return l.quotaByID[quotaID] }

// Counted returns the area or the quota, or nil when there is neither of that id.
func (l *Layout) Counted(areaID string) *AreaLayout {
	if inventory.IsQuota(areaID) {
		return l.Quota(areaID)
	}
	return l.Area(areaID)
}

// number lays out places that have no names, in so many slots at least.
func (a *AreaLayout) number(least int) {
	a.places = max(a.Capacity, 0)
	a.slots = max(a.places, least)
	a.partitions = (a.slots + inventory.MaxPlaces - 1) / inventory.MaxPlaces
}
