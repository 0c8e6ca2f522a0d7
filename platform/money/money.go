// Package money holds amounts as integer minor units with their ISO 4217
// currency. It never rounds and never mixes currencies.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/bojanz/currency"
)

// Money is an amount in minor units of its currency: 1250 EUR is 12.50, 1250
// JPY is 1250, 1250 KWD is 1.250. The zero value is no money in no currency.
type Money struct {
	Amount   int64
	Currency string
}

var (
	// ErrUnknownCurrency reports a code that ISO 4217 does not list.
	ErrUnknownCurrency = errors.New("unknown currency")
	// ErrMixedCurrencies reports arithmetic between two currencies.
	ErrMixedCurrencies = errors.New("mixed currencies")
	// ErrOverflow reports a result that 64 bits cannot hold.
	ErrOverflow = errors.New("amount out of range")
)

// New returns amount minor units of the currency, or ErrUnknownCurrency.
func New(amount int64, code string) (Money, error) {
	if code == "" || !currency.IsValid(code) { // the library counts "" as valid
		return Money{}, fmt.Errorf("%w: %q", ErrUnknownCurrency, code)
	}
	return Money{Amount: amount, Currency: code}, nil
}

// Add returns m+o. The zero Money is neutral, so a sum can start from it.
func (m Money) Add(o Money) (Money, error) {
	switch {
	case m == Money{}:
		return o, nil
	case o == Money{}:
		return m, nil
	case m.Currency != o.Currency:
		return Money{}, fmt.Errorf("%w: %s and %s", ErrMixedCurrencies, m.Currency, o.Currency)
	}
	sum := m.Amount + o.Amount
	if (sum > m.Amount) != (o.Amount > 0) {
		return Money{}, ErrOverflow
	}
	return Money{Amount: sum, Currency: m.Currency}, nil
}

// Sub returns m-o.
func (m Money) Sub(o Money) (Money, error) {
	if o.Amount == math.MinInt64 {
		return Money{}, ErrOverflow
	}
	return m.Add(Money{Amount: -o.Amount, Currency: o.Currency})
}

// Mul returns m times n, for a quantity of 0 or more.
func (m Money) Mul(n int64) (Money, error) {
	if n < 0 || m.Amount == math.MinInt64 {
		return Money{}, ErrOverflow
	}
	high, low := bits.Mul64(uint64(max(m.Amount, -m.Amount)), uint64(n))
	if high != 0 || low > math.MaxInt64 {
		return Money{}, ErrOverflow
	}
	product := int64(low)
	if m.Amount < 0 {
		product = -product
	}
	return Money{Amount: product, Currency: m.Currency}, nil
}

// IsZero reports whether the amount is 0, in whatever currency.
func (m Money) IsZero() bool { return m.Amount == 0 }

// Digits returns how many decimal digits the currency's minor unit has: 2 for
// EUR, 0 for JPY, 3 for KWD. An unknown currency is ErrUnknownCurrency.
func Digits(code string) (int, error) {
	digits, ok := currency.GetDigits(code)
	if !ok {
		return 0, fmt.Errorf("%w: %q", ErrUnknownCurrency, code)
	}
	return int(digits), nil
}

// Format writes the amount with its currency's decimals: "EUR 12.50",
// "JPY 1250", "KWD 1.250". An unknown currency is written in minor units.
func (m Money) Format() string {
	digits, err := Digits(m.Currency)
	if err != nil || digits == 0 {
		return strings.TrimSpace(m.Currency + " " + strconv.FormatInt(m.Amount, 10))
	}
	sign, amount := "", uint64(m.Amount)
	if m.Amount < 0 {
		sign, amount = "-", -uint64(m.Amount)
	}
	text := strconv.FormatUint(amount, 10)
	if missing := digits + 1 - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	point := len(text) - digits
	return m.Currency + " " + sign + text[:point] + "." + text[point:]
}
