package onsale_test

import (
	"testing"
	"time"

	"ticketmesh.dev/tools/internal/onsale"
)

func TestPercentileIsTheNearestRank(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100-i) * time.Millisecond
	}
	tests := []struct {
		name string
		give []time.Duration
		p    int
		want float64
	}{
		{"none", nil, 99, 0},
		{"one", []time.Duration{7 * time.Millisecond}, 50, 7},
		{"middle", hundred, 50, 50},
		{"99th", hundred, 99, 99},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := onsale.Percentile(tt.give, tt.p); got != tt.want {
				t.Errorf("percentile %d = %v, want %v", tt.p, got, tt.want)
			}
		})
	}
}

func TestTheFirstAndTheLastSalesAreToldApart(t *testing.T) {
	t.Parallel()
	begin := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	var sales []onsale.Sale // each takes longer than the one before; the last come first
	for i := 20; i > 0; i-- {
		sales = append(sales, onsale.NewSale(begin.Add(time.Duration(i)*time.Second), time.Duration(i)*time.Millisecond))
	}
	first, last := onsale.Tenths(sales)
	if first != (onsale.Latency{P50Millis: 2, P99Millis: 4}) || last != (onsale.Latency{P50Millis: 38, P99Millis: 40}) {
		t.Errorf("first %+v, last %+v", first, last)
	}
	if first, last = onsale.Tenths(nil); first != (onsale.Latency{}) || last != first {
		t.Errorf("of nothing: first %+v, last %+v", first, last)
	}
}

func TestWhatWasSoldIsCounted(t *testing.T) {
	t.Parallel()
	one, two := onsale.NewSeat("a", "1-1"), onsale.NewSeat("a", "1-2")
	floor := onsale.NewSeat("floor", "")
	tests := []struct {
		name           string
		sold           map[onsale.Seat]bool
		places         int
		tickets        map[onsale.Seat]int
		want, oversold int
		wantErr        bool
	}{
		{"seats", map[onsale.Seat]bool{one: true, two: true}, 0, map[onsale.Seat]int{one: 1, two: 1}, 2, 0, false},
		{"a seat twice", map[onsale.Seat]bool{one: true}, 0, map[onsale.Seat]int{one: 2}, 1, 1, false},
		{"a seat with a ticket that is not sold", map[onsale.Seat]bool{}, 0, map[onsale.Seat]int{one: 1}, 0, 0, true},
		{"a sold seat without a ticket", map[onsale.Seat]bool{one: true}, 0, map[onsale.Seat]int{}, 0, 0, true},
		{"places", nil, 3, map[onsale.Seat]int{floor: 3}, 3, 0, false},
		{"more tickets than places", nil, 3, map[onsale.Seat]int{floor: 4}, 3, 1, false},
		{"a sold place without a ticket", nil, 3, map[onsale.Seat]int{floor: 2}, 0, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sold, oversold, err := onsale.Compare(tt.sold, tt.places, tt.tickets)
			if sold != tt.want || oversold != tt.oversold || (err != nil) != tt.wantErr {
				t.Errorf("sold %d, oversold %d, %v; want %d, %d, error %t", sold, oversold, err, tt.want, tt.oversold, tt.wantErr)
			}
		})
	}
}
