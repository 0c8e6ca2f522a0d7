package pricing_test

import (
	"errors"
	"math"
	"math/big"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/pricing"
)

func eur(amount int64) money.Money { return money.Money{Amount: amount, Currency: "EUR"} }

func percent(t testing.TB, text string) pricing.Percent {
	t.Helper()
	p, err := pricing.ParsePercent(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnOrderCosts(t *testing.T) {
	t.Parallel()
	service := pricing.Fee{ID: "service", Name: "Service", Per: pricing.PerTicket, Amount: eur(150), Refundable: true}
	share := pricing.Fee{ID: "share", Name: "Share", Per: pricing.PerTicket, Percent: percent(t, "2.5")}
	handling := pricing.Fee{ID: "handling", Name: "Handling", Per: pricing.PerOrder, Amount: eur(300), Refundable: true}
	card := pricing.Fee{ID: "card", Name: "Card", Per: pricing.PerOrder, Percent: percent(t, "1")}
	two := []pricing.Line{{Quantity: 2, UnitPrice: eur(1999)}, {Quantity: 1, UnitPrice: eur(1000)}}
	tests := []struct {
		name       string
		give       pricing.Rules
		fees       []int64
		tax        int64
		total      int64
		refunds    []int64 // of a place of each line
		returnable int64
	}{
		{"prices alone", pricing.Rules{}, []int64{}, 0, 4998, []int64{1999, 1000}, 0},
		{"a fee for each ticket", pricing.Rules{Fees: []pricing.Fee{service}}, []int64{450}, 0, 5448, []int64{2149, 1150}, 0},
		{"a share of each price, kept", pricing.Rules{Fees: []pricing.Fee{share}}, []int64{50 + 50 + 25}, 0, 4998 + 125, []int64{1999, 1000}, 0},
		{"a fee for the order", pricing.Rules{Fees: []pricing.Fee{handling}}, []int64{300}, 0, 5298, []int64{1999, 1000}, 300},
		{"a share of the order, kept", pricing.Rules{Fees: []pricing.Fee{card}}, []int64{50}, 0, 5048, []int64{1999, 1000}, 0},
		{"tax contained", pricing.Rules{Tax: pricing.Tax{Name: "VAT", Percent: percent(t, "10"), Included: true}}, []int64{}, 182 + 182 + 91, 4998, []int64{1999, 1000}, 0},
		{"tax on top", pricing.Rules{Tax: pricing.Tax{Name: "VAT", Percent: percent(t, "7.7")}}, []int64{}, 154 + 154 + 77, 5383, []int64{2153, 1077}, 0},
		{
			"everything, tax on top",
			pricing.Rules{Fees: []pricing.Fee{service, handling, card}, Tax: pricing.Tax{Name: "VAT", Percent: percent(t, "20")}},
			[]int64{450, 300, 50},
			400 + 400 + 200 + 90 + 60 + 10, 4998 + 450 + 300 + 50 + 1160,
			[]int64{1999 + 400 + 150 + 30, 1000 + 200 + 150 + 30},
			360,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.give.Charge("EUR", two)
			if err != nil {
				t.Fatal(err)
			}
			fees, refunds := []int64{}, []int64{}
			for _, fee := range got.Fees {
				fees = append(fees, fee.Amount.Amount)
			}
			for _, line := range got.Lines {
				refunds = append(refunds, line.Refund.Amount)
			}
			tax := got.Tax.Amount.Amount
			if !reflect.DeepEqual(fees, tt.fees) || tax != tt.tax || got.Total != eur(tt.total) || !reflect.DeepEqual(refunds, tt.refunds) || got.Returnable != eur(tt.returnable) {
				t.Errorf("fees %v, tax %d, total %v, refunds %v, returnable %v", fees, tax, got.Total, refunds, got.Returnable)
			}
		})
	}
}

func TestHalvesAreRoundedAsConfigured(t *testing.T) {
	t.Parallel()
	tests := []struct {
		price      int64
		percent    string
		even, away int64
	}{
		{5, "10", 0, 1}, // 0.5
		{15, "10", 2, 2},
		{25, "10", 2, 3},
		{35, "10", 4, 4},
		{26, "10", 3, 3},
		{24, "10", 2, 2},
		{0, "10", 0, 0},
		{1, "100", 1, 1},
		{1_000_000_000_000, "0.0001", 1_000_000, 1_000_000},
	}
	for _, tt := range tests {
		for rounding, want := range map[pricing.Rounding]int64{pricing.HalfEven: tt.even, pricing.HalfUp: tt.away, "": tt.even} {
			rules := pricing.Rules{Tax: pricing.Tax{Percent: percent(t, tt.percent)}, Rounding: rounding}
			got, err := rules.Charge("EUR", []pricing.Line{{Quantity: 1, UnitPrice: eur(tt.price)}})
			if err != nil {
				t.Fatal(err)
			}
			if got.Tax.Amount.Amount != want {
				t.Errorf("%s %% of %d, %q: %d, want %d", tt.percent, tt.price, rounding, got.Tax.Amount.Amount, want)
			}
		}
	}
}

// TestTheParts holds sums to exact fractions: each line is off by half a minor
// unit at most, and what can be given back is never more than what was charged.
func TestTheParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules := pricing.Rules{Rounding: rapid.SampledFrom([]pricing.Rounding{"", pricing.HalfEven, pricing.HalfUp}).Draw(t, "rounding")}
		percents := rapid.Int64Range(0, 1_000_000)
		for range rapid.IntRange(0, 4).Draw(t, "fees") {
			fee := pricing.Fee{Per: rapid.SampledFrom([]pricing.Per{pricing.PerTicket, pricing.PerOrder}).Draw(t, "per"), Refundable: rapid.Bool().Draw(t, "refundable")}
			if rapid.Bool().Draw(t, "fixed") {
				fee.Amount = eur(rapid.Int64Range(1, 10_000).Draw(t, "amount"))
			} else {
				fee.Percent = pricing.Percent(percents.Draw(t, "percent"))
			}
			rules.Fees = append(rules.Fees, fee)
		}
		if rapid.Bool().Draw(t, "taxed") {
			rules.Tax = pricing.Tax{Percent: pricing.Percent(percents.Draw(t, "tax")), Included: rapid.Bool().Draw(t, "included")}
		}
		if err := rules.Check("EUR"); err != nil {
			t.Fatal(err)
		}
		var lines []pricing.Line
		for range rapid.IntRange(1, 5).Draw(t, "lines") {
			lines = append(lines, pricing.Line{Quantity: rapid.IntRange(1, 10).Draw(t, "quantity"), UnitPrice: eur(rapid.Int64Range(0, 1_000_000_000_000).Draw(t, "price"))})
		}
		got, err := rules.Charge("EUR", lines)
		if err != nil {
			t.Fatal(err)
		}

		sum, back, units := int64(0), got.Returnable.Amount, int64(0)
		for i, line := range lines {
			sum += int64(line.Quantity) * line.UnitPrice.Amount
			back += int64(line.Quantity) * got.Lines[i].Refund.Amount
			units += int64(line.Quantity)
			if got.Lines[i].Refund.Amount < line.UnitPrice.Amount {
				t.Fatalf("refund %v for a price of %v", got.Lines[i].Refund, line.UnitPrice)
			}
		}
		for _, fee := range got.Fees {
			sum += fee.Amount.Amount
		}
		net := sum
		if rules.Tax != (pricing.Tax{}) {
			numerator, denominator := int64(rules.Tax.Percent), int64(1_000_000)
			if rules.Tax.Included {
				denominator += numerator
			} else {
				sum += got.Tax.Amount.Amount
			}
			exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(net), big.NewInt(numerator)), big.NewInt(denominator))
			off := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(got.Tax.Amount.Amount))
			most := new(big.Rat).SetFrac64(units*int64(1+len(rules.Fees)), 2)
			if off.Abs(off).Cmp(most) > 0 {
				t.Fatalf("tax %v is off by %v", got.Tax.Amount, off)
			}
		}
		if got.Total.Amount != sum {
			t.Fatalf("total %v, the parts are %d", got.Total, sum)
		}
		if back > got.Total.Amount {
			t.Fatalf("%d can be given back of %v", back, got.Total)
		}
		all := true
		for _, fee := range rules.Fees {
			all = all && fee.Refundable
		}
		if all && back != got.Total.Amount {
			t.Fatalf("%d can be given back of %v, though no fee is kept", back, got.Total)
		}
	})
}

func TestPercentagesAreReadAndWritten(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0", "19", "2.5", "7.75", "0.0001", "100", "99.9999", "10.05"} {
		if got := percent(t, text).String(); got != text {
			t.Errorf("%s is written %s", text, got)
		}
	}
	if percent(t, "2.50") != percent(t, "2.5") {
		t.Error("2.50 is not 2.5")
	}
	for _, text := range []string{"", ".5", "5.", "100.0001", "101", "-1", "+1", "1e2", "01", "2,5", "0.00001", " 1", "1.-5", "1.+5"} {
		if p, err := pricing.ParsePercent(text); !errors.Is(err, pricing.ErrPercent) {
			t.Errorf("%q is read as %v, %v", text, p, err)
		}
	}
}

func TestRulesThatCannotBeAppliedAreMalformed(t *testing.T) {
	t.Parallel()
	tests := map[string]pricing.Rules{
		"a fee that is both":         {Fees: []pricing.Fee{{Per: pricing.PerTicket, Amount: eur(1), Percent: 1}}},
		"a fee for nothing":          {Fees: []pricing.Fee{{Amount: eur(1)}}},
		"a fee in another currency":  {Fees: []pricing.Fee{{Per: pricing.PerOrder, Amount: money.Money{Amount: 1, Currency: "JPY"}}}},
		"a fee below nothing":        {Fees: []pricing.Fee{{Per: pricing.PerOrder, Amount: eur(-1)}}},
		"a rounding that is not one": {Rounding: "down"},
	}
	for name, rules := range tests {
		if err := rules.Check("EUR"); !errors.Is(err, pricing.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (pricing.Rules{}).Charge("EUR", []pricing.Line{{Quantity: 2, UnitPrice: eur(math.MaxInt64)}}); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("a sum beyond all bounds: %v", err)
	}
	if _, err := (pricing.Rules{}).Charge("EUR", []pricing.Line{{Quantity: 2, UnitPrice: money.Money{Amount: 1, Currency: "JPY"}}}); !errors.Is(err, money.ErrMixedCurrencies) {
		t.Errorf("another currency: %v", err)
	}
}
