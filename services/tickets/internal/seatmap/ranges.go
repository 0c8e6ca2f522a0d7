package seatmap

import (
	"fmt"
	"strconv"
	"strings"
)

// maxRowSeats bounds what a range can expand to, so that "1-999999999" costs nothing.
const maxRowSeats = 10_000

// expand lists the seat numbers of a compact range such as "1-11,13,15" or
// "11-15,1-10", in the physical order in which it names them. A range may
// descend.
func expand(compact string) ([]string, error) {
	var numbers []string
	seen := map[string]bool{}
	add := func(number string) error {
		if seen[number] {
			return fmt.Errorf("%w: seat %s is listed twice", ErrMalformed, number)
		}
		if len(numbers) == maxRowSeats {
			return fmt.Errorf("%w: a row has at most %d seats", ErrMalformed, maxRowSeats)
		}
		seen[number] = true
		numbers = append(numbers, number)
		return nil
	}
	for part := range strings.SplitSeq(compact, ",") {
		part = strings.TrimSpace(part)
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			if part == "" {
				return nil, fmt.Errorf("%w: empty seat number in %q", ErrMalformed, compact)
			}
			if err := add(part); err != nil {
				return nil, err
			}
			continue
		}
		first, errFirst := strconv.ParseUint(from, 10, 31)
		last, errLast := strconv.ParseUint(to, 10, 31)
		if errFirst != nil || errLast != nil {
			return nil, fmt.Errorf("%w: range %q", ErrMalformed, part)
		}
		step := int64(1)
		if last < first {
			step = -1
		}
		for n := int64(first); ; n += step {
			if err := add(strconv.FormatInt(n, 10)); err != nil {
				return nil, err
			}
			if n == int64(last) {
				break
			}
		}
	}
	return numbers, nil
}
