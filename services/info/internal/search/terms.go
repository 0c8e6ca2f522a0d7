package search

import "ticketmesh.dev/platform/words"

const maxTerms = 16

// Terms returns the words of what somebody typed, as an index has them. Each matches
// words that begin with it. Words beyond the 16th are left out.
func Terms(typed string) []string {
	terms := words.Of(typed)
	return terms[:min(len(terms), maxTerms)]
}
