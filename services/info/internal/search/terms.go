package search

import (
	"strings"
	"unicode"
)

const (
	maxTerms     = 16
	maxTermRunes = 64
)

// Terms returns the words of what somebody typed: letters, digits and the marks
// on them, and nothing that a search engine could take for an operator. Each
// matches words that begin with it. Words beyond the 16th, and what a word has
// beyond its 64th character, are left out.
func Terms(typed string) []string {
	words := strings.FieldsFunc(strings.ToValidUTF8(typed, " "), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)
	})
	terms := make([]string, 0, min(len(words), maxTerms))
	for _, word := range words {
		// A mark without a letter before it is not a word to any engine.
		word = strings.TrimLeftFunc(word, func(r rune) bool { return unicode.Is(unicode.Mn, r) })
		if word == "" {
			continue
		}
		if runes := []rune(word); len(runes) > maxTermRunes {
			word = string(runes[:maxTermRunes])
		}
		terms = append(terms, word)
		if len(terms) == maxTerms {
			break
		}
	}
	return terms
}
