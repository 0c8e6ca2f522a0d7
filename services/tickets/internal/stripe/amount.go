package stripe

import (
	"slices"

	"ticketmesh.dev/platform/money"
)

// Stripe's own list of the decimals that its amounts have, which is not that of
// ISO 4217: Icelandic króna and Ugandan shilling have two for old times' sake,
// always 00, and the Malagasy ariary none.
var (
	zeroDecimal = []string{
		"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
	}
	threeDecimal = []string{"BHD", "JOD", "KWD", "OMR", "TND"}
)

// digits returns how many decimals an amount of the currency has at Stripe, and
// the step that it has to be a multiple of.
func digits(currency string) (decimals int, step int64) {
	switch {
	case slices.Contains(zeroDecimal, currency):
		return 0, 1
	case slices.Contains(threeDecimal, currency):
		return 3, 10
	case currency == "ISK" || currency == "UGX":
		return 2, 100
	}
	return 2, 1
}

// units returns an amount as Stripe counts it, rounded to what Stripe takes.
func units(m money.Money) (int64, error) {
	ours, err := money.Digits(m.Currency)
	if err != nil {
		return 0, err
	}
	theirs, step := digits(m.Currency)
	amount, divisor := m.Amount, step
	for ; ours < theirs; ours++ {
		amount *= 10
	}
	for ; ours > theirs; ours-- {
		divisor *= 10
	}
	return (amount + divisor/2) / divisor * step, nil
}

// amountOf returns what so many of Stripe's units are.
func amountOf(amount int64, currency string) (money.Money, error) {
	ours, err := money.Digits(currency)
	if err != nil {
		return money.Money{}, err
	}
	theirs, _ := digits(currency)
	for ; ours > theirs; ours-- {
		amount *= 10
	}
	for ; ours < theirs; ours++ {
		amount /= 10
	}
	return money.Money{Amount: amount, Currency: currency}, nil
}
