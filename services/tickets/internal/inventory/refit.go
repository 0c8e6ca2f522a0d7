package inventory

import (
	"slices"
	"time"

	"ticketmesh.dev/platform/id"
)

// Fence claims those of the slots for a change of the seat map that are free, and
// returns those that are sold or held by others. It may be repeated, which moves
// the expiry.
func (p *Partition) Fence(change id.ID, slots Slots, now, until time.Time) (taken Slots) {
	before := p.FencedBy(change, now)
	p.drop(change)
	fenced := slots & p.Free(now)
	if fenced != 0 {
		p.Claims = append(p.Claims, Claim{HoldID: change, Slots: fenced, Until: until})
	}
	if fenced != 0 || before != 0 {
		p.Version++
	}
	return slots &^ fenced &^ p.Closed
}

// FencedBy returns what a change of the seat map has claimed.
func (p *Partition) FencedBy(change id.ID, now time.Time) Slots {
	var fenced Slots
	for _, claim := range p.Claims {
		if claim.HoldID == change && claim.Until.After(now) {
			fenced |= claim.Slots
		}
	}
	return fenced
}

// Refit brings the partition in line with a changed seat map: it has so many
// slots, and these of them are not for sale. The change's own claim ends. A place
// that is sold, or held by others, stays as it is and is returned.
func (p *Partition) Refit(capacity int, closed Slots, change id.ID, now time.Time) (taken Slots) {
	p.drop(change)
	p.sweep(now)
	taken = closed & (p.Sold | p.Held(now))
	p.Capacity, p.Closed = capacity, closed&^taken
	p.Version++
	return taken
}

func (p *Partition) drop(holdID id.ID) {
	p.Claims = slices.DeleteFunc(p.Claims, func(c Claim) bool { return c.HoldID == holdID })
}
