package performance_test

import (
	"errors"
	"testing"
	"time"
	_ "time/tzdata" // so that the machine's zones do not matter

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/money"
	"ticketmesh.dev/services/shows/internal/performance"
	"ticketmesh.dev/services/shows/internal/seatmap"
	"ticketmesh.dev/services/shows/internal/violation"
)

func plan(t testing.TB) seatmap.Map {
	t.Helper()
	m, err := seatmap.New("", []seatmap.Area{{ID: "all", Kind: seatmap.General, Capacity: 10, PriceCategory: "I"}},
		[]seatmap.PriceCategory{{ID: "I", Name: "First", Price: money.Money{Amount: 1, Currency: "EUR"}}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func schedule(t testing.TB, when performance.Times) (performance.Performance, error) {
	t.Helper()
	return performance.Schedule(id.New(), id.New(), when, performance.Terms{SeatMap: plan(t)}, false)
}

func TestALocalTimeIsOneMoment(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, local, zone string
		want              string
	}{
		{"summer", "2027-06-01T20:00", "Europe/Vienna", "2027-06-01T18:00:00Z"},
		{"winter", "2027-01-01T20:00", "Europe/Vienna", "2027-01-01T19:00:00Z"},
		{"with seconds", "2027-06-01T20:00:30", "Europe/Vienna", "2027-06-01T18:00:30Z"},
		{"the last second before the gap", "2027-03-28T01:59:59", "Europe/Vienna", "2027-03-28T00:59:59Z"},
		{"the first moment after the gap", "2027-03-28T03:00", "Europe/Vienna", "2027-03-28T01:00:00Z"},
		{"the last second before the overlap", "2027-10-31T01:59:59", "Europe/Vienna", "2027-10-30T23:59:59Z"},
		{"the first moment after the overlap", "2027-10-31T03:00", "Europe/Vienna", "2027-10-31T02:00:00Z"},
		{"half an hour's offset", "2027-06-01T20:00", "Asia/Kolkata", "2027-06-01T14:30:00Z"},
		{"three quarters", "2027-06-01T20:00", "Asia/Kathmandu", "2027-06-01T14:15:00Z"},
		{"far east", "2027-01-01T20:00", "Pacific/Kiritimati", "2027-01-01T06:00:00Z"},
		{"far west", "2027-01-01T20:00", "Pacific/Pago_Pago", "2027-01-02T07:00:00Z"},
		{"Lord Howe after its half-hour gap", "2027-10-03T02:30", "Australia/Lord_Howe", "2027-10-02T15:30:00Z"},
		{"Samoa before the day it skipped", "2011-12-29T23:59", "Pacific/Apia", "2011-12-30T09:59:00Z"},
		{"Samoa after it", "2011-12-31T00:00", "Pacific/Apia", "2011-12-30T10:00:00Z"},
		{"no summer time", "2027-03-28T02:30", "UTC", "2027-03-28T02:30:00Z"},
		{"leap day", "2028-02-29T12:00", "America/New_York", "2028-02-29T17:00:00Z"},
		{"the last year", "9998-12-31T23:59", "America/New_York", "9999-01-01T04:59:00Z"},
		{"long past", "1970-01-01T12:00", "Europe/London", "1970-01-01T11:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := schedule(t, performance.Times{StartsAt: tt.local, TimeZone: tt.zone})
			if err != nil {
				t.Fatal(err)
			}
			if got := p.State().StartsAtUTC.Format(time.RFC3339); got != tt.want {
				t.Errorf("%s in %s is %s, want %s", tt.local, tt.zone, got, tt.want)
			}
		})
	}
}

func TestALocalTimeThatIsNoMomentOrTwoIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, local, zone string
		want              int // moments
	}{
		{"Vienna skips it", "2027-03-28T02:00", "Europe/Vienna", 0},
		{"Vienna skips its end", "2027-03-28T02:59:59", "Europe/Vienna", 0},
		{"Vienna has it twice", "2027-10-31T02:00", "Europe/Vienna", 2},
		{"Vienna has its end twice", "2027-10-31T02:59:59", "Europe/Vienna", 2},
		{"New York skips it", "2027-03-14T02:30", "America/New_York", 0},
		{"New York has it twice", "2027-11-07T01:30", "America/New_York", 2},
		{"Lord Howe skips half an hour", "2027-10-03T02:15", "Australia/Lord_Howe", 0},
		{"Lord Howe has half an hour twice", "2027-04-04T01:45", "Australia/Lord_Howe", 2},
		{"Santiago skips midnight", "2027-09-05T00:00", "America/Santiago", 0},
		{"Samoa skipped a day", "2011-12-30T20:00", "Pacific/Apia", 0},
		{"Pyongyang gave half an hour back", "2015-08-14T23:45", "Asia/Pyongyang", 2},
		{"Pyongyang took it again", "2018-05-04T23:45", "Asia/Pyongyang", 0},
		{"Casablanca in Ramadan", "2027-02-07T02:30", "Africa/Casablanca", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := schedule(t, performance.Times{StartsAt: tt.local, TimeZone: tt.zone})
			var invalid *performance.InvalidLocalTimeError
			if !errors.As(err, &invalid) || len(invalid.Moments) != tt.want {
				t.Errorf("%s in %s: %v, want %d moments", tt.local, tt.zone, err, tt.want)
			}
		})
	}
}

func TestMalformedTimesNameTheField(t *testing.T) {
	t.Parallel()
	good := performance.Times{StartsAt: "2027-06-01T20:00", TimeZone: "Europe/Vienna"}
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		give func(*performance.Times)
		want string
	}{
		{"no time", func(w *performance.Times) { w.StartsAt = "2027-06-01" }, "startsAt"},
		{"an offset", func(w *performance.Times) { w.StartsAt = "2027-06-01T20:00Z" }, "startsAt"},
		{"a fraction", func(w *performance.Times) { w.StartsAt = "2027-06-01T20:00:00.5" }, "startsAt"},
		{"no such day", func(w *performance.Times) { w.StartsAt = "2027-02-29T20:00" }, "startsAt"},
		{"24 o'clock", func(w *performance.Times) { w.StartsAt = "2027-06-01T24:00" }, "startsAt"},
		{"a year before time", func(w *performance.Times) { w.StartsAt = "1969-06-01T20:00" }, "startsAt"},
		{"a year after time", func(w *performance.Times) { w.StartsAt = "9999-06-01T20:00" }, "startsAt"},
		{"an unknown zone", func(w *performance.Times) { w.TimeZone = "Europe/Atlantis" }, "timeZone"},
		{"the machine's zone", func(w *performance.Times) { w.TimeZone = "Local" }, "timeZone"},
		{"no zone", func(w *performance.Times) { w.TimeZone = "" }, "timeZone"},
		{"a path", func(w *performance.Times) { w.TimeZone = "../../etc/passwd" }, "timeZone"},
		{"leap seconds", func(w *performance.Times) { w.TimeZone = "right/Europe/Vienna" }, "timeZone"},
		{"another file of the database", func(w *performance.Times) { w.TimeZone = "posixrules" }, "timeZone"},
		{"an offset as zone", func(w *performance.Times) { w.TimeZone = "+02:00" }, "timeZone"},
		{"sales close before they open", func(w *performance.Times) { w.SalesOpenAt, w.SalesCloseAt = at, at.Add(-time.Second) }, "salesOpenAt"},
		{"sales close as they open", func(w *performance.Times) { w.SalesOpenAt, w.SalesCloseAt = at, at }, "salesOpenAt"},
		{"sales close within the millisecond", func(w *performance.Times) { w.SalesOpenAt, w.SalesCloseAt = at, at.Add(time.Microsecond) }, "salesOpenAt"},
		{"sales open after time", func(w *performance.Times) { w.SalesOpenAt = at.AddDate(8000, 0, 0) }, "salesOpenAt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			when := good
			tt.give(&when)
			_, err := schedule(t, when)
			var invalid *violation.Error
			if !errors.As(err, &invalid) || invalid.Fields[0].Field != tt.want {
				t.Errorf("Schedule() = %v, want a violation of %s", err, tt.want)
			}
		})
	}
}
