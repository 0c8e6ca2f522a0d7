package rest

import (
	"time"

	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/pricing"
	"ticketmesh.dev/services/shows/internal/seatmap"
)

// categoryOf takes a price category as it came; the domain checks it.
func categoryOf(in showsapi.PriceCategoryInput) seatmap.PriceCategory {
	category := seatmap.PriceCategory{ID: in.ID, Name: in.Name, Price: moneyOf(in.Price), SalesOpenAt: timeOf(in.SalesOpenAt), SalesCloseAt: timeOf(in.SalesCloseAt)}
	for _, tier := range in.Tiers {
		category.Tiers = append(category.Tiers, seatmap.Tier{
			ID: tier.ID, Name: tier.Name, Price: moneyOf(tier.Price), Until: tier.Until.UTC().Truncate(time.Millisecond), Quantity: pointer(tier.Quantity),
		})
	}
	for _, concession := range in.Concessions {
		category.Concessions = append(category.Concessions, seatmap.Concession{
			ID: concession.ID, Name: concession.Name, Price: optionalMoney(concession.Price), PercentOff: concession.PercentOff.Or(""),
		})
	}
	return category
}

// pricingOf takes what is charged beside the prices as it came; nil for nothing.
func pricingOf(in showsapi.OptPricingInput) *pricing.Rules {
	given, ok := in.Get()
	if !ok {
		return nil
	}
	rules := &pricing.Rules{Rounding: pricing.Rounding(given.Rounding.Value)}
	for _, fee := range given.Fees {
		rules.Fees = append(rules.Fees, pricing.Fee{
			ID: fee.ID, Name: fee.Name, Per: pricing.Per(fee.Per), Amount: optionalMoney(fee.Amount),
			Percent: fee.Percent.Or(""), Refundable: fee.Refundable.Value,
		})
	}
	if t, taxed := given.Tax.Get(); taxed {
		rules.Tax = &pricing.Tax{Name: t.Name, Percent: t.Percent, Included: t.Included}
	}
	return rules
}

// timeOf is what events and the API can say of a time; zero for none.
func timeOf(in showsapi.OptDateTime) time.Time {
	given, ok := in.Get()
	if !ok {
		return time.Time{}
	}
	return given.UTC().Truncate(time.Millisecond)
}

func moneyOf(in showsapi.MoneyInput) money.Money {
	return money.Money{Amount: in.Amount, Currency: in.Currency}
}

func optionalMoney(in showsapi.OptMoneyInput) *money.Money {
	given, ok := in.Get()
	if !ok {
		return nil
	}
	m := moneyOf(given)
	return &m
}

func categoryAnswer(category seatmap.PriceCategory) showsapi.PriceCategory {
	answer := showsapi.PriceCategory{ID: category.ID, Name: category.Name, Price: showsapi.Money(category.Price)}
	for _, tier := range category.Tiers {
		out := showsapi.Tier{ID: tier.ID, Name: tier.Name, Price: showsapi.Money(tier.Price), Until: tier.Until}
		if tier.Quantity != nil {
			out.Quantity.SetTo(*tier.Quantity)
		}
		answer.Tiers = append(answer.Tiers, out)
	}
	for _, concession := range category.Concessions {
		out := showsapi.Concession{ID: concession.ID, Name: concession.Name}
		if concession.Price != nil {
			out.Price.SetTo(showsapi.Money(*concession.Price))
		} else {
			out.PercentOff.SetTo(concession.PercentOff)
		}
		answer.Concessions = append(answer.Concessions, out)
	}
	if !category.SalesOpenAt.IsZero() {
		answer.SalesOpenAt.SetTo(category.SalesOpenAt)
	}
	if !category.SalesCloseAt.IsZero() {
		answer.SalesCloseAt.SetTo(category.SalesCloseAt)
	}
	return answer
}

func pricingAnswer(rules pricing.Rules) showsapi.Pricing {
	answer := showsapi.Pricing{Fees: make([]showsapi.Fee, len(rules.Fees)), Rounding: showsapi.PricingRounding(rules.Rounding)}
	for i, fee := range rules.Fees {
		out := showsapi.Fee{ID: fee.ID, Name: fee.Name, Per: showsapi.FeePer(fee.Per), Refundable: fee.Refundable}
		if fee.Amount != nil {
			out.Amount.SetTo(showsapi.Money(*fee.Amount))
		} else {
			out.Percent.SetTo(fee.Percent)
		}
		answer.Fees[i] = out
	}
	if rules.Tax != nil {
		answer.Tax.SetTo(showsapi.Tax(*rules.Tax))
	}
	return answer
}
