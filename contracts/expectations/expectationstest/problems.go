package expectationstest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"ticketmesh.dev/contracts/expectations"
)

// Problems returns what is wrong with the expectations of one event, seen with
// examples by their names.
func Problems(t *testing.T, e expectations.Event, examples map[string][]byte, handle Handle) []string {
	t.Helper()
	var problems []string
	used := map[expectations.Pointer]bool{}
	seen := map[expectations.Pointer]bool{}
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		example := examples[name]
		want, err := handle(t, example)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", name, err))
			continue
		}
		cut := replaceData(t, example, e.Cut)
		got, err := handle(t, cut)
		switch {
		case err != nil:
			problems = append(problems, fmt.Sprintf("%s, cut down to what is stated: %v", name, err))
			continue
		case got != want:
			problems = append(problems, fmt.Sprintf("%s, cut down to what is stated, has the effect\n%s, want\n%s", name, got, want))
			continue
		}
		// differs says whether the pointer leads to something and whether it makes a difference.
		differs := func(p expectations.Pointer) (there, differs bool) {
			lacking := replaceData(t, cut, func(data []byte) (rest []byte, err error) {
				rest, there, err = expectations.Without(data, p)
				return rest, err
			})
			if !there {
				return false, false
			}
			got, err := handle(t, lacking)
			return true, err != nil || got != want
		}
		for _, p := range e.Needs {
			there, differs := differs(p)
			seen[p] = seen[p] || there
			if there && !differs {
				problems = append(problems, fmt.Sprintf("%s: %s is not needed", name, p))
			}
		}
		for _, p := range e.Uses {
			_, differs := differs(p)
			used[p] = used[p] || differs
		}
	}
	if len(problems) > 0 {
		return problems // what is below may follow from them
	}
	for _, p := range e.Needs {
		if !seen[p] {
			problems = append(problems, fmt.Sprintf("no example has %s", p))
		}
	}
	for _, p := range e.Uses {
		if !used[p] {
			problems = append(problems, fmt.Sprintf("%s makes no difference in any example", p))
		}
	}
	return problems
}

// replaceData changes the data of a whole event.
func replaceData(t *testing.T, cloudEvent []byte, change func(data []byte) ([]byte, error)) []byte {
	t.Helper()
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(cloudEvent, &envelope); err != nil {
		t.Fatal(err)
	}
	data, err := change(envelope["data"])
	if err != nil {
		t.Fatal(err)
	}
	envelope["data"] = data
	text, err := json.Marshal(envelope)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func typeOf(cloudEvent []byte) (string, error) {
	var envelope struct{ Type string }
	err := json.Unmarshal(cloudEvent, &envelope)
	return envelope.Type, err
}
