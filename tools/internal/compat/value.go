package compat

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
)

func list(value any) []any {
	values, _ := value.([]any)
	return values
}

// number is the exact value of a JSON number; that of a bool is 0 or 1.
func number(value any) (*big.Rat, bool) {
	switch value := value.(type) {
	case json.Number:
		return new(big.Rat).SetString(value.String())
	case bool:
		if value {
			return big.NewRat(1, 1), true
		}
		return new(big.Rat), true
	}
	return nil, false
}

// equal compares JSON values as JSON Schema does: 1 is 1.0.
func equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case json.Number:
		b, ok := b.(json.Number)
		if left, isNumber := number(a); ok && isNumber {
			right, isNumber := number(b)
			return isNumber && left.Cmp(right) == 0
		}
		return ok && a == b
	}
	return a == b
}

func contains(values []any, value any) bool {
	return slices.ContainsFunc(values, func(other any) bool { return equal(value, other) })
}

// common are the values that all lists have; there is at least one.
func common(lists []node) []any {
	shared := list(lists[0].value)
	for _, other := range lists[1:] {
		shared = slices.DeleteFunc(slices.Clone(shared), func(value any) bool { return !contains(list(other.value), value) })
	}
	return shared
}

// side says whether a bound is one from below or from above.
type side bool

const (
	lower side = true
	upper side = false
)

// tightening compares the strictest of the bounds: it is above 0 when fewer
// values keep to it than before, below 0 when there are more.
func tightening(s side, was, is []node) int {
	before, after := strictest(s, was), strictest(s, is)
	switch {
	case before == nil && after == nil:
		return 0
	case before == nil:
		return 1
	case after == nil:
		return -1
	case s == lower:
		return after.Cmp(before)
	}
	return before.Cmp(after)
}

func strictest(s side, nodes []node) *big.Rat {
	var found *big.Rat
	for _, n := range nodes {
		value, ok := number(n.value)
		if ok && (found == nil || (value.Cmp(found) > 0) == (s == lower)) {
			found = value
		}
	}
	return found
}

// types are the names of the types that a value may have; nil means any.
type types []string

// typesOf are those that all nodes allow.
func typesOf(nodes []node) types {
	var allowed types
	for i, n := range nodes {
		here := types(names([]node{n}))
		if name, isOne := n.value.(string); isOne {
			here = types{name}
		}
		if i == 0 {
			allowed = here
			continue
		}
		// Number and integer together are integer.
		allowed = slices.DeleteFunc(append(slices.Clone(allowed), here...), func(name string) bool { return !here.has(name) || !allowed.has(name) })
	}
	return allowed
}

func (t types) has(name string) bool {
	return slices.Contains(t, name) || name == "integer" && slices.Contains(t, "number")
}

// cover says whether each value of the other types is one of these.
func (t types) cover(other types) bool {
	if t == nil {
		return true
	}
	return other != nil && !slices.ContainsFunc(other, func(name string) bool { return !t.has(name) })
}

// text shows a value on one line, shortened when it is long.
func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	const most = 120
	if shown := []rune(string(encoded)); len(shown) > most {
		return string(shown[:most]) + "…"
	}
	return string(encoded)
}
