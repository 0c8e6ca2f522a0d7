package jsoncodec

import (
	"encoding/json"
	"fmt"

	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/pricing"
)

type pricingBody struct {
	Fees     []feeBody `json:"fees,omitempty"`
	Tax      *taxBody  `json:"tax,omitempty"`
	Rounding string    `json:"rounding"`
}

type feeBody struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Per        string     `json:"per"`
	Amount     *moneyBody `json:"amount,omitempty"`
	Percent    string     `json:"percent,omitempty"`
	Refundable bool       `json:"refundable,omitempty"`
}

type taxBody struct {
	Name     string `json:"name"`
	Percent  string `json:"percent"`
	Included bool   `json:"included,omitempty"`
}

type moneyBody struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

func bodyOfPricing(rules *pricing.Rules) *pricingBody {
	if rules == nil {
		return nil
	}
	body := &pricingBody{Rounding: string(rules.Rounding)}
	for _, fee := range rules.Fees {
		stored := feeBody{ID: fee.ID, Name: fee.Name, Per: string(fee.Per), Percent: fee.Percent, Refundable: fee.Refundable}
		if fee.Amount != nil {
			stored.Amount = &moneyBody{fee.Amount.Amount, fee.Amount.Currency}
		}
		body.Fees = append(body.Fees, stored)
	}
	if t := rules.Tax; t != nil {
		body.Tax = &taxBody{t.Name, t.Percent, t.Included}
	}
	return body
}

func (b *pricingBody) rules() *pricing.Rules {
	if b == nil {
		return nil
	}
	rules := &pricing.Rules{Rounding: pricing.Rounding(b.Rounding)}
	for _, stored := range b.Fees {
		fee := pricing.Fee{ID: stored.ID, Name: stored.Name, Per: pricing.Per(stored.Per), Percent: stored.Percent, Refundable: stored.Refundable}
		if stored.Amount != nil {
			fee.Amount = &money.Money{Amount: stored.Amount.Amount, Currency: stored.Amount.Currency}
		}
		rules.Fees = append(rules.Fees, fee)
	}
	if b.Tax != nil {
		rules.Tax = &pricing.Tax{Name: b.Tax.Name, Percent: b.Tax.Percent, Included: b.Tax.Included}
	}
	return rules
}

// EncodePricing returns nothing where nothing is charged.
func EncodePricing(rules *pricing.Rules) ([]byte, error) {
	if rules == nil {
		return nil, nil
	}
	return json.Marshal(bodyOfPricing(rules))
}

// DecodePricing reads what EncodePricing has written.
func DecodePricing(text []byte) (*pricing.Rules, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var body pricingBody
	if err := json.Unmarshal(text, &body); err != nil {
		return nil, fmt.Errorf("stored pricing: %w", err)
	}
	return body.rules(), nil
}
