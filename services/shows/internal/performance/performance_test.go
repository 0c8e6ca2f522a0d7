package performance_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/violation"
)

// movedAt is when the tests move a performance.
var movedAt = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func evening(t testing.TB) performance.Performance {
	t.Helper()
	p, err := schedule(t, performance.Times{
		StartsAt: "2027-06-01T20:00", TimeZone: "Europe/Vienna",
		SalesOpenAt: time.Date(2027, 1, 1, 9, 0, 0, 1_500_000, time.FixedZone("", 3600)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestASalesTimeIsKeptInUTCAndMilliseconds(t *testing.T) {
	t.Parallel()
	want := time.Date(2027, 1, 1, 8, 0, 0, 1_000_000, time.UTC)
	if got := evening(t).State().SalesOpenAt; !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("salesOpenAt %s, want %s", got, want)
	}
}

func TestReschedulingMovesAPerformance(t *testing.T) {
	t.Parallel()
	before := evening(t)
	times := before.Times()
	times.StartsAt = "2027-06-08T19:30"
	after, moved, err := before.Reschedule(times, time.Time{}, movedAt)
	if err != nil || !moved {
		t.Fatalf("moved %t, %v", moved, err)
	}
	s := after.State()
	if want := time.Date(2027, 6, 8, 17, 30, 0, 0, time.UTC); !s.StartsAtUTC.Equal(want) || s.Version != 2 {
		t.Errorf("starts %s at version %d, want %s at 2", s.StartsAtUTC, s.Version, want)
	}
	if !s.SalesOpenAt.Equal(before.State().SalesOpenAt) {
		t.Errorf("salesOpenAt became %s", s.SalesOpenAt)
	}
}

func TestReschedulingToTheSameTimeChangesNothing(t *testing.T) {
	t.Parallel()
	before := evening(t)
	times := before.Times()
	times.StartsAt = "2027-06-01T20:00:00"
	after, moved, err := before.Reschedule(times, time.Time{}, movedAt)
	if err != nil || moved || after.State().Version != 1 {
		t.Errorf("moved %t to version %d, %v", moved, after.State().Version, err)
	}
}

func TestReschedulingIntoAGapIsRefused(t *testing.T) {
	t.Parallel()
	before := evening(t)
	times := before.Times()
	times.StartsAt = "2027-03-28T02:30"
	_, _, err := before.Reschedule(times, time.Time{}, movedAt)
	var invalid *performance.InvalidLocalTimeError
	if !errors.As(err, &invalid) {
		t.Errorf("Reschedule() = %v", err)
	}
}

func TestACancelledPerformanceStaysCancelled(t *testing.T) {
	t.Parallel()
	cancelled, done, err := evening(t).Cancel("ill")
	if err != nil || !done {
		t.Fatalf("done %t, %v", done, err)
	}
	if s := cancelled.State(); s.Status != performance.Cancelled || s.Reason != "ill" || s.Version != 2 {
		t.Errorf("got %+v", s)
	}
	again, done, err := cancelled.Cancel("another reason")
	if err != nil || done || again.State().Reason != "ill" || again.State().Version != 2 {
		t.Errorf("again: done %t, %+v, %v", done, again.State(), err)
	}
	_, _, err = cancelled.Reschedule(cancelled.Times(), time.Time{}, movedAt)
	var refused *performance.CancelledError
	if !errors.As(err, &refused) {
		t.Errorf("Reschedule() = %v, want a CancelledError", err)
	}
}

func TestAReasonHasAtMost1000Characters(t *testing.T) {
	t.Parallel()
	if _, _, err := evening(t).Cancel(strings.Repeat("ü", 1000)); err != nil {
		t.Errorf("1000 characters: %v", err)
	}
	_, _, err := evening(t).Cancel(strings.Repeat("ü", 1001))
	var invalid *violation.Error
	if !errors.As(err, &invalid) {
		t.Errorf("1001 characters: %v", err)
	}
}

func TestLimitsAreAtLeastOne(t *testing.T) {
	t.Parallel()
	zero, many := 0, 1_000_001
	_, err := performance.Schedule(id.New(), id.New(), evening(t).Times(), performance.Terms{SeatMap: plan(t), PerOrder: &zero, PerCustomer: &many}, false)
	var invalid *violation.Error
	if !errors.As(err, &invalid) || len(invalid.Fields) != 2 {
		t.Errorf("Schedule() = %v, want violations of both limits", err)
	}
}
