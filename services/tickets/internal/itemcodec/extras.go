package itemcodec

import (
	"encoding/json"
	"fmt"

	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/pricing"
)

// extrasDocument is what is charged beside the prices, in the currency of the
// hold or order.
type extrasDocument struct {
	Fees       []feeDocument `json:"fees,omitempty"`
	Tax        *taxDocument  `json:"tax,omitempty"`
	Returnable int64         `json:"returnable,omitempty"`
}

type feeDocument struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Amount int64  `json:"amount"`
}

type taxDocument struct {
	Name     string `json:"name"`
	Percent  int64  `json:"percent"` // in millionths
	Included bool   `json:"included,omitempty"`
	Amount   int64  `json:"amount"`
}

// EncodeExtras is nil where nothing is charged beside the prices.
func EncodeExtras(extras pricing.Extras) ([]byte, error) {
	if len(extras.Fees) == 0 && extras.Tax == (pricing.ChargedTax{}) {
		return nil, nil
	}
	document := extrasDocument{Returnable: extras.Returnable.Amount}
	for _, fee := range extras.Fees {
		document.Fees = append(document.Fees, feeDocument{fee.ID, fee.Name, fee.Amount.Amount})
	}
	if t := extras.Tax; t != (pricing.ChargedTax{}) {
		document.Tax = &taxDocument{t.Name, int64(t.Percent), t.Included, t.Amount.Amount}
	}
	return json.Marshal(document)
}

// DecodeExtras reads what EncodeExtras returned; amounts are in the currency.
func DecodeExtras(text []byte, currency string) (pricing.Extras, error) {
	extras := pricing.Extras{Returnable: money.Money{Currency: currency}}
	if len(text) == 0 {
		return extras, nil
	}
	var document extrasDocument
	if err := json.Unmarshal(text, &document); err != nil {
		return extras, fmt.Errorf("stored extras: %w", err)
	}
	amount := func(n int64) money.Money { return money.Money{Amount: n, Currency: currency} }
	extras.Returnable = amount(document.Returnable)
	for _, fee := range document.Fees {
		extras.Fees = append(extras.Fees, pricing.ChargedFee{ID: fee.ID, Name: fee.Name, Amount: amount(fee.Amount)})
	}
	if t := document.Tax; t != nil {
		extras.Tax = pricing.ChargedTax{Name: t.Name, Percent: pricing.Percent(t.Percent), Included: t.Included, Amount: amount(t.Amount)}
	}
	return extras, nil
}
