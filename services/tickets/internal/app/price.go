package app

import (
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/pricing"
)

// priced divides places by what they cost: the first of them by the first tier
// that is not over, as many as it has left, those after by the next, and what no
// tier has left for at the category's price. What has a quota takes places of it.
func (t *taker) priced(category performance.PriceCategory, held hold.Item) ([]hold.Item, error) {
	var parts []hold.Item
	for _, tier := range category.TiersAt(t.now) {
		part := held
		part.Tier, part.UnitPrice = tier.ID, tier.Price
		if tier.Quantity == 0 {
			return append(parts, part), nil
		}
		use := hold.Use{QuotaID: performance.TierQuota(category.ID, tier.ID)}
		var err error
		if use.Places, err = t.upTo(t.performance.Layout.Quota(use.QuotaID), held.Quantity()); err != nil {
			return nil, err
		}
		left := len(use.Places)
		if left == 0 {
			continue
		}
		part, _ = part.Split(left)
		part.Uses = append(part.Uses, use)
		parts = append(parts, part)
		if _, held = held.Split(left); held.Quantity() == 0 {
			return parts, nil
		}
	}
	held.UnitPrice = category.Price
	return append(parts, held), nil
}

// reduced divides places that are priced by concessions, which are for the first
// of them, in their order.
func reduced(priced []hold.Item, choices []ConcessionChoice, category performance.PriceCategory, rounding pricing.Rounding) ([]hold.Item, error) {
	if len(choices) == 0 {
		return priced, nil
	}
	var parts []hold.Item
	choice, left := 0, choices[0].Quantity
	for _, full := range priced {
		for full.Quantity() > 0 && choice < len(choices) {
			price, err := category.Reduced(choices[choice].ID, full.UnitPrice, rounding)
			if err != nil {
				return nil, err
			}
			n := min(left, full.Quantity())
			var part hold.Item
			part, full = full.Split(n)
			part.Concession, part.UnitPrice = choices[choice].ID, price
			parts = append(parts, part)
			if left -= n; left > 0 {
				break // the places of this price are used up
			}
			if choice++; choice < len(choices) {
				left = choices[choice].Quantity
			}
		}
		if full.Quantity() > 0 {
			parts = append(parts, full)
		}
	}
	return parts, nil
}
