package stripe_test

import (
	"testing"

	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/stripe"
)

func TestAmountsHaveStripesDecimals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		amount   int64
		currency string
		want     int64
		back     int64
	}{
		{"two decimals", 1250, "EUR", 1250, 1250},
		{"none", 1250, "JPY", 1250, 1250},
		{"none at Stripe alone", 1250, "MGA", 13, 1300},
		{"two at Stripe alone", 1250, "ISK", 125000, 1250},
		{"two at Stripe alone, in Uganda", 7, "UGX", 700, 7},
		{"three, a multiple of ten", 1250, "KWD", 1250, 1250},
		{"three, rounded down", 1254, "KWD", 1250, 1250},
		{"three, rounded up", 1255, "KWD", 1260, 1260},
		{"three in ISO alone", 1255, "IQD", 126, 1260},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := stripe.Units(money.Money{Amount: tt.amount, Currency: tt.currency})
			if err != nil || got != tt.want {
				t.Errorf("%d %s = %d, %v, want %d", tt.amount, tt.currency, got, err, tt.want)
			}
			back, err := stripe.AmountOf(got, tt.currency)
			if err != nil || back != (money.Money{Amount: tt.back, Currency: tt.currency}) {
				t.Errorf("%d back = %v, %v, want %d", got, back, err, tt.back)
			}
		})
	}
	if got, err := stripe.Units(money.Money{Amount: 1, Currency: "???"}); err == nil {
		t.Errorf("an amount of no currency = %d", got)
	}
}
