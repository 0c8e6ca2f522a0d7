package venue_test

import (
	"errors"
	"strings"
	"testing"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/venue"
	"ticketmesh.dev/services/info/internal/violation"
)

func details(change func(*venue.Details)) venue.Details {
	d := venue.Details{Name: "Hall", City: "Graz", Country: "AT", TimeZone: "Europe/Vienna", Capacity: 640}
	change(&d)
	return d
}

func TestNewChecksTheDetails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		give func(*venue.Details)
		want string
	}{
		{"all well", func(*venue.Details) {}, ""},
		{"no address and no capacity", func(d *venue.Details) { d.Address, d.Capacity = "", 0 }, ""},
		{"the longest name, in characters", func(d *venue.Details) { d.Name = strings.Repeat("Ÿ", 200) }, ""},
		{"an address of two lines", func(d *venue.Details) { d.Address = "a\nb" }, ""},
		{"UTC", func(d *venue.Details) { d.TimeZone = "UTC" }, ""},
		{"no name", func(d *venue.Details) { d.Name = "" }, "name"},
		{"a name too long", func(d *venue.Details) { d.Name = strings.Repeat("a", 201) }, "name"},
		{"a name of two lines", func(d *venue.Details) { d.Name = "a\nb" }, "name"},
		{"a name that is not UTF-8", func(d *venue.Details) { d.Name = "\xff" }, "name"},
		{"no city", func(d *venue.Details) { d.City = "" }, "city"},
		{"an unassigned country", func(d *venue.Details) { d.Country = "XX" }, "country"},
		{"a country in lower case", func(d *venue.Details) { d.Country = "at" }, "country"},
		{"two spaces for a country", func(d *venue.Details) { d.Country = "  " }, "country"},
		{"half of two countries", func(d *venue.Details) { d.Country = "D " }, "country"},
		{"no time zone", func(d *venue.Details) { d.TimeZone = "" }, "timeZone"},
		{"the machine's time zone", func(d *venue.Details) { d.TimeZone = "Local" }, "timeZone"},
		{"a time zone that does not exist", func(d *venue.Details) { d.TimeZone = "Europe/Atlantis" }, "timeZone"},
		{"a time zone that is a path", func(d *venue.Details) { d.TimeZone = "../../etc/passwd" }, "timeZone"},
		{"a negative capacity", func(d *venue.Details) { d.Capacity = -1 }, "capacity"},
		{"a capacity too large", func(d *venue.Details) { d.Capacity = venue.MaxCapacity + 1 }, "capacity"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := venue.New(id.New(), details(tt.give))
			var invalid *violation.Error
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("err = %v, want none", err)
			case tt.want != "" && (!errors.As(err, &invalid) || invalid.Fields[0].Field != tt.want):
				t.Errorf("err = %v, want one for %s", err, tt.want)
			}
		})
	}
}

func TestAllBrokenRulesAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := venue.New(id.New(), venue.Details{})
	var invalid *violation.Error
	if !errors.As(err, &invalid) || len(invalid.Fields) != 4 {
		t.Errorf("err = %v, want name, city, country and timeZone", err)
	}
}

func TestChangesCountVersionsAndLeaveTheOriginalAlone(t *testing.T) {
	t.Parallel()
	first, err := venue.New(id.New(), details(func(*venue.Details) {}))
	if err != nil {
		t.Fatal(err)
	}
	second, err := first.Replace(details(func(d *venue.Details) { d.Name = "Great Hall" }))
	if err != nil {
		t.Fatal(err)
	}
	third := second.Delete()
	again := third.Delete()
	if first.Version() != 1 || second.Version() != 2 || third.Version() != 3 || again.Version() != 3 {
		t.Errorf("versions %d, %d, %d, %d, want 1, 2, 3, 3", first.Version(), second.Version(), third.Version(), again.Version())
	}
	if first.Details().Name != "Hall" || third.Details().Name != "Great Hall" || second.Deleted() || !third.Deleted() {
		t.Errorf("first %+v, second %+v, third %+v", first.State(), second.State(), third.State())
	}
	if _, err := first.Replace(venue.Details{}); err == nil {
		t.Error("bad details replaced good ones")
	}
}
