package api

import (
	"strconv"
	"strings"

	"ticketmesh.dev/platform/problem"
)

const (
	weak          = "W/"
	headerIfMatch = "If-Match"
	noVersion     = `must be a version in quotes, such as "3"`
)

// ETag is the entity tag of a version.
func ETag(version int) string { return `"` + strconv.Itoa(version) + `"` }

// ParseIfMatch reads the version out of an If-Match header. An absent header
// and `*` ask for no version: 0. Anything but `"<version>"` is a problem.
func ParseIfMatch(header string) (int, error) {
	header = strings.TrimSpace(header)
	if header == "" || header == "*" {
		return 0, nil
	}
	digits, opened := strings.CutPrefix(header, `"`)
	digits, closed := strings.CutSuffix(digits, `"`)
	version, err := strconv.Atoi(digits)
	if !opened || !closed || err != nil || version < 1 || ETag(version) != header {
		return 0, problem.InvalidRequest(problem.Field{Field: headerIfMatch, Message: noVersion})
	}
	return version, nil
}

// MatchesETag reports whether an If-None-Match header has the entity tag, weak or
// not, so that the answer is 304.
func MatchesETag(ifNoneMatch, tag string) bool {
	tag = strings.TrimPrefix(tag, weak)
	for candidate := range strings.SplitSeq(ifNoneMatch, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), weak)
		if candidate == tag || candidate == "*" {
			return true
		}
	}
	return false
}
