package seatmap

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	// maxRowSeats bounds what a range expands to, so that 1-99999999 costs nothing.
	maxRowSeats = 10_000
	maxLabel    = 8
)

// ParseSeats lists the seats of a row in their physical order. Compact is a
// list of numbers, ranges of numbers that ascend or descend, and plain labels
// of letters and digits, with commas and nothing else between them:
// "1-11,13,15" or "12-1,101A". No seat may be there twice, and a row has at
// most 10,000. The error says what is wrong in words for people.
func ParseSeats(compact string) ([]string, error) {
	var seats []string
	seen := make(map[string]bool)
	for part := range strings.SplitSeq(compact, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			if !isLabel(part) {
				return nil, fmt.Errorf("%q is not a seat: it takes 1 to %d letters and digits", shorten(part), maxLabel)
			}
			if err := appendSeat(&seats, seen, part); err != nil {
				return nil, err
			}
			continue
		}
		first, firstOK := number(from)
		last, lastOK := number(to)
		if !firstOK || !lastOK {
			return nil, fmt.Errorf("%q is not a range of numbers", shorten(part))
		}
		step := 1
		if last < first {
			step = -1
		}
		if (last-first)*step >= maxRowSeats {
			return nil, fmt.Errorf("has more than %d seats", maxRowSeats)
		}
		for n := first; n != last+step; n += step {
			if err := appendSeat(&seats, seen, strconv.Itoa(n)); err != nil {
				return nil, err
			}
		}
	}
	return seats, nil
}

// FormatSeats is the compact form of seats in their physical order. It is what
// ParseSeats reads, provided that every seat is a label and there once.
func FormatSeats(seats []string) string {
	var b strings.Builder
	for i := 0; i < len(seats); {
		if i > 0 {
			b.WriteByte(',')
		}
		end := run(seats[i:])
		b.WriteString(seats[i])
		if end > 1 {
			b.WriteByte('-')
			b.WriteString(seats[i+end-1])
		}
		i += end
	}
	return b.String()
}

// run is how many of the first seats are consecutive numbers in one direction.
func run(seats []string) int {
	previous, ok := number(seats[0])
	if !ok {
		return 1
	}
	step := 0
	for i, seat := range seats[1:] {
		n, ok := number(seat)
		if !ok {
			return i + 1
		}
		switch d := n - previous; {
		case step == 0 && (d == 1 || d == -1):
			step = d
		case step == 0 || d != step:
			return i + 1
		}
		previous = n
	}
	return len(seats)
}

func appendSeat(seats *[]string, seen map[string]bool, seat string) error {
	if seen[seat] {
		return fmt.Errorf("seat %s is there twice", seat)
	}
	if len(*seats) == maxRowSeats {
		return fmt.Errorf("has more than %d seats", maxRowSeats)
	}
	seen[seat] = true
	*seats = append(*seats, seat)
	return nil
}

// number reads a number as it is printed: 07 is a label and no number, since
// counting on from it would give seats another name.
func number(s string) (int, bool) {
	if len(s) > maxLabel || s == "" || (s[0] == '0' && s != "0") {
		return 0, false
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

func isLabel(s string) bool {
	if s == "" || len(s) > maxLabel {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// shorten keeps a message from repeating a whole body.
func shorten(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
