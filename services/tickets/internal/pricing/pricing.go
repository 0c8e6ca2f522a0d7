// Package pricing computes what an order costs: prices, fees and tax, in integer
// minor units. Every place and every fee is a line of its own; what is not whole
// is rounded for each line, so that a part of an order can be given back to the
// cent. It knows nothing of seats.
package pricing

import (
	"errors"

	"ticketmesh.dev/platform/money"
)

// ErrMalformed reports rules that could not be applied.
var ErrMalformed = errors.New("malformed pricing")

// Per says what a fee is charged for.
type Per string

// What fees are charged for.
const (
	PerTicket Per = "ticket"
	PerOrder  Per = "order"
)

// Fee is charged on top of prices: an amount, or a share of the prices it is
// charged for.
type Fee struct {
	ID         string
	Name       string
	Per        Per
	Amount     money.Money // of a fixed fee
	Percent    Percent     // of another
	Refundable bool        // it is given back with what it was charged for
}

// Tax is contained in prices and fees, or comes on top of them.
type Tax struct {
	Name     string
	Percent  Percent
	Included bool
}

// Rules are what is charged beside the prices. The zero value charges nothing.
type Rules struct {
	Fees     []Fee
	Tax      Tax      // the zero value: none
	Rounding Rounding // HalfEven when empty
}

// Line is so many places at one price.
type Line struct {
	Quantity  int
	UnitPrice money.Money
}

// Charge is what an order costs, by its parts.
type Charge struct {
	Extras
	Lines []Unit // what one place of each line costs, in step with the lines
	Total money.Money
}

// Extras are what is charged beside the prices.
type Extras struct {
	Fees []ChargedFee
	Tax  ChargedTax // the zero value: none
	// Returnable is what of the order's own fees is given back with its last
	// place, with the tax on top.
	Returnable money.Money
}

// Unit is what one place costs.
type Unit struct {
	Price money.Money
	// Refund is what is given back for it: its price and the fees that are
	// refundable, with the tax on top of them.
	Refund money.Money
}

// ChargedFee is a fee as it was charged, without tax on top.
type ChargedFee struct {
	ID     string
	Name   string
	Amount money.Money
}

// ChargedTax is the tax on everything that was charged.
type ChargedTax struct {
	Name     string
	Percent  Percent
	Included bool
	Amount   money.Money
}

// Check returns ErrMalformed for rules that cannot be applied in the currency.
func (r Rules) Check(currency string) error {
	for _, fee := range r.Fees {
		fixed, share := fee.Amount != (money.Money{}), fee.Percent != 0
		if fixed && share || fee.Per != PerTicket && fee.Per != PerOrder || fixed && (fee.Amount.Currency != currency || fee.Amount.Amount < 0) {
			return ErrMalformed
		}
	}
	if r.Rounding != "" && r.Rounding != HalfEven && r.Rounding != HalfUp {
		return ErrMalformed
	}
	return nil
}

// Charge computes what the lines cost, all in the currency. It fails only on
// sums beyond 64 bits and on lines in other currencies.
func (r Rules) Charge(currency string, lines []Line) (Charge, error) {
	b := bill{rules: r, zero: money.Money{Currency: currency}}
	charge := Charge{Lines: make([]Unit, len(lines)), Extras: Extras{Returnable: b.zero}}
	if len(r.Fees) > 0 {
		charge.Fees = make([]ChargedFee, len(r.Fees))
	}
	for i, fee := range r.Fees {
		charge.Fees[i] = ChargedFee{ID: fee.ID, Name: fee.Name, Amount: b.zero}
	}
	subtotal := b.zero
	for i, line := range lines {
		quantity := int64(line.Quantity)
		unit := Unit{Price: line.UnitPrice, Refund: b.line(line.UnitPrice, quantity)}
		subtotal = b.add(subtotal, line.UnitPrice, quantity)
		for j, fee := range r.Fees {
			if fee.Per != PerTicket {
				continue
			}
			amount := r.fee(fee, line.UnitPrice)
			charge.Fees[j].Amount = b.add(charge.Fees[j].Amount, amount, quantity)
			if gross := b.line(amount, quantity); fee.Refundable {
				unit.Refund = b.add(unit.Refund, gross, 1)
			}
		}
		charge.Lines[i] = unit
	}
	for j, fee := range r.Fees {
		if fee.Per != PerOrder || len(lines) == 0 {
			continue
		}
		amount := r.fee(fee, subtotal)
		charge.Fees[j].Amount = amount
		if gross := b.line(amount, 1); fee.Refundable {
			charge.Returnable = b.add(charge.Returnable, gross, 1)
		}
	}
	charge.Total = b.total
	if charge.Total == (money.Money{}) {
		charge.Total = b.zero
	}
	if r.Tax != (Tax{}) {
		charge.Tax = ChargedTax{Name: r.Tax.Name, Percent: r.Tax.Percent, Included: r.Tax.Included, Amount: b.add(b.zero, b.tax, 1)}
	}
	return charge, b.err
}

func (r Rules) fee(fee Fee, base money.Money) money.Money {
	if fee.Percent == 0 {
		return money.Money{Amount: fee.Amount.Amount, Currency: base.Currency}
	}
	return money.Money{Amount: r.Rounding.share(base.Amount, int64(fee.Percent), whole), Currency: base.Currency}
}

// bill adds up; its first failure stays.
type bill struct {
	rules      Rules
	zero       money.Money
	total, tax money.Money
	err        error
}

// line charges an amount so many times, with its tax, and returns what one of
// them costs with the tax on top.
func (b *bill) line(amount money.Money, quantity int64) money.Money {
	gross := amount
	if t := b.rules.Tax; t != (Tax{}) {
		denominator := int64(whole)
		if t.Included {
			denominator += int64(t.Percent)
		}
		tax := money.Money{Amount: b.rules.Rounding.share(amount.Amount, int64(t.Percent), denominator), Currency: amount.Currency}
		b.tax = b.add(b.tax, tax, quantity)
		if !t.Included {
			gross = b.add(gross, tax, 1)
		}
	}
	b.total = b.add(b.total, gross, quantity)
	return gross
}

func (b *bill) add(to, amount money.Money, times int64) money.Money {
	product, err := amount.Mul(times)
	if err == nil {
		to, err = to.Add(product)
	}
	if err != nil && b.err == nil {
		b.err = err
	}
	return to
}
