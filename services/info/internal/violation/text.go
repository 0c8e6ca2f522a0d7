package violation

import (
	"unicode"
	"unicode/utf8"
)

// Text checks that value is valid UTF-8 of least to most characters (not
// bytes) without control characters. With lines, line breaks and tabs are fine.
func (l *List) Text(field, value string, least, most int, lines bool) {
	if !utf8.ValidString(value) {
		l.Add(field, "must be valid UTF-8")
		return
	}
	length := utf8.RuneCountInString(value)
	switch {
	case length < least && least == 1:
		l.Add(field, "must not be empty")
	case length < least || length > most:
		l.Add(field, "is too short or too long")
	}
	for _, r := range value {
		if unicode.IsControl(r) && (!lines || (r != '\n' && r != '\r' && r != '\t')) {
			l.Add(field, "must not hold control characters")
			return
		}
	}
}
