package contracts_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/infoevents"
	"ticketmesh.dev/contracts/notificationsevents"
	"ticketmesh.dev/contracts/showsevents"
	"ticketmesh.dev/contracts/ticketsevents"
)

// checks are the generated rules, by service.
var checks = map[string]func(string, []byte) error{
	"info": infoevents.Check, "notifications": notificationsevents.Check, "shows": showsevents.Check, "tickets": ticketsevents.Check,
}

// TestGeneratedRulesAreTheSchemas breaks every example in every place in many
// ways and has the schema and the generated code judge it: a producer that is
// held to the one is held to the other.
func TestGeneratedRulesAreTheSchemas(t *testing.T) {
	t.Parallel()
	validator := newValidator(t)
	judged := 0
	err := fs.WalkDir(contracts.Files, "events", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Base(path.Dir(file)) != "examples" {
			return err
		}
		text, err := contracts.Files.ReadFile(file)
		if err != nil {
			return err
		}
		var e struct {
			Type string
			Data any
		}
		if err := json.Unmarshal(text, &e); err != nil {
			return err
		}
		check := checks[path.Base(path.Dir(path.Dir(file)))]
		mutate(e.Data, func(where string) {
			data, err := json.Marshal(e.Data)
			if err != nil {
				t.Fatal(err)
			}
			judged++
			schema, generated := validator.Validate(e.Type, data), check(e.Type, data)
			if (schema == nil) == (generated == nil) || onlyTheSchemaKnows(schema) {
				return
			}
			t.Errorf("%s: %s: the schema says %v, the generated code %v", path.Base(file), where, schema, generated)
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if judged < 1000 {
		t.Errorf("only %d cases were judged", judged)
	}
}

// onlyTheSchemaKnows are alternatives between required members and what one
// event requires of a shape that it shares with others: Go has no type for them.
func onlyTheSchemaKnows(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "oneOf") || strings.Contains(err.Error(), "missing property 'previousStartsAtUtc'"))
}

// mutate changes the value in place, one place at a time, calls try, and undoes it.
func mutate(value any, try func(where string)) {
	try("unchanged")
	mutateBelow("", value, try)
}

func mutateBelow(where string, value any, try func(string)) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			at := where + "/" + name
			delete(v, name)
			try(at + " removed")
			for _, other := range others(member) {
				v[name] = other
				try(fmt.Sprintf("%s = %.40v", at, other))
			}
			v[name] = member
			mutateBelow(at, member, try)
		}
		v["unheardOf"] = true
		try(where + "/unheardOf added")
		delete(v, "unheardOf")
	case []any:
		for i, item := range v {
			if i == 3 {
				break // the rest is alike
			}
			at := fmt.Sprintf("%s/%d", where, i)
			for _, other := range others(item) {
				v[i] = other
				try(fmt.Sprintf("%s = %.40v", at, other))
			}
			v[i] = item
			mutateBelow(at, item, try)
		}
	}
}

// others are values that may break a rule about the given one.
func others(value any) []any {
	all := []any{nil, true, "", "x", "ü-ü", strings.Repeat("x", 10_001), "nobody@", -1, 0, 1, 1.5, 2_000_000_000, []any{}, map[string]any{}}
	if text, ok := value.(string); ok {
		all = append(all, text+" ", " "+text, strings.ToUpper(text), strings.TrimSuffix(text, "Z"), text+text)
	}
	return all
}
