package clock_test

import (
	"testing"
	"time"

	"ticketmesh.dev/platform/clock"
)

func TestManualMovesOnlyWhenTold(t *testing.T) {
	t.Parallel()
	start := time.Date(2027, 6, 1, 20, 0, 0, 123_456_789, time.FixedZone("CEST", 2*60*60))
	c := clock.NewManual(start)
	want := time.Date(2027, 6, 1, 18, 0, 0, 123_000_000, time.UTC)
	if got := c.Now(); !got.Equal(want) || got.Location() != time.UTC {
		t.Fatalf("Now() = %s, want %s", got, want)
	}
	c.Advance(-time.Hour)
	if got := c.Now(); !got.Equal(want.Add(-time.Hour)) {
		t.Errorf("after Advance(-1h) Now() = %s", got)
	}
	c.Set(start.Add(time.Minute))
	if got := c.Now(); !got.Equal(want.Add(time.Minute)) {
		t.Errorf("after Set Now() = %s", got)
	}
}

func TestSystemIsUTCInMilliseconds(t *testing.T) {
	t.Parallel()
	now := clock.System{}.Now()
	if now.Location() != time.UTC || now.Nanosecond()%int(time.Millisecond) != 0 {
		t.Errorf("Now() = %s, want UTC in whole milliseconds", now.Format(time.RFC3339Nano))
	}
}
