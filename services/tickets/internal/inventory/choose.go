package inventory

import "math/bits"

// Lowest returns n of the free places, the lowest slots first; fewer when there
// are not so many.
func Lowest(free Slots, n int) Slots {
	for free.Count() > n {
		free &^= Slots(1) << (63 - bits.LeadingZeros64(uint64(free)))
	}
	return free
}

// LongestRun returns how many free places stand side by side at most. adjacent
// has bit n set when slot n+1 is beside slot n.
func LongestRun(free, adjacent Slots) int {
	longest := 0
	// runs has bit n set when a run of length longest+1 starts at slot n.
	for runs := free; runs != 0; runs &= runs >> 1 & adjacent {
		longest++
	}
	return longest
}

// BestRun chooses n free places side by side. Among the runs that are long
// enough it takes the first that leaves no single place alone; where none does,
// it takes the first. ok is false when no run is long enough.
func BestRun(free, adjacent Slots, n int) (chosen Slots, ok bool) {
	if n < 1 || n > 64 {
		return 0, false
	}
	fallback := Slots(0)
	for start := 0; start < 64; {
		if free>>start&1 == 0 {
			start++
			continue
		}
		length := 1
		for start+length < 64 && adjacent>>(start+length-1)&1 == 1 && free>>(start+length)&1 == 1 {
			length++
		}
		if length >= n {
			if left := length - n; left != 1 {
				return run(start, n), true
			}
			if fallback == 0 {
				fallback = run(start, n)
			}
		}
		start += length
	}
	return fallback, fallback != 0
}

func run(start, n int) Slots {
	if n == 64 {
		return ^Slots(0)
	}
	return (Slots(1)<<n - 1) << start
}
