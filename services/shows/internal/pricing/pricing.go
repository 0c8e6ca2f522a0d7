// Package pricing is what a performance charges beside its prices: fees, tax and
// how halves are rounded. It computes nothing: that is the sale's.
package pricing

import (
	"fmt"
	"regexp"

	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/violation"
)

const (
	maxOptions  = 20
	maxOptionID = 64
	maxName     = 200
	maxAmount   = 1_000_000_000_000
)

// percent is from 0 to 100 with up to four decimals.
var percent = regexp.MustCompile(`^(100(\.0{1,4})?|(0|[1-9]\d?)(\.\d{1,4})?)$`)

// Per says what a fee is charged for.
type Per string

// What fees are charged for.
const (
	PerTicket Per = "ticket"
	PerOrder  Per = "order"
)

// Rounding says what becomes of half a minor unit in each line.
type Rounding string

// The roundings.
const (
	HalfEven Rounding = "half_even"
	HalfUp   Rounding = "half_up"
)

// Fee is charged on top of prices: an amount, or a share of them.
type Fee struct {
	ID         string
	Name       string
	Per        Per
	Amount     *money.Money // nil for a share
	Percent    string       // empty for an amount
	Refundable bool
}

// Tax is on prices and fees.
type Tax struct {
	Name     string
	Percent  string
	Included bool
}

// Rules are what is charged beside the prices.
type Rules struct {
	Fees     []Fee
	Tax      *Tax
	Rounding Rounding
}

// Check notes what is wrong with the rules of a performance that sells in the
// currency. Prefix is what the fields' paths begin with, for instance
// "pricing.".
func (r Rules) Check(list *violation.List, prefix, currency string) {
	if len(r.Fees) > maxOptions {
		list.Add(prefix+"fees", "must not have more than %d entries", maxOptions)
	}
	ids := make(map[string]bool, len(r.Fees))
	for i, fee := range r.Fees {
		path := fmt.Sprintf("%sfees[%d]", prefix, i)
		Option(list, path, fee.ID, fee.Name, ids)
		if fee.Per != PerTicket && fee.Per != PerOrder {
			list.Add(path+".per", "must be ticket or order")
		}
		Either(list, path, "percent", fee.Amount, fee.Percent, currency)
	}
	if t := r.Tax; t != nil {
		list.Text(prefix+"tax.name", t.Name, maxName, true)
		if !percent.MatchString(t.Percent) {
			list.Add(prefix+"tax.percent", "must be from 0 to 100 with up to four decimals")
		}
	}
	if r.Rounding != HalfEven && r.Rounding != HalfUp {
		list.Add(prefix+"rounding", "must be half_even or half_up")
	}
}

// Option notes what is wrong with the id and the name of a tier, a concession or
// a fee. Seen are the ids of those before it.
func Option(list *violation.List, path, optionID, name string, seen map[string]bool) {
	list.Text(path+".id", optionID, maxOptionID, true)
	if seen[optionID] {
		list.Add(path+".id", "%q is there twice", optionID)
	}
	seen[optionID] = true
	list.Text(path+".name", name, maxName, true)
}

// Either notes what is wrong with what is an amount in the currency or else a
// percentage in the field named.
func Either(list *violation.List, path, field string, amount *money.Money, share, currency string) {
	amountField := "amount"
	if field != "percent" {
		amountField = "price"
	}
	switch {
	case (amount == nil) == (share == ""):
		list.Add(path, "must have exactly one of %s and %s", amountField, field)
	case amount == nil:
		if !percent.MatchString(share) {
			list.Add(path+"."+field, "must be from 0 to 100 with up to four decimals")
		}
	default:
		Amount(list, path+"."+amountField, *amount, currency)
	}
}

// Amount notes what is wrong with an amount that must be in the currency.
func Amount(list *violation.List, path string, amount money.Money, currency string) {
	if amount.Currency != currency {
		list.Add(path+".currency", "must be %s, in which the performance sells", currency)
	}
	if amount.Amount < 0 || amount.Amount > maxAmount {
		list.Add(path+".amount", "must be from 0 to %d", int64(maxAmount))
	}
}
