package performance_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/performance"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

func TestCheckSalesBy(t *testing.T) {
	t.Parallel()
	starts := time.Date(2027, 6, 1, 18, 0, 0, 0, time.UTC)
	before := func(hours int) time.Time { return starts.Add(-time.Duration(hours) * time.Hour) }
	show := performance.Performance{
		StartsAt: starts, SalesOpenAt: before(24), SalesCloseAt: before(6),
		Categories: []performance.PriceCategory{{ID: "I", SalesCloseAt: before(12)}, {ID: "II"}},
		Channels:   []performance.Channel{{ID: "box_office", SalesOpenAt: before(48)}, {ID: "sponsor", SalesCloseAt: before(30)}},
		Presales: []performance.Presale{
			{ID: "members", OpensAt: before(40), ClosesAt: before(30), Categories: []string{"I"}}, {ID: "friends", OpensAt: before(40), Channel: "box_office"},
		},
	}
	tests := []struct {
		name  string
		sale  performance.Sale
		of    string
		hours int // before the start
		sells bool
	}{
		{"the public before", performance.Sale{}, "I", 25, false},
		{"the public", performance.Sale{}, "I", 24, true},
		{"the public after the category", performance.Sale{}, "I", 12, false},
		{"a presale before", performance.Sale{PresaleID: "members"}, "I", 41, false},
		{"a presale", performance.Sale{PresaleID: "members"}, "I", 40, true},
		{"a presale that is over", performance.Sale{PresaleID: "members"}, "I", 30, false},
		{"a presale that is over, once the public buys", performance.Sale{PresaleID: "members"}, "I", 24, true},
		{"a presale of other categories", performance.Sale{PresaleID: "members"}, "II", 40, false},
		{"a presale without an end", performance.Sale{PresaleID: "friends", Channel: "box_office"}, "II", 25, true},
		{"a presale after the sale", performance.Sale{PresaleID: "friends", Channel: "box_office"}, "II", 6, false},
		{"a presale is not its channel", performance.Sale{PresaleID: "friends", Channel: "box_office"}, "II", 41, false},
		{"a presale that was ended", performance.Sale{PresaleID: "gone"}, "I", 40, false},
		{"a channel before", performance.Sale{Channel: "box_office"}, "I", 49, false},
		{"a channel", performance.Sale{Channel: "box_office"}, "I", 48, true},
		{"a channel after all others", performance.Sale{Channel: "box_office"}, "I", 1, true},
		{"a channel at the start", performance.Sale{Channel: "box_office"}, "I", 0, false},
		{"a channel from the first", performance.Sale{Channel: "sponsor"}, "I", 31, true},
		{"a channel that is over", performance.Sale{Channel: "sponsor"}, "I", 24, false},
		{"a channel without a window", performance.Sale{Channel: "crew"}, "I", 25, false},
		{"a channel without a window, once the public buys", performance.Sale{Channel: "crew"}, "I", 24, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := show.CheckSalesBy(tt.sale, tt.of, before(tt.hours)); (err == nil) != tt.sells || err != nil && !errors.Is(err, performance.ErrSalesClosed) {
				t.Errorf("CheckSalesBy() = %v, sells %t", err, tt.sells)
			}
			cancelled := show
			cancelled.Cancelled = true
			if err := cancelled.CheckSalesBy(tt.sale, tt.of, before(tt.hours)); !errors.Is(err, performance.ErrSalesClosed) {
				t.Errorf("of a cancelled performance: %v", err)
			}
		})
	}
}

func TestACodeIsKnownByItsDigest(t *testing.T) {
	t.Parallel()
	// What shows tells: SHA-256 of the code in capital letters, in base64url.
	const want = "ANcYQ4e87_bcvn56ZcKPeNZqC_5gaBmSmtitv1wos8M"
	if got := performance.CodeDigest("Sponsor-2027"); got != want {
		t.Errorf("digest %s", got)
	}
	show := performance.Performance{Presales: []performance.Presale{{ID: "a", Codes: []string{"x"}}, {ID: "b", Codes: []string{"y", want}}}}
	if presale, err := show.PresaleOf(want); err != nil || presale.ID != "b" {
		t.Errorf("presale %+v, %v", presale, err)
	}
	if _, err := show.PresaleOf(strings.ToLower(want)); !errors.Is(err, performance.ErrInvalidPresaleCode) {
		t.Errorf("another digest: %v", err)
	}
}

func TestAChannelIsOneThatThePerformanceNames(t *testing.T) {
	t.Parallel()
	show := performance.Performance{Channels: []performance.Channel{{ID: "box_office"}}, Allocations: []seatmap.Allocation{{Channel: "sponsor"}}}
	for channel, known := range map[string]bool{"box_office": true, "sponsor": true, "crew": false, "": false} {
		if err := show.CheckChannel(channel); (err == nil) != known || err != nil && !errors.Is(err, performance.ErrUnknownChannel) {
			t.Errorf("channel %q: %v", channel, err)
		}
	}
}

func TestCodesHaveQuotas(t *testing.T) {
	t.Parallel()
	show := performance.Performance{Currency: "EUR", Categories: []performance.PriceCategory{{ID: "I", Price: money.Money{Currency: "EUR"}}}}
	areas := []seatmap.Area{{ID: "a", Kind: seatmap.General, Capacity: 30, PriceCategory: "I"}}
	show.Presales = []performance.Presale{{ID: "a", Uses: 3, Codes: []string{"x", "y"}}, {ID: "b", Uses: 100, Codes: []string{"z"}}}
	if err := show.LayOut(areas); err != nil {
		t.Fatal(err)
	}
	for digest, want := range map[string]int{"x": 3, "y": 3, "z": 30} {
		if got := show.Layout.Quota(performance.CodeQuota(digest)).Places(); got != want {
			t.Errorf("code %s is good for %d, want %d", digest, got, want)
		}
	}
	show.Presales[1].Codes = []string{"x"}
	if err := show.LayOut(areas); !errors.Is(err, seatmap.ErrMalformed) {
		t.Errorf("a code of two presales: %v", err)
	}
	show.Presales = []performance.Presale{{ID: "a", Codes: []string{"x"}}}
	if err := show.LayOut(areas); !errors.Is(err, performance.ErrMalformed) {
		t.Errorf("a code that is good for nothing: %v", err)
	}
}
