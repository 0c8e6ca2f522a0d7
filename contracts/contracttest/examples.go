package contracttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"ticketmesh.dev/contracts"
)

// Example is an event of the contracts.
type Example struct {
	Name  string // of the file
	Type  string
	Event []byte // a CloudEvent in JSON
}

// fewest is how many examples each event has at least.
const fewest = 3

// Examples returns the examples of the event types that a service subscribes to,
// by the files' names. The archive holds events of every version that has a
// schema, and a replay delivers them: t fails when one version of an event is
// among the types and another is not, or when a type has too few examples to say
// anything.
func Examples(t TB, types ...string) []Example {
	t.Helper()
	examples, err := examplesIn(contracts.Files, types)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return examples
}

func examplesIn(files fs.FS, types []string) ([]Example, error) {
	var examples []Example
	for _, eventType := range types {
		service, name, _ := strings.Cut(strings.TrimPrefix(eventType, "ticketmesh."), ".")
		folder := path.Join("events", service)
		unversioned := name[:strings.LastIndexByte(name, '.')+1] // ends in the dot
		versions, err := fs.Glob(files, path.Join(folder, unversioned+"v*.schema.json"))
		if err != nil {
			return nil, err
		}
		for _, file := range versions {
			version := "ticketmesh." + service + "." + strings.TrimSuffix(path.Base(file), ".schema.json")
			if !slices.Contains(types, version) {
				return nil, fmt.Errorf("%s is subscribed to, and %s, which the archive may hold, is not", eventType, version)
			}
		}
		found, err := fs.Glob(files, path.Join(folder, "examples", name+".*.json"))
		if err != nil {
			return nil, err
		}
		if len(found) < fewest {
			return nil, fmt.Errorf("%s has %d examples, want at least %d", eventType, len(found), fewest)
		}
		for _, file := range found {
			text, err := fs.ReadFile(files, file)
			if err != nil {
				return nil, err
			}
			examples = append(examples, Example{Name: path.Base(file), Type: eventType, Event: text})
		}
	}
	slices.SortFunc(examples, func(a, b Example) int { return strings.Compare(a.Name, b.Name) })
	return examples, nil
}

// Grown returns the event as a later minor version might have it: with one
// more attribute, and one more member in every object of its data.
func (e Example) Grown(t TB) Example {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(e.Event))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		t.Fatalf("%s: %v", e.Name, err)
	}
	grow(members["data"])
	members["addedlater"] = "as attributes are: lower-case, and a text"
	grown, err := json.Marshal(members)
	if err != nil {
		t.Fatalf("%s: %v", e.Name, err)
	}
	e.Event = grown
	return e
}

func grow(value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, member := range v {
			grow(member)
		}
		v["addedLater"] = []any{map[string]any{"deep": true}}
	case []any:
		for _, member := range v {
			grow(member)
		}
	}
}

// Delivery is a way in which the bus may deliver the examples.
type Delivery struct {
	Name     string
	Examples []Example
}

// Deliveries returns the ways in which the bus may deliver the examples of the
// types: once, each twice, all of them twice, in the other order, and as a later
// version would have them. A consumer that is through with any of them has come
// to the same.
func Deliveries(t TB, types ...string) []Delivery {
	t.Helper()
	examples := Examples(t, types...)
	reversed := slices.Clone(examples)
	slices.Reverse(reversed)
	var twice, grown []Example
	for _, e := range examples {
		twice = append(twice, e, e)
		grown = append(grown, e.Grown(t))
	}
	return []Delivery{
		{"once", examples},
		{"each twice", twice},
		{"all of them twice", slices.Concat(examples, examples)},
		{"in the other order", reversed},
		{"with members added later", grown},
	}
}
