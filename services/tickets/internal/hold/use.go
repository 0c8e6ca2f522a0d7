package hold

import "ticketmesh.dev/services/tickets/internal/inventory"

// Use is what an item has of a quota: a place of it for each of its own, in step
// with them.
type Use struct {
	QuotaID string
	Places  []inventory.Place
}

// Claims returns the slots in each of the quota's partitions.
func (u Use) Claims() map[int]inventory.Slots { return claims(u.Places) }

// UsesOf returns what the n-th place of the item has of each quota.
func (i Item) UsesOf(n int) []Use {
	_, from := splitUses(i.Uses, n)
	of, _ := splitUses(from, 1)
	return of
}

// splitUses divides them into those of the first n places and of the rest.
func splitUses(uses []Use, n int) (first, rest []Use) {
	if len(uses) == 0 {
		return nil, nil
	}
	first, rest = make([]Use, len(uses)), make([]Use, len(uses))
	for i, use := range uses {
		first[i] = Use{use.QuotaID, use.Places[:n:n]}
		rest[i] = Use{use.QuotaID, use.Places[n:]}
	}
	return first, rest
}
