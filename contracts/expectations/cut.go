package expectations

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Cut returns data with nothing in it but what the consumer states of the event:
// arrays keep their length, and objects what is stated of their members.
func (e Event) Cut(data []byte) ([]byte, error) {
	value, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Type, err)
	}
	kept := tree{}
	for _, p := range slices.Concat(e.Needs, e.Uses) {
		at := kept
		for _, step := range p.steps() {
			if at[step] == nil {
				at[step] = tree{}
			}
			at = at[step]
		}
	}
	return json.Marshal(cut(value, kept))
}

// tree has what is kept of a value, by the steps into it.
type tree map[string]tree

func cut(value any, kept tree) any {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if below, keep := kept[name]; keep {
				v[name] = cut(member, below)
			} else {
				delete(v, name)
			}
		}
	case []any:
		for i, item := range v {
			v[i] = cut(item, kept[everyItem])
		}
	}
	return value
}

// Without returns data without what the pointer leads to, and whether anything
// was there. The items of an array are taken out all together.
func Without(data []byte, p Pointer) (rest []byte, found bool, err error) {
	value, err := decode(data)
	if err != nil {
		return nil, false, err
	}
	value, found = without(value, p.steps())
	rest, err = json.Marshal(value)
	return rest, found, err
}

func without(value any, steps []string) (rest any, found bool) {
	switch v := value.(type) {
	case map[string]any:
		member, there := v[steps[0]]
		if !there {
			return v, false
		}
		if len(steps) == 1 {
			delete(v, steps[0])
			return v, true
		}
		v[steps[0]], found = without(member, steps[1:])
		return v, found
	case []any:
		if steps[0] != everyItem {
			return v, false
		}
		if len(steps) == 1 {
			return []any{}, len(v) > 0
		}
		for i, item := range v {
			below, there := without(item, steps[1:])
			v[i], found = below, found || there
		}
		return v, found
	}
	return value, false
}
