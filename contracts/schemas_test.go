package contracts_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/contracts"
)

// unbounded are the numbers without a bound. A bound that comes later refuses
// events that are in the archive, so they stay as they are as long as the
// version of these events does. What is new has bounds.
var unbounded = []string{
	"shared.v1#Money/amount: no maximum",
	"shared.v1#Money/amount: no minimum",
	"shared.v1#Performance/seatMapVersion: no maximum",
	"shared.v1#Version: no maximum",
}

// measure is what the description of a number says: what it counts, or its unit.
var measure = regexp.MustCompile(`(?i)\b(places|people|minor units|counting from [01])\b`)

func TestEveryPropertyOfAnEventIsDescribedAndBounded(t *testing.T) {
	t.Parallel()
	breaches, looked := map[string]bool{}, 0
	err := fs.WalkDir(contracts.Files, "events", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".schema.json") {
			return err
		}
		text, err := contracts.Files.ReadFile(file)
		if err != nil {
			return err
		}
		var schema map[string]any
		if err := json.Unmarshal(text, &schema); err != nil {
			return err
		}
		name := strings.TrimSuffix(path.Base(file), ".schema.json") + "#"
		definitions, _ := schema["$defs"].(map[string]any)
		if schema["x-event-type"] != nil { // else it has definitions alone
			looked += inspect(name, schema, breaches)
		}
		for definition, below := range definitions {
			looked += inspect(name+definition, below.(map[string]any), breaches)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if looked < 150 {
		t.Errorf("only %d schemas were looked at", looked)
	}
	for _, breach := range slices.Sorted(maps.Keys(breaches)) {
		if !slices.Contains(unbounded, breach) {
			t.Error(breach)
		}
	}
	for _, known := range unbounded {
		if !breaches[known] {
			t.Errorf("%s: not so any more", known)
		}
	}
}

// inspect adds what is missing of the schema and those below it, and returns how
// many it looked at. A reference is described and bounded where it leads.
func inspect(where string, schema map[string]any, breaches map[string]bool) int {
	missing := func(format string, arguments ...any) { breaches[where+": "+fmt.Sprintf(format, arguments...)] = true }
	if schema["$ref"] != nil {
		return 1
	}
	has := func(keyword string) bool { return schema[keyword] != nil }
	description, _ := schema["description"].(string)
	if description == "" {
		missing("no description")
	}
	switch schema["type"] {
	case "string":
		if !has("maxLength") && !has("format") && !has("enum") && !has("const") && !has("pattern") {
			missing("no bound")
		}
	case "integer", "number":
		for _, bound := range []string{"minimum", "maximum"} {
			if !has(bound) {
				missing("no %s", bound)
			}
		}
		if !measure.MatchString(description) {
			missing("%q neither says what it counts nor its unit", description)
		}
	case "array":
		if !has("maxItems") {
			missing("no maxItems")
		}
		items, ok := schema["items"].(map[string]any)
		if !ok {
			missing("no items")
			break
		}
		return 1 + inspect(where+"/*", items, breaches)
	case "object":
		looked := 1
		properties, _ := schema["properties"].(map[string]any)
		for name, property := range properties {
			looked += inspect(where+"/"+name, property.(map[string]any), breaches)
		}
		return looked
	case "boolean":
	default:
		missing("type %v", schema["type"])
	}
	return 1
}
