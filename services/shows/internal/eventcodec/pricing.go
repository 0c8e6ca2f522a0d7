package eventcodec

import (
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/services/shows/internal/pricing"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

func priceCategories(m seatmap.Map) []showsevents.PriceCategory {
	categories := make([]showsevents.PriceCategory, len(m.PriceCategories()))
	for i, category := range m.PriceCategories() {
		data := showsevents.PriceCategory{ID: category.ID, Name: category.Name, Price: showsevents.Money(category.Price)}
		for _, tier := range category.Tiers {
			out := showsevents.Tier{ID: tier.ID, Name: tier.Name, Price: showsevents.Money(tier.Price), Until: tier.Until}
			if tier.Quantity != nil {
				out.Quantity.SetTo(*tier.Quantity)
			}
			data.Tiers = append(data.Tiers, out)
		}
		for _, concession := range category.Concessions {
			out := showsevents.Concession{ID: concession.ID, Name: concession.Name}
			if concession.Price != nil {
				out.Price.SetTo(showsevents.Money(*concession.Price))
			} else {
				out.PercentOff.SetTo(concession.PercentOff)
			}
			data.Concessions = append(data.Concessions, out)
		}
		setTime(&data.SalesOpenAt, category.SalesOpenAt)
		setTime(&data.SalesCloseAt, category.SalesCloseAt)
		categories[i] = data
	}
	return categories
}

// charged is what is charged beside the prices.
func charged(rules pricing.Rules) showsevents.Pricing {
	data := showsevents.Pricing{Fees: make([]showsevents.Fee, len(rules.Fees)), Rounding: showsevents.PricingRounding(rules.Rounding)}
	for i, fee := range rules.Fees {
		out := showsevents.Fee{ID: fee.ID, Name: fee.Name, Per: showsevents.FeePer(fee.Per), Refundable: fee.Refundable}
		if fee.Amount != nil {
			out.Amount.SetTo(showsevents.Money(*fee.Amount))
		} else {
			out.Percent.SetTo(fee.Percent)
		}
		data.Fees[i] = out
	}
	if rules.Tax != nil {
		data.Tax.SetTo(showsevents.Tax(*rules.Tax))
	}
	return data
}
