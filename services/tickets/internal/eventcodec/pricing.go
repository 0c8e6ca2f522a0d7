package eventcodec

import (
	"fmt"

	"ticketmesh.dev/contracts/showsevents"
	events "ticketmesh.dev/contracts/ticketsevents"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/pricing"
)

func categories(told []showsevents.PriceCategory) ([]performance.PriceCategory, error) {
	all := make([]performance.PriceCategory, len(told))
	for i, data := range told {
		category := performance.PriceCategory{
			ID: data.ID, Name: data.Name, Price: money.Money(data.Price),
			SalesOpenAt: data.SalesOpenAt.Value.UTC(), SalesCloseAt: data.SalesCloseAt.Value.UTC(),
		}
		for _, tier := range data.Tiers {
			category.Tiers = append(category.Tiers, performance.Tier{
				ID: tier.ID, Price: money.Money(tier.Price), Until: tier.Until.UTC(), Quantity: tier.Quantity.Value,
			})
		}
		for _, told := range data.Concessions {
			concession := performance.Concession{ID: told.ID}
			price, priced := told.Price.Get()
			if priced == told.PercentOff.Set {
				return nil, fmt.Errorf("%w: concession %q has not exactly one of a price and a percentage", performance.ErrMalformed, told.ID)
			}
			if priced {
				concession.Price = money.Money(price)
			} else if off, err := pricing.ParsePercent(told.PercentOff.Value); err == nil {
				concession.Off = off
			} else {
				return nil, fmt.Errorf("%w: concession %q: %w", performance.ErrMalformed, told.ID, err)
			}
			category.Concessions = append(category.Concessions, concession)
		}
		all[i] = category
	}
	return all, nil
}

// rules reads what is charged beside the prices.
func rules(told showsevents.OptPricing) (pricing.Rules, error) {
	data, given := told.Get()
	if !given {
		return pricing.Rules{}, nil
	}
	rules := pricing.Rules{Rounding: pricing.Rounding(data.Rounding)}
	for _, told := range data.Fees {
		fee := pricing.Fee{ID: told.ID, Name: told.Name, Per: pricing.Per(told.Per), Refundable: told.Refundable}
		amount, fixed := told.Amount.Get()
		if fixed == told.Percent.Set {
			return pricing.Rules{}, fmt.Errorf("%w: fee %q has not exactly one of an amount and a percentage", performance.ErrMalformed, told.ID)
		}
		if fixed {
			fee.Amount = money.Money(amount)
		} else if share, err := pricing.ParsePercent(told.Percent.Value); err == nil {
			fee.Percent = share
		} else {
			return pricing.Rules{}, fmt.Errorf("%w: fee %q: %w", performance.ErrMalformed, told.ID, err)
		}
		rules.Fees = append(rules.Fees, fee)
	}
	if tax, taxed := data.Tax.Get(); taxed {
		percent, err := pricing.ParsePercent(tax.Percent)
		if err != nil {
			return pricing.Rules{}, fmt.Errorf("%w: tax: %w", performance.ErrMalformed, err)
		}
		rules.Tax = pricing.Tax{Name: tax.Name, Percent: percent, Included: tax.Included}
	}
	return rules, nil
}

func fees(charged []pricing.ChargedFee) []events.ChargedFee {
	var data []events.ChargedFee
	for _, fee := range charged {
		data = append(data, events.ChargedFee{ID: fee.ID, Name: fee.Name, Amount: amount(fee.Amount)})
	}
	return data
}

func tax(charged pricing.ChargedTax) events.OptChargedTax {
	if charged == (pricing.ChargedTax{}) {
		return events.OptChargedTax{}
	}
	return events.NewOptChargedTax(events.ChargedTax{
		Name: charged.Name, Percent: charged.Percent.String(), Included: charged.Included, Amount: amount(charged.Amount),
	})
}
