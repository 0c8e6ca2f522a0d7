package shows_test

import (
	"fmt"
	"reflect"
	"testing"
)

func newSeries() document {
	body := newPerformance()
	body["rrule"] = "FREQ=WEEKLY;BYDAY=SA,SU;COUNT=4"
	body["startsAt"] = "2027-03-27T20:00"
	return body
}

// starts returns the performances of a show: their local starts and what those
// are in UTC.
func (m *mesh) starts(caller, show string) []string {
	m.t.Helper()
	var starts []string
	for _, item := range m.do(caller, "GET", show+"/performances?limit=100", nil).want(200).items() {
		starts = append(starts, fmt.Sprintf("%s %s", item["startsAt"], item["startsAtUtc"]))
	}
	return starts
}

func TestASeriesKeepsItsHourWhateverClocksDo(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.publishedShow()
	body := newSeries()
	body["except"] = []any{"2027-04-03T20:00"}
	made := m.do(organizer, "POST", show+"/series", body, header("Idempotency-Key", "k")).want(201)
	again := m.do(organizer, "POST", show+"/series", body, header("Idempotency-Key", "k")).want(201)
	if !reflect.DeepEqual(again.body, made.body) {
		t.Errorf("again %v, first %v", again.body, made.body)
	}
	want := []string{"2027-03-27T20:00 2027-03-27T19:00:00.000Z", "2027-03-28T20:00 2027-03-28T18:00:00.000Z", "2027-04-04T20:00 2027-04-04T18:00:00.000Z"}
	if got := m.starts(nobody, show); !reflect.DeepEqual(got, want) {
		t.Errorf("performances %v, want %v", got, want)
	}
	if got := m.facts(); len(got) != 4 { // the show, and three performances
		t.Errorf("told %v", got)
	}
	path := show + "/series/" + made.string("seriesId")
	if made.header.Get("Location") != path {
		t.Errorf("headers %v", made.header)
	}
	if read := m.do(nobody, "GET", path, nil).want(200); !reflect.DeepEqual(read.body, made.body) {
		t.Errorf("read %v, made %v", read.body, made.body)
	}
	m.do(nobody, "GET", show+"/series/"+show[len("/shows/"):], nil).want(404, "not_found")
}

func TestASeriesOfADraftIsAnnouncedWithIt(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.createShow()
	m.do(organizer, "POST", show+"/series", newSeries()).want(201)
	if got := m.facts(); len(got) != 0 {
		t.Errorf("told of a draft: %v", got)
	}
	m.do(organizer, "POST", show+"/publish", nil).want(200)
	if got := m.facts(); len(got) != 5 {
		t.Errorf("told %v, want the show and four performances", got)
	}
	m.do(other, "POST", show+"/series", newSeries()).want(403, "forbidden")
	m.do(organizer, "POST", show+"/cancel", nil).want(200)
	m.do(organizer, "POST", show+"/series", newSeries()).want(409, "show_cancelled")
}

func TestASeriesIsRefusedWhole(t *testing.T) {
	t.Parallel()
	m := start(t)
	show := m.createShow()
	tests := []struct {
		name   string
		change func(b document)
		want   string
	}{
		{"no rule", func(b document) { delete(b, "rrule") }, "rrule"},
		{"a rule that is none", func(b document) { b["rrule"] = "every evening" }, "rrule"},
		{"a rule without end", func(b document) { b["rrule"] = "FREQ=DAILY" }, "rrule"},
		{"a rule of too many dates", func(b document) { b["rrule"] = "FREQ=DAILY;COUNT=367" }, "rrule"},
		{"a start that the rule does not give", func(b document) { b["startsAt"] = "2027-03-26T20:00" }, "rrule"},
		{"an exception that the rule does not give", func(b document) { b["except"] = []any{"2027-03-29T20:00"} }, "except[0]"},
		{"an exception that is no time", func(b document) { b["except"] = []any{"2027-02-30T20:00"} }, "except[0]"},
		{"exceptions of all", func(b document) {
			b["rrule"], b["except"] = "FREQ=DAILY;COUNT=1", []any{"2027-03-27T20:00"}
		}, "rrule"},
		{"no zone", func(b document) { delete(b, "timeZone") }, "timeZone"},
		{"no seat map", func(b document) { delete(b, "seatMap") }, "seatMap"},
		{"a close", func(b document) { b["salesCloseAt"] = "2027-03-01T00:00:00Z" }, "salesCloseAt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := newSeries()
			tt.change(body)
			a := m.do(organizer, "POST", show+"/series", body)
			a.t = t
			a.field(tt.want)
		})
	}
	skipped := newSeries()
	skipped["startsAt"] = "2027-03-27T02:30" // the night after, clocks skip it
	m.do(organizer, "POST", show+"/series", skipped).want(422, "invalid_local_time")
	mixed := newSeries()
	price(mixed, 1)["currency"] = "JPY"
	m.do(organizer, "POST", show+"/series", mixed).want(422, "mixed_currencies")
	if got := m.starts(organizer, show); len(got) != 0 {
		t.Errorf("performances %v of refused series", got)
	}
	skipped["except"] = []any{"2027-03-28T02:30"}
	m.do(organizer, "POST", show+"/series", skipped).want(201)
	if got := m.starts(organizer, show); len(got) != 3 {
		t.Errorf("performances %v", got)
	}
}
