// Package rrule expands recurrence rules of RFC 5545 (iCalendar). It knows
// neither performances nor time zones but the one it is given.
package rrule

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/teambition/rrule-go"
)

// Rules expands rules. Its zero value is ready for use.
type Rules struct{}

// until finds the end of a rule; RFC 5545, 3.3.10 gives it as a date, or as a
// time that is local or, with a Z, UTC.
var until = regexp.MustCompile(`(?i)(?:^|;)UNTIL=\d{8}(T\d{6}(Z)?)?(?:;|$)`)

// Expand implements app.Recurrence.
func (Rules) Expand(rule string, start time.Time, zone *time.Location, most int) ([]time.Time, error) {
	option, err := rrule.StrToROption(rule)
	if err != nil {
		return nil, err
	}
	if !option.Dtstart.IsZero() {
		return nil, errors.New("must not have a DTSTART: it begins at startsAt")
	}
	if !slices.Contains([]rrule.Frequency{rrule.DAILY, rrule.WEEKLY, rrule.MONTHLY, rrule.YEARLY}, option.Freq) {
		return nil, errors.New("must have a FREQ of DAILY, WEEKLY, MONTHLY or YEARLY")
	}
	if option.Count <= 0 && option.Until.IsZero() {
		return nil, errors.New("must end: with COUNT or UNTIL")
	}
	if option.Count > 0 && !option.Until.IsZero() {
		return nil, errors.New("must not have both COUNT and UNTIL")
	}
	// Everything is expanded in local time, as if it were UTC, so that the hour
	// stays whatever the clocks do. An end in UTC is made local too, a date is
	// the whole day.
	if end := until.FindStringSubmatch(rule); end != nil {
		switch {
		case end[1] == "":
			option.Until = option.Until.Add(24*time.Hour - time.Second)
		case end[2] != "":
			local := option.Until.In(zone)
			option.Until = time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
		}
	}
	option.Dtstart = start
	expanded, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, err
	}
	next := expanded.Iterator()
	var all []time.Time
	for len(all) <= most {
		at, more := next()
		if !more {
			break
		}
		if len(all) == 0 || !at.Equal(all[len(all)-1]) { // BYHOUR=20,20
			all = append(all, at)
		}
	}
	switch {
	case len(all) > most:
		return nil, fmt.Errorf("gives more than %d dates", most)
	case len(all) == 0 || !all[0].Equal(start):
		return nil, errors.New("must give startsAt as its first date")
	}
	return all, nil
}
