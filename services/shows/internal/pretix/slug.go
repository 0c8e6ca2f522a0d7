package pretix

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// slug makes an area's id out of a name: letters without their diacritics and
// digits in lower case, hyphens for all else, at most most bytes.
func slug(name string, most int) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.NewReplacer("ß", "ss", "ẞ", "ss").Replace(name)) {
		switch {
		case r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(unicode.ToLower(r))
		case unicode.Is(unicode.Mn, r): // a diacritic
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= most {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "area"
}
