package inventory

// LeavesSingle reports whether taking the chosen of the free places leaves one alone
// that had a free place beside it before.
func LeavesSingle(free, adjacent, chosen Slots) bool {
	left := free &^ chosen
	before, after := left<<1&(adjacent<<1), left>>1&adjacent // of each slot: whether its neighbour is free
	alone := left &^ before &^ after
	hadOne := free<<1&(adjacent<<1) | free>>1&adjacent
	return alone&hadOne != 0
}

// BestRunWith chooses n free places side by side of which exactly so many are of
// the set: the first that leave no single place alone, else the first. ok is false
// when there are none.
func BestRunWith(free, adjacent, set Slots, n, so int) (chosen Slots, ok bool) {
	if n < 1 || n > MaxPlaces {
		return 0, false
	}
	var fallback Slots
	for start := 0; start+n <= MaxPlaces; start++ {
		candidate := run(start, n)
		inner := candidate &^ (1 << (start + n - 1)) // all but the last have the next beside them
		if candidate&^free != 0 || inner&^adjacent != 0 || (candidate&set).Count() != so {
			continue
		}
		if !LeavesSingle(free, adjacent, candidate) {
			return candidate, true
		}
		if fallback == 0 {
			fallback = candidate
		}
	}
	return fallback, fallback != 0
}
