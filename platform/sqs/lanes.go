package sqs

// lanes parts what was received together into what is handled one after the
// other: a message group of a FIFO queue, or one message without a group.
func lanes[M any](messages []M, group func(M) string) [][]M {
	var lanes [][]M
	groups := make(map[string]int)
	for _, m := range messages {
		g := group(m)
		at, known := groups[g]
		if g == "" || !known {
			at = len(lanes)
			groups[g] = at
			lanes = append(lanes, nil)
		}
		lanes[at] = append(lanes[at], m)
	}
	return lanes
}
