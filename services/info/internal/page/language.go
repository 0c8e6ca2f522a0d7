package page

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// English is what a page falls back to.
const English = "en"

// maxRanges bounds what one Accept-Language header can make the server do.
const maxRanges = 32

var languages = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// ParseLanguage reads a BCP 47 language tag and spells it in its usual case
// (de-AT, zh-Hant-TW), so that one language has one name.
func ParseLanguage(text string) (tag string, ok bool) {
	if len(text) > 64 || !languages.MatchString(text) {
		return "", false
	}
	subtags := strings.Split(strings.ToLower(text), "-")
	for i, subtag := range subtags[1:] {
		switch len(subtag) {
		case 2:
			subtags[i+1] = strings.ToUpper(subtag)
		case 4:
			subtags[i+1] = strings.ToUpper(subtag[:1]) + subtag[1:]
		}
	}
	return strings.Join(subtags, "-"), true
}

// ParseAcceptLanguage reads the header of RFC 9110 and returns its languages,
// the most wanted first. What is malformed in it, `*`, and what has the weight 0
// is left out.
func ParseAcceptLanguage(header string) []string {
	type weighted struct {
		tag    string
		weight float64
	}
	var ranges []weighted
	for part := range strings.SplitSeq(header, ",") {
		if len(ranges) == maxRanges {
			break
		}
		name, parameter, hasParameter := strings.Cut(part, ";")
		tag, ok := ParseLanguage(strings.TrimSpace(name))
		if !ok {
			continue
		}
		weight := 1.0
		if hasParameter {
			text, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q=")
			q, err := strconv.ParseFloat(text, 64)
			// The comparison is false for NaN too.
			if !found || err != nil || !(q > 0 && q <= 1) {
				continue
			}
			weight = q
		}
		ranges = append(ranges, weighted{tag, weight})
	}
	slices.SortStableFunc(ranges, func(a, b weighted) int { return cmp.Compare(b.weight, a.weight) })
	tags := make([]string, len(ranges))
	for i, r := range ranges {
		tags[i] = r.tag
	}
	return tags
}

// Negotiate picks one of the languages that a page has, or "" when it has none.
// In the order of wanted it looks for the language itself, for it without its
// last subtags (de for de-AT), then for another region of it (de-CH for de-AT);
// after them for English, then for anything.
func Negotiate(wanted, available []string) string {
	available = slices.Sorted(slices.Values(available))
	for _, tag := range slices.Concat(wanted, []string{English}) {
		for prefix := tag; prefix != ""; prefix = parent(prefix) {
			if slices.Contains(available, prefix) {
				return prefix
			}
		}
		primary, _, _ := strings.Cut(tag, "-")
		for _, candidate := range available {
			if strings.HasPrefix(candidate, primary+"-") {
				return candidate
			}
		}
	}
	if len(available) == 0 {
		return ""
	}
	return available[0]
}

func parent(tag string) string {
	return tag[:max(strings.LastIndexByte(tag, '-'), 0)]
}
