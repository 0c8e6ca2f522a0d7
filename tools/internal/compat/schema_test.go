package compat_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/compat"
)

const (
	eventFile  = "contracts/events/x/a.b.v1.schema.json"
	sharedFile = "contracts/events/shared.v1.schema.json"
)

const eventSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://x/a.b.v1", "title": "AB", "description": "d",
	"x-event-type": "ticketmesh.x.a.b.v1",
	"type": "object", "required": ["id", "price", "items"],
	"properties": {
		"id": {"type": "string", "format": "uuid"},
		"name": {"type": "string", "minLength": 1, "maxLength": 10, "pattern": "^a", "description": "n"},
		"email": {"type": "string", "x-sensitive": true},
		"kind": {"type": "string", "enum": ["one", "two"]},
		"level": {"const": 3},
		"count": {"type": "integer", "minimum": 1, "maximum": 9},
		"price": {"$ref": "../shared.v1.schema.json#/$defs/Money"},
		"items": {"type": "array", "minItems": 1, "maxItems": 5, "uniqueItems": true, "items": {"$ref": "#/$defs/Item"}},
		"large": {"type": "integer", "minimum": -9223372036854775808, "maximum": 9223372036854775807},
		"closed": {"type": "object", "additionalProperties": false, "properties": {"a": {"type": "string"}}},
		"refused": {"not": {"required": ["a"], "properties": {"a": {"type": "string"}}}},
		"sealed": {"unevaluatedProperties": false, "properties": {"inner": {"properties": {"a": {}}}}, "anyOf": [{"properties": {"a": {"properties": {"x": {}}}}}, {}]},
		"never": {"not": {"$ref": "#/$defs/Row"}},
		"a/b~c": {"type": "string"},
		"choice": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
		"extra": {"type": "object", "additionalProperties": {"type": "string"}}
	},
	"$defs": {"Item": {"type": "object", "required": ["seat"], "properties": {"seat": {"type": "string"}, "self": {"$ref": "#/$defs/Item"}}}, "Row": {"maxLength": 5}}
}`

const money = `{"type": "object", "minProperties": 1, "required": ["amount", "currency"], "properties": {"amount": {"type": "integer"}, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}}}`

const sharedSchema = `{"$defs": {
	"Money": ` + money + `,
	"Other": {"type": "object", "minProperties": 1, "required": ["amount", "currency"], "properties": {"amount": {"type": "integer"}, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}}}
}}`

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var schema map[string]any
	if err := decoder.Decode(&schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

// at returns the object below the names.
func at(schema map[string]any, names ...string) map[string]any {
	for _, name := range names {
		schema = schema[name].(map[string]any)
	}
	return schema
}

// state is an event and the definitions that it shares.
type state struct{ event, shared map[string]any }

func newState(t *testing.T) state {
	t.Helper()
	return state{parse(t, eventSchema), parse(t, sharedSchema)}
}

func (s state) files() map[string]any {
	return map[string]any{eventFile: s.event, sharedFile: s.shared}
}

// compare returns what is found between the states, and its rules.
func compare(t *testing.T, before, after state) (rules string, findings []compat.Finding) {
	t.Helper()
	findings, err := compat.CompareSchemas(eventFile, before.files(), after.files())
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, finding := range findings {
		found = append(found, finding.Rule)
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " "), findings
}

func TestSmallChangesAreJudgedInBothDirections(t *testing.T) {
	t.Parallel()
	property := func(s state, name string) map[string]any { return at(s.event, "properties", name) }
	money := func(s state) map[string]any { return at(s.shared, "$defs", "Money") }
	item := func(s state) map[string]any { return at(s.event, "$defs", "Item") }
	set := func(of func(state) map[string]any, keyword string, value any) func(state) {
		return func(s state) { of(s)[keyword] = value }
	}
	drop := func(of func(state) map[string]any, keyword string) func(state) {
		return func(s state) { delete(of(s), keyword) }
	}
	prop := func(name string) func(state) map[string]any {
		return func(s state) map[string]any { return property(s, name) }
	}
	root := func(s state) map[string]any { return s.event }
	properties := func(s state) map[string]any { return at(s.event, "properties") }
	alternatives := func(s state) []any { return property(s, "choice")["oneOf"].([]any) }
	anything := map[string]any{"type": "string"}
	only := func(name string) []any { return []any{map[string]any{"required": []any{name}}} }
	tests := []struct {
		name   string
		change func(state)
		want   string // the rule that the change breaks; empty when it is compatible
		undone string // the rule that undoing it breaks
	}{
		{"nothing", func(state) {}, "", ""},
		{"title", set(root, "title", "Other"), "", ""},
		{"description", set(root, "description", "other"), "", ""},
		{"description of a property", set(prop("name"), "description", "other"), "", ""},
		{"examples", set(prop("name"), "examples", []any{"a"}), "", ""},
		{"comment", set(root, "$comment", "c"), "", ""},
		{"deprecated", set(prop("name"), "deprecated", true), "", ""},
		{"default", set(prop("name"), "default", "a"), "", ""},
		{"unused definition", func(s state) { at(s.event, "$defs")["More"] = anything }, "", ""},
		{"reference to an equal definition", set(prop("price"), "$ref", "../shared.v1.schema.json#/$defs/Other"), "", ""},
		{"reference spelled out", func(s state) {
			properties(s)["price"] = at(parse(t, sharedSchema), "$defs", "Money")
		}, "", ""},
		{"description beside a reference", set(prop("price"), "description", "p"), "", ""},
		{"order of required", set(root, "required", []any{"items", "price", "id"}), "", ""},
		{"order of an enum", set(prop("kind"), "enum", []any{"two", "one"}), "", ""},
		{"a number spelled otherwise", set(prop("count"), "minimum", json.Number("1.0")), "", ""},
		{"a constant spelled otherwise", set(prop("level"), "const", json.Number("3.0")), "", ""},
		{"no bound at all", set(prop("email"), "minLength", 0.0), "", ""},
		{"openness spelled out", set(root, "additionalProperties", true), "", ""},
		{"type as a list of one", set(prop("name"), "type", []any{"string"}), "", ""},
		{"unused bound beside a reference", set(prop("price"), "minProperties", 0.0), "", ""},

		{"optional property", set(properties, "note", anything), "", "property-removed"},
		{"optional property of a definition", func(s state) { at(item(s), "properties")["note"] = anything }, "", "property-removed"},
		{"optional property of a shared definition", func(s state) { at(money(s), "properties")["note"] = anything }, "", "property-removed"},
		{"optional property beside a reference", set(prop("price"), "properties", map[string]any{"note": anything}), "", "property-removed"},
		{"optional property of a closed object", func(s state) { at(property(s, "closed"), "properties")["note"] = anything }, "closed-property-added", "property-removed"},
		{"optional property of a map", set(prop("extra"), "properties", map[string]any{"note": anything}), "closed-property-added", "property-removed"},
		{"required property removed", func(s state) { delete(properties(s), "id"); s.event["required"] = []any{"price", "items"} }, "property-removed required-removed", "required-added"},
		{"property renamed", func(s state) { properties(s)["label"] = properties(s)["name"]; delete(properties(s), "name") }, "property-removed", "property-removed"},
		{"property that nothing may be", set(properties, "name", false), "bound-loosened keyword-changed pattern-changed type-widened", "bound-tightened keyword-changed pattern-changed type-narrowed"},
		{"required", set(root, "required", []any{"id", "price", "items", "name"}), "required-added", "required-removed"},
		{"new property required", func(s state) {
			properties(s)["note"] = anything
			s.event["required"] = []any{"id", "price", "items", "note"}
		}, "required-added", "property-removed required-removed"},
		{"all required removed", drop(root, "required"), "required-removed", "required-added"},
		{"required beside a reference", set(prop("price"), "required", []any{"note"}), "required-added", "required-removed"},
		{"required of a definition removed", drop(item, "required"), "required-removed", "required-added"},
		{"required of a shared definition removed", set(money, "required", []any{"amount"}), "required-removed", "required-added"},
		{"type changed", set(prop("kind"), "type", "integer"), "type-changed", "type-changed"},
		{"type nullable", set(prop("name"), "type", []any{"string", "null"}), "type-widened", "type-narrowed"},
		{"integer to number", set(prop("count"), "type", "number"), "type-widened", "type-narrowed"},
		{"type dropped", drop(prop("name"), "type"), "type-widened", "type-narrowed"},
		{"type of a shared definition", func(s state) { at(money(s), "properties", "amount")["type"] = "number" }, "type-widened", "type-narrowed"},
		{"enum value", set(prop("kind"), "enum", []any{"one", "two", "three"}), "enum-value-added", "enum-value-removed"},
		{"enum value replaced", set(prop("kind"), "enum", []any{"one", "three"}), "enum-value-added enum-value-removed", "enum-value-added enum-value-removed"},
		{"enum on a free string", set(prop("email"), "enum", []any{"x"}), "enum-value-removed", "enum-value-added"},
		{"const", set(prop("level"), "const", 4.0), "keyword-changed", "keyword-changed"},
		{"const of another type", set(prop("level"), "const", "3"), "keyword-changed", "keyword-changed"},
		{"const dropped", drop(prop("level"), "const"), "keyword-changed", "keyword-changed"},
		{"minimum", set(prop("count"), "minimum", 2.0), "bound-tightened", "bound-loosened"},
		{"maximum", set(prop("count"), "maximum", 10.0), "bound-loosened", "bound-tightened"},
		{"maximum dropped", drop(prop("count"), "maximum"), "bound-loosened", "bound-tightened"},
		{"maximum of 64 bits", set(prop("large"), "maximum", json.Number("9223372036854775806")), "bound-tightened", "bound-loosened"},
		{"exclusive minimum", set(prop("count"), "exclusiveMinimum", 0.5), "bound-tightened", "bound-loosened"},
		{"step", set(prop("count"), "multipleOf", 2.0), "keyword-changed", "keyword-changed"},
		{"minLength", set(prop("name"), "minLength", 2.0), "bound-tightened", "bound-loosened"},
		{"maxLength", set(prop("name"), "maxLength", 20.0), "bound-loosened", "bound-tightened"},
		{"maxLength of a free string", set(prop("email"), "maxLength", 20.0), "bound-tightened", "bound-loosened"},
		{"minItems dropped", drop(prop("items"), "minItems"), "bound-loosened", "bound-tightened"},
		{"maxItems", set(prop("items"), "maxItems", 4.0), "bound-tightened", "bound-loosened"},
		{"uniqueItems dropped", drop(prop("items"), "uniqueItems"), "bound-loosened", "bound-tightened"},
		{"bound beside a reference", set(prop("price"), "minProperties", 3.0), "bound-tightened", "bound-loosened"},
		{"bound beside a reference that has it", set(prop("price"), "minProperties", 1.0), "", ""},
		{"pattern", set(prop("name"), "pattern", "^b"), "pattern-changed", "pattern-changed"},
		{"pattern dropped", drop(prop("name"), "pattern"), "pattern-changed", "pattern-changed"},
		{"pattern of a shared definition", func(s state) { at(money(s), "properties", "currency")["pattern"] = "^[a-z]{3}$" }, "pattern-changed", "pattern-changed"},
		{"format", set(prop("id"), "format", "uri"), "format-changed", "format-changed"},
		{"format of a free string", set(prop("email"), "format", "email"), "format-changed", "format-changed"},
		{"items", func(s state) { at(item(s), "properties", "seat")["type"] = "integer" }, "type-changed", "type-changed"},
		{"items replaced", set(prop("items"), "items", anything), "property-removed required-removed type-changed", "required-added type-changed"},
		{"items dropped", drop(prop("items"), "items"), "keyword-changed", "keyword-changed"},
		{"closed", set(root, "additionalProperties", false), "additional-properties-closed", "additional-properties-opened"},
		{"closed but for some", set(root, "additionalProperties", anything), "additional-properties-closed", "additional-properties-opened"},
		{"closed object lets strings in", set(prop("closed"), "additionalProperties", anything), "additional-properties-opened", "additional-properties-closed"},
		{"values of a map", func(s state) { at(property(s, "extra"), "additionalProperties")["type"] = "integer" }, "type-changed", "type-changed"},
		{"names of a map", set(prop("extra"), "propertyNames", map[string]any{"maxLength": 3.0}), "keyword-changed", "keyword-changed"},
		{"pattern of names", set(prop("extra"), "patternProperties", map[string]any{"^x": anything}), "keyword-changed", "keyword-changed"},
		{"alternative changed", func(s state) { alternatives(s)[1].(map[string]any)["type"] = "boolean" }, "type-changed", "type-changed"},
		{"alternative", func(s state) {
			property(s, "choice")["oneOf"] = append(alternatives(s), map[string]any{"type": "null"})
		}, "alternatives-changed", "alternatives-changed"},
		{"alternatives of another kind", func(s state) {
			property(s, "choice")["anyOf"] = alternatives(s)
			delete(property(s, "choice"), "oneOf")
		}, "alternatives-changed", "alternatives-changed"},
		{"alternatives on the whole", set(root, "oneOf", only("name")), "alternatives-changed", "alternatives-changed"},
		{"all of some more", set(root, "allOf", only("name")), "required-added", "required-removed"},
		{"all of some spelled out", func(s state) {
			s.event["allOf"] = []any{map[string]any{"required": s.event["required"]}}
			delete(s.event, "required")
		}, "", ""},
		{"all of some in a closed object", func(s state) {
			property(s, "closed")["allOf"] = []any{map[string]any{"properties": map[string]any{"b": anything}}}
		}, "closed-property-added", "property-removed"},
		{"alternative of a closed object", func(s state) {
			at(property(s, "sealed")["anyOf"].([]any)[0].(map[string]any), "properties")["b"] = anything
		}, "closed-property-added", "property-removed"},
		{"part of a property of an alternative of a closed object", func(s state) {
			at(property(s, "sealed")["anyOf"].([]any)[0].(map[string]any), "properties", "a", "properties")["b"] = anything
		}, "", "property-removed"},
		{"part of a property of a closed object", func(s state) {
			at(property(s, "sealed"), "properties", "inner", "properties")["b"] = anything
		}, "", "property-removed"},
		{"what must not be, by reference", func(s state) { at(s.event, "$defs", "Row")["maxLength"] = 4.0 }, "keyword-changed", "keyword-changed"},
		{"dialect", set(root, "$schema", "https://json-schema.org/draft/2019-09/schema"), "keyword-changed", "keyword-changed"},
		{"history", set(root, "x-history", []any{}), "", ""},
		{"enum dropped", drop(prop("kind"), "enum"), "enum-value-added", "enum-value-removed"},
		{"enum beside a reference", set(prop("price"), "enum", []any{"x"}), "enum-value-removed", "enum-value-added"},
		{"bound of 64 bits from below", set(prop("large"), "minimum", json.Number("-9223372036854775807")), "bound-tightened", "bound-loosened"},
		{"what must not be", func(s state) { at(property(s, "refused"), "not", "properties")["b"] = anything }, "keyword-changed", "keyword-changed"},
		{"what goes together", set(root, "dependentRequired", map[string]any{"name": []any{"email"}}), "keyword-changed", "keyword-changed"},
		{"reference to another definition", set(prop("price"), "$ref", "#/$defs/Item"), "bound-loosened property-removed required-added required-removed", "bound-tightened property-removed required-added required-removed"},
		{"reference below a reference", func(s state) {
			money(s)["properties"].(map[string]any)["currency"] = map[string]any{"$ref": "#/$defs/Code"}
			at(s.shared, "$defs")["Code"] = map[string]any{"type": "string", "pattern": "^[A-Z]{3}$"}
		}, "", ""},
		{"sensitive", set(prop("name"), "x-sensitive", true), "", "sensitive-removed"},
		{"id", set(root, "$id", "https://x/other"), "identity-changed", "identity-changed"},
		{"event type", set(root, "x-event-type", "ticketmesh.x.a.c.v1"), "identity-changed", "identity-changed"},
		{"unknown keyword", set(root, "x-other", true), "keyword-changed", "keyword-changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			changed := newState(t)
			tt.change(changed)
			for _, direction := range []struct {
				name          string
				before, after state
				want          string
			}{
				{"done", newState(t), changed, tt.want},
				{"undone", changed, newState(t), tt.undone},
			} {
				rules, findings := compare(t, direction.before, direction.after)
				if rules != direction.want {
					t.Errorf("%s: %q, want %q: %+v", direction.name, rules, direction.want, findings)
				}
				for _, finding := range findings {
					if finding.File == "" || finding.Change == "" || finding.Remedy == "" {
						t.Errorf("%s: %+v does not say where, what and what to do", direction.name, finding)
					}
				}
			}
		})
	}
}

func TestFindingsPointAtWhatChanged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		change        func(state)
		file, pointer string
		says          string
	}{
		{"in the event", func(s state) { at(s.event, "properties", "count")["minimum"] = 2.0 }, eventFile, "/properties/count/minimum", "was 1, is 2"},
		{"gone from the event", func(s state) { delete(at(s.event, "properties"), "count") }, eventFile, "/properties/count", "count"},
		{"the whole", func(s state) { s.event["additionalProperties"] = false }, eventFile, "/additionalProperties", "refused"},
		{"a name with a slash", func(s state) { at(s.event, "properties", "a/b~c")["type"] = "integer" }, eventFile, "/properties/a~1b~0c/type", "string"},
		{"in a definition", func(s state) { at(s.event, "$defs", "Item", "properties", "seat")["type"] = "integer" }, eventFile, "/$defs/Item/properties/seat/type", "string"},
		{"in a shared definition", func(s state) { at(s.shared, "$defs", "Money", "properties", "amount")["type"] = "string" }, sharedFile, "/$defs/Money/properties/amount/type", "integer"},
		{"a reference elsewhere", func(s state) {
			at(s.event, "properties", "price")["$ref"] = "../shared.v1.schema.json#/$defs/Other"
			at(s.shared, "$defs", "Other", "properties", "amount")["type"] = "string"
		}, eventFile, "/properties/price", "properties/amount/type: was"},
		{"an alternative", func(s state) {
			at(s.event, "properties", "choice")["oneOf"].([]any)[1].(map[string]any)["type"] = "null"
		}, eventFile, "/properties/choice/oneOf/1/type", "integer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			changed := newState(t)
			tt.change(changed)
			_, findings := compare(t, newState(t), changed)
			if len(findings) != 1 {
				t.Fatalf("findings %+v, want one", findings)
			}
			if got := findings[0]; got.File != tt.file || got.Pointer != tt.pointer || !strings.Contains(got.Change, tt.says) {
				t.Errorf("%+v, want %s %s with %q", got, tt.file, tt.pointer, tt.says)
			}
		})
	}
}

func TestWhatStandsBesideAReferenceHidesNothing(t *testing.T) {
	t.Parallel()
	before, after := newState(t), newState(t)
	for _, s := range []state{before, after} {
		at(s.event, "properties", "price")["properties"] = map[string]any{"note": map[string]any{"$ref": "#/$defs/Item"}}
	}
	delete(at(after.shared, "$defs", "Money", "properties"), "amount")
	if rules, findings := compare(t, before, after); rules != "property-removed" {
		t.Errorf("%q, want property-removed: %+v", rules, findings)
	}
}

func TestSchemasThatReferToThemselvesEnd(t *testing.T) {
	t.Parallel()
	before, after := newState(t), newState(t)
	for _, s := range []state{before, after} {
		node := map[string]any{"$ref": "#/$defs/Item", "description": "one of many paths"}
		for _, name := range []string{"left", "right", "up", "down"} {
			at(s.event, "$defs", "Item", "properties")[name] = node
		}
	}
	at(after.event, "$defs", "Item", "properties", "seat")["maxLength"] = 3.0
	if rules, findings := compare(t, before, after); rules != "bound-tightened" || len(findings) != 1 {
		t.Errorf("%q, want bound-tightened once: %+v", rules, findings)
	}
}

func TestReferencesThatLeadNowhereAreErrors(t *testing.T) {
	t.Parallel()
	for name, reference := range map[string]string{
		"no such definition": "#/$defs/Nothing",
		"a circle":           "#/properties/price",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := newState(t)
			at(changed.event, "properties", "price")["$ref"] = reference
			if findings, err := compat.CompareSchemas(eventFile, newState(t).files(), changed.files()); err == nil {
				t.Errorf("findings %+v and no error", findings)
			}
		})
	}
}
