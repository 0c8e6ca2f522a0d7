package stripe

// How amounts are counted, for tests of every currency.
var (
	Units    = units
	AmountOf = amountOf
)
