// Package pattern matches events with the patterns of EventBridge's rules, which are also
// those of Lambda's event filters. It knows the part of their language that the mesh
// uses, and refuses the rest.
package pattern

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Pattern is a pattern that was read.
type Pattern struct{ fields map[string]field }

// field is what one member of an event has to be: an object with a pattern, or one of
// several values.
type field struct {
	inner *Pattern
	any   []matcher
}

// matcher is one of the values of a field. present is whether the event has the field.
type matcher func(value any, present bool) bool

// Parse reads a pattern, which is JSON or decoded JSON.
func Parse(given any) (Pattern, error) {
	if text, ok := given.(string); ok {
		given = nil
		if err := json.Unmarshal([]byte(text), &given); err != nil {
			return Pattern{}, fmt.Errorf("pattern: %w", err)
		}
	}
	object, ok := given.(map[string]any)
	if !ok || len(object) == 0 {
		return Pattern{}, fmt.Errorf("pattern: %v is no object with members", given)
	}
	p := Pattern{fields: map[string]field{}}
	for name, value := range object {
		if strings.HasPrefix(name, "$") {
			return Pattern{}, fmt.Errorf("pattern: %s is not known here", name)
		}
		list, ok := value.([]any)
		if !ok {
			inner, err := Parse(value)
			if err != nil {
				return Pattern{}, err
			}
			p.fields[name] = field{inner: &inner}
			continue
		}
		var f field
		for _, one := range list {
			m, err := newMatcher(one)
			if err != nil {
				return Pattern{}, err
			}
			f.any = append(f.any, m)
		}
		p.fields[name] = f
	}
	return p, nil
}

func newMatcher(given any) (matcher, error) {
	rule, ok := given.(map[string]any)
	if !ok {
		return func(value any, present bool) bool { return present && reflect.DeepEqual(value, given) }, nil
	}
	if prefix, ok := rule["prefix"].(string); ok && len(rule) == 1 {
		return func(value any, _ bool) bool {
			text, ok := value.(string)
			return ok && strings.HasPrefix(text, prefix)
		}, nil
	}
	if exists, ok := rule["exists"].(bool); ok && len(rule) == 1 {
		return func(value any, present bool) bool {
			_, object := value.(map[string]any) // it works on leaves only
			return (present && !object) == exists
		}, nil
	}
	return nil, fmt.Errorf("pattern: %v is not known here", rule)
}

// Matches reports whether an event, decoded JSON, is one of those meant.
func (p Pattern) Matches(event any) bool {
	object, _ := event.(map[string]any)
	for name, f := range p.fields {
		value, present := object[name]
		if f.inner != nil {
			if !f.inner.Matches(value) {
				return false
			}
			continue
		}
		if !f.matches(value, present) {
			return false
		}
	}
	return true
}

// matches takes any of an array's members for its value.
func (f field) matches(value any, present bool) bool {
	values, ok := value.([]any)
	if !ok {
		values = []any{value}
	}
	for _, v := range values {
		for _, m := range f.any {
			if m(v, present) {
				return true
			}
		}
	}
	return false
}
