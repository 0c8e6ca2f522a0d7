package performance_test

import (
	"errors"
	"testing"
	"time"

	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/pricing"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

func TestCheckSales(t *testing.T) {
	t.Parallel()
	starts := time.Date(2027, 6, 1, 18, 0, 0, 0, time.UTC)
	opens, closes := starts.Add(-48*time.Hour), starts.Add(-time.Hour)
	tests := []struct {
		name  string
		give  performance.Performance
		at    time.Time
		sells bool
	}{
		{"without a window, long before", performance.Performance{}, starts.Add(-10_000 * time.Hour), true},
		{"without a window, a moment before the start", performance.Performance{}, starts.Add(-time.Millisecond), true},
		{"at the start", performance.Performance{}, starts, false},
		{"before the opening", performance.Performance{SalesOpenAt: opens}, opens.Add(-time.Millisecond), false},
		{"at the opening", performance.Performance{SalesOpenAt: opens}, opens, true},
		{"before the closing", performance.Performance{SalesCloseAt: closes}, closes.Add(-time.Millisecond), true},
		{"at the closing", performance.Performance{SalesCloseAt: closes}, closes, false},
		{"never after the start, whatever the closing", performance.Performance{SalesCloseAt: starts.Add(time.Hour)}, starts, false},
		{"cancelled", performance.Performance{Cancelled: true}, opens, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.give.StartsAt = starts
			err := tt.give.CheckSales(tt.at)
			if (err == nil) != tt.sells || err != nil && !errors.Is(err, performance.ErrSalesClosed) {
				t.Errorf("CheckSales() = %v, sells %t", err, tt.sells)
			}
		})
	}
}

func TestACategorySellsWithinTheSaleOfItsPerformance(t *testing.T) {
	t.Parallel()
	starts := time.Date(2027, 6, 1, 18, 0, 0, 0, time.UTC)
	opens, closes := starts.Add(-48*time.Hour), starts.Add(-time.Hour)
	tests := []struct {
		name         string
		from, until  time.Time // of the category
		cancelled    bool
		sells        []time.Time
		doesNot      []time.Time
		wantClosesAt time.Time
	}{
		{"with it", time.Time{}, time.Time{}, false, []time.Time{opens, closes.Add(-1)}, []time.Time{opens.Add(-1), closes}, closes},
		{"later and shorter", opens.Add(2), closes.Add(-2), false, []time.Time{opens.Add(2), closes.Add(-3)}, []time.Time{opens.Add(1), closes.Add(-2)}, closes.Add(-2)},
		{"never longer", opens.Add(-2), closes.Add(2), false, []time.Time{opens, closes.Add(-1)}, []time.Time{opens.Add(-1), closes}, closes},
		{"never when it is cancelled", time.Time{}, time.Time{}, true, nil, []time.Time{opens, closes.Add(-1)}, closes},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := performance.Performance{
				StartsAt: starts, SalesOpenAt: opens, SalesCloseAt: closes, Cancelled: tt.cancelled,
				Categories: []performance.PriceCategory{{ID: "II", SalesCloseAt: opens}, {ID: "I", SalesOpenAt: tt.from, SalesCloseAt: tt.until}},
			}
			for _, at := range tt.sells {
				if err := p.CheckSalesOf("I", at); err != nil {
					t.Errorf("at %s: %v", at, err)
				}
			}
			for _, at := range tt.doesNot {
				if err := p.CheckSalesOf("I", at); !errors.Is(err, performance.ErrSalesClosed) {
					t.Errorf("at %s: %v, want ErrSalesClosed", at, err)
				}
			}
			if got := p.SalesCloseAtOf("I"); !got.Equal(tt.wantClosesAt) {
				t.Errorf("its sale closes at %s, want %s", got, tt.wantClosesAt)
			}
		})
	}
}

func TestWhatAPlaceCosts(t *testing.T) {
	t.Parallel()
	eur := func(amount int64) money.Money { return money.Money{Amount: amount, Currency: "EUR"} }
	first, second := time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)
	category := performance.PriceCategory{
		Price:       eur(4205),
		Tiers:       []performance.Tier{{ID: "early", Price: eur(3000), Until: first}, {ID: "advance", Price: eur(3600), Until: second}},
		Concessions: []performance.Concession{{ID: "child", Price: eur(0)}, {ID: "student", Off: 100_000}},
	}
	tests := []struct {
		name       string
		at         time.Time
		concession string
		rounding   pricing.Rounding
		want       int64
		tier       string
		wantErr    error
	}{
		{"in the first tier", first.Add(-1), "", "", 3000, "early", nil},
		{"when it is over", first, "", "", 3600, "advance", nil},
		{"after the last", second, "", "", 4205, "", nil},
		{"a price of its own", first, "child", "", 0, "advance", nil},
		{"a percentage off what is in force", first, "student", "", 3240, "advance", nil},
		{"a half goes to the even neighbour", second, "student", pricing.HalfEven, 3784, "", nil},
		{"or up", second, "student", pricing.HalfUp, 3785, "", nil},
		{"no such concession", second, "early", "", 0, "", performance.ErrUnknownConcession},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			price, tier := category.Price, ""
			if running := category.TiersAt(tt.at); len(running) > 0 {
				price, tier = running[0].Price, running[0].ID
			}
			var err error
			if tt.concession != "" {
				price, err = category.Reduced(tt.concession, price, tt.rounding)
			}
			if !errors.Is(err, tt.wantErr) || err == nil && price != eur(tt.want) || tier != tt.tier {
				t.Errorf("costs %v by %q, %v", price, tier, err)
			}
		})
	}
}

func TestCategoryIsFoundByItsID(t *testing.T) {
	t.Parallel()
	p := performance.Performance{Categories: []performance.PriceCategory{
		{ID: "I", Price: money.Money{Amount: 4200, Currency: "EUR"}}, {ID: "II", Price: money.Money{Amount: 0, Currency: "EUR"}},
	}}
	if got, known := p.Category("II"); !known || got.ID != "II" {
		t.Errorf("Category(II) = %+v, %t", got, known)
	}
	if _, known := p.Category("III"); known {
		t.Error("Category(III) is known")
	}
}

func TestEveryPlaceHasAPrice(t *testing.T) {
	t.Parallel()
	category := func(categoryID, currency string) performance.PriceCategory {
		return performance.PriceCategory{ID: categoryID, Price: money.Money{Amount: 1, Currency: currency}}
	}
	floor := seatmap.Area{ID: "floor", Kind: seatmap.General, Capacity: 3, PriceCategory: "I"}
	tests := []struct {
		name       string
		categories []performance.PriceCategory
		area       seatmap.Area
		want       error
	}{
		{"a tier in another currency", []performance.PriceCategory{{ID: "I", Price: money.Money{Currency: "EUR"}, Tiers: []performance.Tier{{Price: money.Money{Currency: "JPY"}}}}}, floor, performance.ErrMalformed},
		{"a concession in another currency", []performance.PriceCategory{{ID: "I", Price: money.Money{Currency: "EUR"}, Concessions: []performance.Concession{{Price: money.Money{Currency: "JPY"}}}}}, floor, performance.ErrMalformed},
		{"right", []performance.PriceCategory{category("I", "EUR"), category("II", "EUR")}, floor, nil},
		{"no such category", []performance.PriceCategory{category("II", "EUR")}, floor, performance.ErrMalformed},
		{"a price in another currency", []performance.PriceCategory{category("I", "JPY")}, floor, performance.ErrMalformed},
		{"no places", []performance.PriceCategory{category("I", "EUR")}, seatmap.Area{ID: "floor", Kind: seatmap.General, PriceCategory: "I"}, seatmap.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := performance.Performance{Currency: "EUR", Categories: tt.categories}
			if err := p.LayOut([]seatmap.Area{tt.area}); !errors.Is(err, tt.want) || (err == nil) != (p.Layout != nil) {
				t.Errorf("LayOut() = %v with layout %v, want %v", err, p.Layout, tt.want)
			}
		})
	}
}
