package contracttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"ticketmesh.dev/contracts/expectations"
)

// Handle has a consumer that knows nothing yet handle an event, a CloudEvent in
// JSON, and returns a text that shows all the effect it had, or the error of the
// handler.
type Handle func(t *testing.T, cloudEvent []byte) (effect string, err error)

// Expectations checks that the expectations file of a consumer says neither too
// little nor too much, with every example of its events:
//
//   - cut down to what the file states, an event has the effect it has whole
//   - without any one thing that is needed it is refused or has another effect,
//     in all examples that have it
//   - without any one thing that is used the same, in one example at least
//
// types are those that the consumer subscribes to.
func Expectations(t *testing.T, consumer string, types []string, handle Handle) {
	t.Helper()
	set, err := expectations.All()
	if err != nil {
		t.Fatal(err)
	}
	stated, err := set.Of(consumer)
	if err != nil {
		t.Fatal(err)
	}
	subscribed := slices.Sorted(slices.Values(types))
	if !slices.Equal(stated.Types(), subscribed) {
		t.Errorf("%s expects\n%v, but subscribes to\n%v", consumer, stated.Types(), subscribed)
	}
	for _, e := range stated.Events {
		t.Run(e.Type, func(t *testing.T) {
			t.Parallel()
			for _, problem := range unfounded(t, e, Examples(t, e.Type), handle) {
				t.Error(problem)
			}
		})
	}
}

// unfounded returns what is wrong with the expectations of one event.
func unfounded(t *testing.T, e expectations.Event, examples []Example, handle Handle) []string {
	t.Helper()
	var problems []string
	used := map[expectations.Pointer]bool{}
	seen := map[expectations.Pointer]bool{}
	for _, example := range examples {
		name := example.Name
		want, err := handle(t, example.Event)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", name, err))
			continue
		}
		cut := replaceData(t, example.Event, e.Cut)
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
