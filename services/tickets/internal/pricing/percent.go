package pricing

import (
	"errors"
	"math/bits"
	"strconv"
	"strings"

	"ticketmesh.dev/platform/money"
)

// Percent is a share of an amount in millionths: 2.5 % is 25,000.
type Percent int64

// whole is 100 %.
const whole = 1_000_000

// decimals is how many digits of a percent there are behind the point.
const decimals = 4

// ErrPercent reports a text that is no percentage from 0 to 100.
var ErrPercent = errors.New("not a percentage")

// ParsePercent reads a decimal number of per cent from 0 to 100 with up to four
// decimals, as events have it: "19", "2.5". Other spellings are ErrPercent.
func ParsePercent(text string) (Percent, error) {
	integer, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > decimals || strings.HasSuffix(text, ".") {
		return 0, ErrPercent
	}
	n, err := strconv.ParseUint(integer+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 32)
	if err != nil || n > whole || len(integer) == 0 || len(integer) > 1 && integer[0] == '0' {
		return 0, ErrPercent
	}
	return Percent(n), nil
}

// String is what ParsePercent reads, without zeros at the end.
func (p Percent) String() string {
	const unit = whole / 100
	text := strconv.FormatInt(int64(p)/unit, 10)
	if rest := int64(p) % unit; rest != 0 {
		digits := strconv.FormatInt(unit+rest, 10)[1:]
		text += "." + strings.TrimRight(digits, "0")
	}
	return text
}

// Rounding says what becomes of half a minor unit.
type Rounding string

// The roundings.
const (
	HalfEven Rounding = "half_even" // to the even neighbour: 2.5 is 2, 3.5 is 4
	HalfUp   Rounding = "half_up"   // away from zero: 2.5 is 3
)

// Off returns the price with a share of it taken off; the rest is rounded.
func (r Rounding) Off(price money.Money, off Percent) money.Money {
	price.Amount = r.share(price.Amount, whole-int64(off), whole)
	return price
}

// share returns amount times numerator by denominator, rounded. None of the
// three is negative, and numerator is not greater than denominator.
func (r Rounding) share(amount, numerator, denominator int64) int64 {
	high, low := bits.Mul64(uint64(amount), uint64(numerator))
	quotient, remainder := bits.Div64(high, low, uint64(denominator))
	switch twice := 2 * remainder; {
	case twice > uint64(denominator), twice == uint64(denominator) && (r == HalfUp || quotient%2 == 1):
		quotient++
	}
	return int64(quotient)
}
