package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ticketmesh.dev/platform/words"
)

const (
	// A snippet has the words before the first that matches, and those after it.
	snippetWordsBefore = 6
	snippetWords       = 24
	// snippetLength bounds snippets of scripts without spaces, in bytes.
	snippetLength = 400
)

// Snippet returns the text around the first word that a term matches, or its beginning
// when none does, with "…" where it was cut.
func Snippet(text string, terms []string) string {
	// Where the last words began, the oldest first.
	var starts []int
	from := 0
	for start, end := range spans(text) {
		starts = append(starts, start)
		dropped := len(starts) > snippetWordsBefore+1
		if dropped {
			starts = starts[1:]
		}
		if matches(text[start:end], terms) {
			// The first word takes with it what is before.
			if dropped {
				from = starts[0]
			}
			break
		}
	}
	return excerpt(text, from)
}

// excerpt returns the words of text from a place on.
func excerpt(text string, from int) string {
	to, count := from, 0
	more := false
	for _, end := range spans(text[from:]) {
		if count == snippetWords {
			more = true
			break
		}
		count++
		to = from + end
	}
	if !more {
		to = len(text)
	}
	cut := text[from:to]
	if len(cut) > snippetLength {
		at := snippetLength
		for !utf8.RuneStart(cut[at]) {
			at--
		}
		cut, more = cut[:at], true
	}
	cut = strings.TrimSpace(cut)
	if from > 0 {
		cut = "…" + cut
	}
	if more {
		cut += "…"
	}
	return cut
}

func matches(word string, terms []string) bool {
	return slices.ContainsFunc(words.Of(word), func(w string) bool {
		return slices.ContainsFunc(terms, func(term string) bool { return strings.HasPrefix(w, term) })
	})
}

// spans yields where the words of a text begin and end.
func spans(text string) func(yield func(start, end int) bool) {
	return func(yield func(start, end int) bool) {
		start := -1
		for at, r := range text {
			inWord := unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
			switch {
			case inWord && start < 0:
				start = at
			case !inWord && start >= 0:
				if !yield(start, at) {
					return
				}
				start = -1
			}
		}
		if start >= 0 {
			yield(start, len(text))
		}
	}
}
