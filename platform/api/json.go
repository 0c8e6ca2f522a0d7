package api

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is far above what any contract nests and far below what would hurt.
const maxDepth = 64

// scanJSON checks that b is one JSON value and nothing that two readers could
// take differently or a store refuses: no name twice in an object, no invalid
// UTF-8, no NUL, no half of a surrogate pair, no deep nesting. The generated
// decoders check none of these. It returns the offset of the first fault and
// what it is in plain words, or an empty fault. zeros is called with each
// fraction that is nothing but zeros, its point included, unless it is nil.
func scanJSON(b []byte, zeros func(fraction []byte)) (offset int, fault string) {
	if !utf8.Valid(b) {
		return invalidUTF8(b), "is not valid UTF-8"
	}
	s := scanner{b: b, zeros: zeros}
	s.space()
	s.value(0)
	s.space()
	if s.fault == "" && s.i < len(b) {
		s.fail("has something after the JSON value")
	}
	return s.i, s.fault
}

func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return len(b)
}

const (
	notJSON = "is not valid JSON"
	tooDeep = "is nested too deeply"
)

type scanner struct {
	b     []byte
	i     int
	fault string
	keys  [][]byte // names of the objects that are open, innermost last
	zeros func(fraction []byte)
}

func (s *scanner) fail(fault string) {
	if s.fault == "" {
		s.fault = fault
	}
}

func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *scanner) space() { s.i = skipSpace(s.b, s.i) }

func (s *scanner) value(depth int) {
	switch c := s.peek(); {
	case c == '{' && depth < maxDepth:
		s.object(depth)
	case c == '[' && depth < maxDepth:
		s.array(depth)
	case c == '{' || c == '[':
		s.fail(tooDeep)
	case c == '"':
		s.text()
	case c == '-' || c >= '0' && c <= '9':
		s.number()
	case c == 't':
		s.literal("true")
	case c == 'f':
		s.literal("false")
	case c == 'n':
		s.literal("null")
	default:
		s.fail(notJSON)
	}
}

func (s *scanner) literal(word string) {
	if !bytes.HasPrefix(s.b[s.i:], []byte(word)) {
		s.fail(notJSON)
		return
	}
	s.i += len(word)
}

// manyKeys is where comparing a name with all before it gives way to a map.
const manyKeys = 16

func (s *scanner) object(depth int) {
	s.i++
	s.space()
	if s.peek() == '}' {
		s.i++
		return
	}
	base := len(s.keys)
	defer func() { s.keys = s.keys[:base] }()
	var seen map[string]struct{}
	for {
		at := s.i
		if s.peek() != '"' {
			s.fail(notJSON)
			return
		}
		if s.text(); s.fault != "" {
			return
		}
		key := unquoted(s.b[at:s.i])
		known := false
		if seen == nil {
			for _, other := range s.keys[base:] {
				known = known || bytes.Equal(key, other)
			}
			s.keys = append(s.keys, key)
			if len(s.keys)-base > manyKeys {
				seen = make(map[string]struct{})
				for _, other := range s.keys[base:] {
					seen[string(other)] = struct{}{}
				}
			}
		} else {
			_, known = seen[string(key)]
			seen[string(key)] = struct{}{}
		}
		if known {
			s.i = at
			s.fail("is given twice")
			return
		}
		s.space()
		if s.peek() != ':' {
			s.fail(notJSON)
			return
		}
		s.i++
		s.space()
		if s.value(depth + 1); s.fault != "" {
			return
		}
		s.space()
		switch s.peek() {
		case ',':
			s.i++
			s.space()
		case '}':
			s.i++
			return
		default:
			s.fail(notJSON)
			return
		}
	}
}

func (s *scanner) array(depth int) {
	s.i++
	s.space()
	if s.peek() == ']' {
		s.i++
		return
	}
	for {
		if s.value(depth + 1); s.fault != "" {
			return
		}
		s.space()
		switch s.peek() {
		case ',':
			s.i++
			s.space()
		case ']':
			s.i++
			return
		default:
			s.fail(notJSON)
			return
		}
	}
}

func (s *scanner) text() {
	start := s.i
	s.i++
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return
		case c < 0x20:
			s.fail(notJSON)
			return
		case c != '\\':
			s.i++
		default:
			if !s.escape(start) {
				return
			}
		}
	}
	s.fail(notJSON)
}

// escape reads one escape sequence. A fault of the text's content is reported
// at start, where the value begins.
func (s *scanner) escape(start int) bool {
	if s.i+1 >= len(s.b) {
		s.fail(notJSON)
		return false
	}
	switch s.b[s.i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i += 2
		return true
	case 'u':
		v, ok := hex4(s.b, s.i+2)
		switch {
		case !ok:
			s.fail(notJSON)
			return false
		case v == 0:
			s.i = start
			s.fail("has a NUL character")
			return false
		case v >= 0xD800 && v <= 0xDFFF:
			low, ok := uint16(0), false
			if s.i+7 < len(s.b) && s.b[s.i+6] == '\\' && s.b[s.i+7] == 'u' {
				low, ok = hex4(s.b, s.i+8)
			}
			if !ok || v >= 0xDC00 || low < 0xDC00 || low > 0xDFFF {
				s.i = start
				s.fail("has half of a surrogate pair")
				return false
			}
			s.i += 12
			return true
		}
		s.i += 6
		return true
	}
	s.fail(notJSON)
	return false
}

func hex4(b []byte, at int) (v uint16, ok bool) {
	if at+4 > len(b) {
		return 0, false
	}
	for _, c := range b[at : at+4] {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | uint16(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | uint16(c-'a'+10)
		case c >= 'A' && c <= 'F':
			v = v<<4 | uint16(c-'A'+10)
		default:
			return 0, false
		}
	}
	return v, true
}

func (s *scanner) digits() bool {
	start := s.i
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.i++
	}
	return s.i > start
}

func (s *scanner) number() {
	if s.peek() == '-' {
		s.i++
	}
	if s.peek() == '0' {
		s.i++
	} else if !s.digits() {
		s.fail(notJSON)
		return
	}
	point := s.i
	if s.peek() == '.' {
		s.i++
		if !s.digits() {
			s.fail(notJSON)
			return
		}
	}
	fraction := s.b[point:s.i]
	c := s.peek()
	if c != 'e' && c != 'E' {
		if s.zeros != nil && len(fraction) > 0 && len(bytes.Trim(fraction[1:], "0")) == 0 {
			s.zeros(fraction)
		}
		return
	}
	s.i++
	if c := s.peek(); c == '+' || c == '-' {
		s.i++
	}
	if !s.digits() {
		s.fail(notJSON)
	}
}

// unquoted is the text of a JSON string, its quotes and escapes removed.
func unquoted(quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return inner
	}
	return []byte(s)
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// The functions below read JSON that scanJSON has found valid, up to the offset
// they look for; beyond it anything may come, so they stay within bounds.

// skipString returns the offset after the string that begins at i.
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// skipValue returns the offset after the value that begins at i.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch c := b[i]; c {
		case '"':
			i = skipString(b, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			for i < len(b) && !delimiter(b[i]) {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return len(b)
}

func delimiter(c byte) bool {
	switch c {
	case ',', ':', '{', '}', '[', ']', '"', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}

// children calls yield for each member or item of the value that begins at i,
// until it returns false. Items have an empty key and count from 0.
func children(b []byte, i int, yield func(key string, index, start int) bool) {
	if i >= len(b) || (b[i] != '{' && b[i] != '[') {
		return
	}
	object := b[i] == '{'
	i = skipSpace(b, i+1)
	for index := 0; i < len(b) && b[i] != '}' && b[i] != ']'; index++ {
		var key string
		if object {
			end := skipString(b, i)
			if b[i] != '"' || end-i < 2 {
				return
			}
			key = string(unquoted(b[i:end]))
			i = skipSpace(b, end)
			if i >= len(b) || b[i] != ':' {
				return
			}
			i = skipSpace(b, i+1)
		}
		if !yield(key, index, i) {
			return
		}
		next := skipSpace(b, skipValue(b, i))
		if next < len(b) && b[next] == ',' {
			next = skipSpace(b, next+1)
		}
		if next <= i {
			return
		}
		i = next
	}
}

// pathAt names the innermost value around offset, such as items[0].seats. The
// whole document is the empty path.
func pathAt(b []byte, offset int) string {
	type frame struct {
		object, atKey bool
		key           string
		index         int
	}
	var open []frame
	path := func() (path string) {
		for _, f := range open {
			switch {
			case !f.object:
				path = item(path, f.index)
			case f.key != "":
				path = member(path, f.key)
			}
		}
		return path
	}
	for i := 0; i < len(b) && i < offset; {
		switch c := b[i]; c {
		case '{', '[':
			open = append(open, frame{object: c == '{', atKey: c == '{'})
			i++
		case '}', ']':
			if len(open) == 0 {
				return ""
			}
			open = open[:len(open)-1]
			i++
		case ',':
			if len(open) > 0 {
				top := &open[len(open)-1]
				top.index++
				top.key, top.atKey = "", top.object
			}
			i++
		case '"':
			end := skipString(b, i)
			if offset < end && (len(open) == 0 || !open[len(open)-1].atKey) {
				return path()
			}
			if len(open) > 0 && open[len(open)-1].atKey && end-i >= 2 {
				top := &open[len(open)-1]
				top.key, top.atKey = string(unquoted(b[i:end])), false
			}
			i = end
		default:
			i++
		}
	}
	if offset < len(b) && b[offset] == '"' && len(open) > 0 && open[len(open)-1].atKey {
		top := &open[len(open)-1]
		if end := skipString(b, offset); end-offset >= 2 {
			top.key = string(unquoted(b[offset:end]))
		}
	}
	return path()
}

func member(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func item(path string, index int) string { return path + "[" + strconv.Itoa(index) + "]" }

// step is a member's name, or with any set every item of an array.
type step struct {
	key string
	any bool
}

func stepsPath(steps []step) string {
	var path string
	for _, s := range steps {
		if s.any {
			// Which item is not known; the array is.
			return path
		}
		path = member(path, s.key)
	}
	return strings.TrimSuffix(path, ".")
}

// find names the first value at steps that is bad.
func find(b []byte, steps []step, bad func(value []byte) bool) (path string, found bool) {
	var walk func(i int, rest []step, at string) bool
	walk = func(i int, rest []step, at string) bool {
		if len(rest) == 0 {
			if !bad(b[i:skipValue(b, i)]) {
				return false
			}
			path, found = at, true
			return true
		}
		object := i < len(b) && b[i] == '{'
		children(b, i, func(key string, index, start int) bool {
			switch {
			case rest[0].any && !object:
				return !walk(start, rest[1:], item(at, index))
			case !rest[0].any && object && key == rest[0].key:
				return !walk(start, rest[1:], member(at, key))
			}
			return true
		})
		return found
	}
	walk(skipSpace(b, 0), steps, "")
	return path, found
}
