package performance_test

import (
	"errors"
	"testing"
	"time"

	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/performance"
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
