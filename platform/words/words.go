// Package words cuts text into words in the form in which a search compares them. It is
// what makes every engine find the same: an engine is given these words and no text, and
// compares bytes.
package words

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxLetters is how much of a word counts. Beyond it words are the same.
const maxLetters = 64

// strokes are the small letters that Unicode does not take apart, and that people without
// them on the keyboard do.
var strokes = strings.NewReplacer(
	"ß", "ss", "ς", "σ", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "ħ", "h", "ŧ", "t", "ı", "i", "æ", "ae", "œ", "oe", "þ", "th",
)

// Of returns the words of a text: its runs of letters, digits and the marks on them,
// without case, accents and ligatures ("Straße" is strasse, "Łódź" lodz), at most 64
// characters of each. A word of words is that word.
func Of(text string) []string {
	var all []string
	for _, word := range strings.FieldsFunc(fold(text), isSeparator) {
		// A mark without a letter before it is no word.
		word = strings.TrimLeftFunc(word, unicode.IsMark)
		if word != "" {
			all = append(all, cut(word))
		}
	}
	return all
}

// fold takes away what does not tell words apart.
func fold(text string) string {
	text = norm.NFKD.String(strings.ToValidUTF8(text, " "))
	text = strings.ToLower(text)
	text = strings.Map(func(r rune) rune {
		if isAccent(r) {
			return -1
		}
		return r
	}, text)
	// Composed again: the marks that are left are parts of letters.
	return norm.NFKC.String(strokes.Replace(text))
}

// isAccent reports whether r is a mark that may be left out: the accents of Latin,
// Greek and Cyrillic, the points of Hebrew and Arabic. The vowels of Indian scripts and
// the voicing of Japanese make another word; they have lower combining classes.
func isAccent(r rune) bool {
	const firstPoint = 10
	return unicode.Is(unicode.Mn, r) && norm.NFD.PropertiesString(string(r)).CCC() >= firstPoint
}

func isSeparator(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
}

func cut(word string) string {
	letters := 0
	for at := range word {
		if letters == maxLetters {
			return word[:at]
		}
		letters++
	}
	return word
}
