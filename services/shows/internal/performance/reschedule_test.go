package performance_test

import (
	"errors"
	"testing"
	"time"

	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/violation"
)

func TestUntilWhenTicketsOfAMovedPerformanceMayBeReturned(t *testing.T) {
	t.Parallel()
	start := time.Date(2027, 6, 8, 18, 0, 0, 0, time.UTC) // of 8 June at 20:00 in Vienna
	tests := []struct {
		name    string
		startAt string
		until   time.Time
		now     time.Time
		want    time.Time
		refused bool
	}{
		{"two weeks", "2027-06-08T20:00", time.Time{}, movedAt, movedAt.AddDate(0, 0, 14), false},
		{"to the start at the latest", "2027-06-08T20:00", time.Time{}, start.Add(-time.Hour), start, false},
		{"as the organizer says", "2027-06-08T20:00", movedAt.Add(time.Hour), movedAt, movedAt.Add(time.Hour), false},
		{"to the start as the organizer says", "2027-06-08T20:00", start, movedAt, start, false},
		{"not longer", "2027-06-08T20:00", start.Add(time.Millisecond), movedAt, time.Time{}, true},
		{"not at all for the same start", "2027-06-01T20:00", start.Add(-time.Hour), movedAt, time.Time{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			times := evening(t).Times()
			times.StartsAt = tt.startAt
			after, moved, err := evening(t).Reschedule(times, tt.until, tt.now)
			var invalid *violation.Error
			if refused := errors.As(err, &invalid); refused != tt.refused || refused && invalid.Fields[0].Field != "returnsUntil" {
				t.Fatalf("Reschedule() = %v", err)
			}
			if s := after.State(); !tt.refused && (!moved || !s.ReturnsUntil.Equal(tt.want) || !s.RescheduledAt.Equal(tt.now)) {
				t.Errorf("moved %t at %s, returns until %s, want %s", moved, s.RescheduledAt, s.ReturnsUntil, tt.want)
			}
		})
	}
}

func TestWhatAnEarlierMovePromisedHolds(t *testing.T) {
	t.Parallel()
	move := func(p performance.Performance, startsAt string, until, now time.Time) performance.Performance {
		t.Helper()
		times := p.Times()
		times.StartsAt = startsAt
		after, _, err := p.Reschedule(times, until, now)
		if err != nil {
			t.Fatal(err)
		}
		return after
	}
	first := move(evening(t), "2027-06-08T20:00", movedAt.AddDate(0, 1, 0), movedAt)
	second := move(first, "2027-06-09T20:00", time.Time{}, movedAt.Add(time.Hour))
	if s := second.State(); !s.ReturnsUntil.Equal(movedAt.AddDate(0, 1, 0)) || !s.RescheduledAt.Equal(movedAt.Add(time.Hour)) {
		t.Errorf("moved at %s, returns until %s", s.RescheduledAt, s.ReturnsUntil)
	}
	sooner := move(first, "2027-03-10T20:00", time.Time{}, movedAt)
	if s := sooner.State(); !s.ReturnsUntil.Equal(s.StartsAtUTC) {
		t.Errorf("returns until %s, the start is %s", s.ReturnsUntil, s.StartsAtUTC)
	}
	longer := move(second, "2027-06-09T20:00", movedAt.AddDate(0, 2, 0), movedAt.Add(2*time.Hour))
	if s := longer.State(); !s.ReturnsUntil.Equal(movedAt.AddDate(0, 2, 0)) || !s.RescheduledAt.Equal(movedAt.Add(time.Hour)) || s.Version != 4 {
		t.Errorf("moved at %s, returns until %s at version %d", s.RescheduledAt, s.ReturnsUntil, s.Version)
	}
	again := move(longer, "2027-06-09T20:00", movedAt.AddDate(0, 2, 0), movedAt.Add(3*time.Hour))
	if s := again.State(); s.Version != 4 {
		t.Errorf("the same again made version %d", s.Version)
	}
}

func TestASeatMapIsReplacedWhole(t *testing.T) {
	t.Parallel()
	other := func(currency string) seatmap.Map {
		m, err := seatmap.New("", []seatmap.Area{{ID: "floor", Kind: seatmap.General, Capacity: 7, PriceCategory: "I"}},
			[]seatmap.PriceCategory{{ID: "I", Name: "I", Price: money.Money{Amount: 1, Currency: currency}}})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	before := evening(t)
	after, err := before.ChangeSeatMap(other(before.State().Currency), performance.SeatPlan{Version: 3})
	if err != nil {
		t.Fatal(err)
	}
	if s := after.State(); s.SeatMapVersion != 2 || s.Version != 2 || s.SeatPlan.Version != 3 || len(s.Capacities) != 1 || s.Capacities[0].Places != 7 {
		t.Errorf("got %+v", s)
	}
	var mixed *seatmap.MixedCurrenciesError
	if _, err := before.ChangeSeatMap(other("CHF"), performance.SeatPlan{}); !errors.As(err, &mixed) {
		t.Errorf("another currency: %v", err)
	}
	cancelled, _, err := before.Cancel("")
	if err != nil {
		t.Fatal(err)
	}
	var refused *performance.CancelledError
	if _, err := cancelled.ChangeSeatMap(other("EUR"), performance.SeatPlan{}); !errors.As(err, &refused) {
		t.Errorf("a cancelled one: %v", err)
	}
}
