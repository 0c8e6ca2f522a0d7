package rrule_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"ticketmesh.dev/services/shows/internal/rrule"
)

const layout = "2006-01-02T15:04"

func TestRulesGiveLocalTimes(t *testing.T) {
	t.Parallel()
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, rule, start string
		want              string // times, or what the error says after "!"
	}{
		{"weekends", "FREQ=WEEKLY;BYDAY=FR,SA;COUNT=3", "2027-06-04T20:00", "2027-06-04T20:00 2027-06-05T20:00 2027-06-11T20:00"},
		{"over the change of clocks", "FREQ=DAILY;COUNT=3", "2027-03-27T20:00", "2027-03-27T20:00 2027-03-28T20:00 2027-03-29T20:00"},
		{"twice a day", "FREQ=DAILY;BYHOUR=15,20;COUNT=3", "2027-06-01T15:00", "2027-06-01T15:00 2027-06-01T20:00 2027-06-02T15:00"},
		{"an hour named twice", "FREQ=DAILY;BYHOUR=20,20;UNTIL=20270602", "2027-06-01T20:00", "2027-06-01T20:00 2027-06-02T20:00"},
		{"the last Sunday", "FREQ=MONTHLY;BYDAY=-1SU;COUNT=2", "2027-06-27T11:00", "2027-06-27T11:00 2027-07-25T11:00"},
		{"until a day, that day too", "FREQ=DAILY;UNTIL=20270602", "2027-06-01T20:00", "2027-06-01T20:00 2027-06-02T20:00"},
		{"until a local time", "FREQ=DAILY;UNTIL=20270602T200000", "2027-06-01T20:00", "2027-06-01T20:00 2027-06-02T20:00"},
		{"until a time in UTC", "FREQ=DAILY;UNTIL=20270602T180000Z", "2027-06-01T20:00", "2027-06-01T20:00 2027-06-02T20:00"},
		{"until a time in UTC before", "FREQ=DAILY;UNTIL=20270602T175959Z", "2027-06-01T20:00", "2027-06-01T20:00"},
		{"with its name", "RRULE:FREQ=DAILY;COUNT=1", "2027-06-01T20:00", "2027-06-01T20:00"},
		{"for ever", "FREQ=DAILY", "2027-06-01T20:00", "!must end"},
		{"no date at all", "FREQ=DAILY;COUNT=0", "2027-06-01T20:00", "!must end"},
		{"two ends", "FREQ=DAILY;COUNT=1;UNTIL=20270602", "2027-06-01T20:00", "!both"},
		{"too many", "FREQ=DAILY;COUNT=6", "2027-06-01T20:00", "!more than 5"},
		{"every hour", "FREQ=HOURLY;COUNT=2", "2027-06-01T20:00", "!FREQ"},
		{"a start that it does not give", "FREQ=WEEKLY;BYDAY=FR;COUNT=2", "2027-06-01T20:00", "!first date"},
		{"a day that never comes", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2", "2027-06-01T20:00", "!first date"},
		{"an end before the start", "FREQ=DAILY;UNTIL=20270501", "2027-06-01T20:00", "!first date"},
		{"another start", "DTSTART:20270601T200000Z\nRRULE:FREQ=DAILY;COUNT=1", "2027-06-01T20:00", "!DTSTART"},
		{"nothing", "", "2027-06-01T20:00", "!"},
		{"an unknown part", "FREQ=DAILY;COUNT=1;BYMOON=1", "2027-06-01T20:00", "!BYMOON"},
		{"a 13th month", "FREQ=YEARLY;BYMONTH=13;COUNT=1", "2027-06-01T20:00", "!bymonth"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			start, err := time.Parse(layout, tt.start)
			if err != nil {
				t.Fatal(err)
			}
			got, err := rrule.Rules{}.Expand(tt.rule, start, vienna, 5)
			if complaint, fails := strings.CutPrefix(tt.want, "!"); fails {
				if err == nil || !strings.Contains(err.Error(), complaint) {
					t.Errorf("got %v, %v, want an error with %q", got, err, complaint)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, at := range got {
				texts = append(texts, at.Format(layout))
			}
			if !slices.Equal(texts, strings.Fields(tt.want)) {
				t.Errorf("got %v, want %s", texts, tt.want)
			}
		})
	}
}

func FuzzExpand(f *testing.F) {
	for _, rule := range []string{"FREQ=WEEKLY;BYDAY=FR,SA;COUNT=3", "FREQ=YEARLY;BYWEEKNO=53;UNTIL=20370101", "FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU;COUNT=9"} {
		f.Add(rule)
	}
	start := time.Date(2027, 6, 4, 20, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, rule string) {
		got, err := rrule.Rules{}.Expand(rule, start, time.UTC, 10)
		if err == nil && (len(got) == 0 || len(got) > 10 || !got[0].Equal(start) || !slices.IsSortedFunc(got, time.Time.Compare)) {
			t.Errorf("%q gives %v", rule, got)
		}
	})
}
