package performance

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

const (
	minYear = 1970
	maxYear = 9998 // so that UTC stays within four digits

	maxZoneName = 64
)

// InvalidLocalTimeError reports a local time that its zone skipped or had twice.
type InvalidLocalTimeError struct {
	Local    string
	TimeZone string
	Moments  []time.Time // none when it was skipped, else all that it names
}

// Error implements error.
func (e *InvalidLocalTimeError) Error() string {
	if len(e.Moments) == 0 {
		return fmt.Sprintf("%s does not exist in %s: clocks skip it", e.Local, e.TimeZone)
	}
	return fmt.Sprintf("%s is ambiguous in %s: clocks show it %d times", e.Local, e.TimeZone, len(e.Moments))
}

// FormatLocal writes a local date and time as ParseLocal reads it, without
// seconds where there are none.
func FormatLocal(wall time.Time) string {
	if wall.Second() == 0 {
		return wall.Format("2006-01-02T15:04")
	}
	return wall.Format("2006-01-02T15:04:05")
}

// ParseLocal reads a local date and time, as if it were UTC. The error says what
// is wrong in words for people.
func ParseLocal(s string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if len(s) != len(layout) {
			continue
		}
		wall, err := time.Parse(layout, s)
		if err != nil {
			break
		}
		if wall.Year() < minYear || wall.Year() > maxYear {
			return time.Time{}, fmt.Errorf("must be in the years %d to %d", minYear, maxYear)
		}
		return wall, nil
	}
	return time.Time{}, errors.New("must be a date and time without offset, like 2027-06-01T20:00")
}

// zoneName is how IANA spells names. The zone database has other files beside
// them, all in lower case, and time.LoadLocation would read some of those.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)

func loadZone(name string) (*time.Location, error) {
	// Local is the machine's zone to Go, not a name.
	if len(name) > maxZoneName || name == "Local" || !zoneName.MatchString(name) {
		return nil, errors.New("must be a time zone of the IANA database, like Europe/Vienna")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, errors.New("is not in the IANA time zone database")
	}
	return zone, nil
}

// reach is further than any zone's offset, and any change of one, can move a
// clock: Samoa once skipped a whole day.
const reach = 50 * time.Hour

// moments returns the moments at which clocks in zone show wall, in order. Go's
// time.Date would pick one silently.
func moments(wall time.Time, zone *time.Location) []time.Time {
	base := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, time.UTC)
	var found []time.Time
	for t := base.Add(-reach); !t.After(base.Add(reach)); {
		// Within one period of constant offset a wall time names one moment.
		_, offsetSeconds := t.In(zone).Zone()
		candidate := base.Add(-time.Duration(offsetSeconds) * time.Second)
		start, end := t.In(zone).ZoneBounds()
		if (start.IsZero() || !candidate.Before(start)) && (end.IsZero() || candidate.Before(end)) {
			found = append(found, candidate)
		}
		if end.IsZero() {
			break
		}
		t = end
	}
	slices.SortFunc(found, time.Time.Compare)
	return found
}
