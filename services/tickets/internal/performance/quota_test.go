package performance_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

func TestTiersOfSoManyPlacesHaveQuotas(t *testing.T) {
	t.Parallel()
	price, until := money.Money{Amount: 1, Currency: "EUR"}, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	tier := func(tierID string, quantity int) performance.Tier {
		return performance.Tier{ID: tierID, Price: price, Until: until, Quantity: quantity}
	}
	p := performance.Performance{Currency: "EUR", Categories: []performance.PriceCategory{
		{ID: "I", Price: price, Tiers: []performance.Tier{tier("few", 7), tier("more than there are", 200), tier("all", 0)}},
		{ID: "nowhere", Price: price, Tiers: []performance.Tier{tier("few", 7)}},
	}}
	areas := []seatmap.Area{
		{ID: "a", Kind: seatmap.General, Capacity: 30, PriceCategory: "I"}, {ID: "b", Kind: seatmap.Seated, PriceCategory: "I", Rows: []seatmap.Row{{Label: "1", Seats: "1-20"}}},
	}
	if err := p.LayOut(areas); err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, tierID := range []string{"few", "more than there are", "all"} {
		places := 0
		if quota := p.Layout.Quota(performance.TierQuota("I", tierID)); quota != nil {
			places = quota.Places()
		}
		got = append(got, places)
	}
	if want := []int{7, 50, 0}; !slices.Equal(got, want) || len(p.Layout.Quotas()) != 2 {
		t.Errorf("quotas of %v places, want %v", got, want)
	}
	p.Categories[0].Tiers[2] = tier("few", 1)
	if err := p.LayOut(areas); !errors.Is(err, seatmap.ErrMalformed) {
		t.Errorf("a tier twice: %v", err)
	}
}

func TestTiersThatAreOverAreLeftOut(t *testing.T) {
	t.Parallel()
	until := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	category := performance.PriceCategory{Tiers: []performance.Tier{{ID: "a", Until: until}, {ID: "b", Until: until, Quantity: 3}, {ID: "c", Until: until.Add(1)}}}
	for at, want := range map[time.Time][]string{until.Add(-1): {"a", "b", "c"}, until: {"c"}, until.Add(1): nil} {
		var got []string
		for _, tier := range category.TiersAt(at) {
			got = append(got, tier.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("at %s %v, want %v", at, got, want)
		}
	}
}
