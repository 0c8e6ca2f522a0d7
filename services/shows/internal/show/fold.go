package show

import (
	"strings"
	"unicode"
)

// Fold maps texts that differ in case only to the same text, in any script, so
// that stores find a show by them in the same way. ß is ss. Diacritics count.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r < 0x80:
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			b.WriteByte(byte(r))
		case r == 'ß' || r == 'ẞ':
			b.WriteString("ss")
		default:
			// The smallest rune of those that differ in case, K for the Kelvin
			// sign, s for the long s; ASCII then in lower case like the rest.
			least := r
			for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
				least = min(least, o)
			}
			if 'A' <= least && least <= 'Z' {
				least += 'a' - 'A'
			}
			b.WriteRune(least)
		}
	}
	return b.String()
}

// SearchText is what a search looks into, folded.
func (s Show) SearchText() string { return Fold(s.state.Title + "\n" + s.state.Description) }
