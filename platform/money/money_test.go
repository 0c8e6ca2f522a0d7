package money_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/money"
)

func TestFormatHasTheDecimalsOfItsCurrency(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give money.Money
		want string
	}{
		{"two decimals", money.Money{Amount: 1250, Currency: "EUR"}, "EUR 12.50"},
		{"no decimals", money.Money{Amount: 1250, Currency: "JPY"}, "JPY 1250"},
		{"three decimals", money.Money{Amount: 1250, Currency: "KWD"}, "KWD 1.250"},
		{"less than a unit", money.Money{Amount: 5, Currency: "KWD"}, "KWD 0.005"},
		{"negative", money.Money{Amount: -5, Currency: "EUR"}, "EUR -0.05"},
		{"lowest", money.Money{Amount: math.MinInt64, Currency: "EUR"}, "EUR -92233720368547758.08"},
		{"none", money.Money{}, "0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.give.Format(); got != tt.want {
				t.Errorf("Format() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNewRefusesWhatIsNoCurrency(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"", "eur", "EURO", "ABC"} {
		if _, err := money.New(1, code); !errors.Is(err, money.ErrUnknownCurrency) {
			t.Errorf("New(1, %q) error = %v, want ErrUnknownCurrency", code, err)
		}
	}
}

func TestArithmeticRefusesMixedCurrencies(t *testing.T) {
	t.Parallel()
	euro, yen := money.Money{Amount: 1, Currency: "EUR"}, money.Money{Amount: 1, Currency: "JPY"}
	if _, err := euro.Add(yen); !errors.Is(err, money.ErrMixedCurrencies) {
		t.Errorf("Add error = %v, want ErrMixedCurrencies", err)
	}
}

// TestArithmeticIsExactOrAnError compares with arbitrary precision.
func TestArithmeticIsExactOrAnError(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, n := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b"), rapid.Int64Min(0).Draw(t, "n")
		left, right := money.Money{Amount: a, Currency: "EUR"}, money.Money{Amount: b, Currency: "EUR"}
		check := func(name string, got money.Money, err error, want *big.Int) {
			if err != nil && want.IsInt64() && want.Int64() != math.MinInt64 && a != math.MinInt64 && b != math.MinInt64 {
				t.Fatalf("%s(%d, %d, %d) failed: %v, want %s", name, a, b, n, err, want)
			}
			if err == nil && (!want.IsInt64() || got.Amount != want.Int64()) {
				t.Fatalf("%s(%d, %d, %d) = %d, want %s", name, a, b, n, got.Amount, want)
			}
		}
		sum, err := left.Add(right)
		check("Add", sum, err, new(big.Int).Add(big.NewInt(a), big.NewInt(b)))
		difference, err := left.Sub(right)
		check("Sub", difference, err, new(big.Int).Sub(big.NewInt(a), big.NewInt(b)))
		product, err := left.Mul(n)
		check("Mul", product, err, new(big.Int).Mul(big.NewInt(a), big.NewInt(n)))
	})
}
