package compat_test

import (
	"encoding/json"
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
		"choice": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
		"extra": {"type": "object", "additionalProperties": {"type": "string"}}
	},
	"$defs": {"Item": {"type": "object", "required": ["seat"], "properties": {"seat": {"type": "string"}, "self": {"$ref": "#/$defs/Item"}}}}
}`

const sharedSchema = `{"$defs": {
	"Money": {"type": "object", "required": ["amount", "currency"], "properties": {"amount": {"type": "integer"}, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}}},
	"Other": {"type": "object", "required": ["amount", "currency"], "properties": {"amount": {"type": "integer"}, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}}}
}}`

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var schema map[string]any
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
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

func TestSmallChangesAreJudged(t *testing.T) {
	t.Parallel()
	type state struct{ event, shared map[string]any }
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
	anything := map[string]any{"type": "string"}
	tests := []struct {
		name   string
		change func(state)
		want   string // the rule; empty when compatible
	}{
		{"nothing", func(state) {}, ""},
		{"title", set(root, "title", "Other"), ""},
		{"description", set(root, "description", "other"), ""},
		{"description of a property", set(prop("name"), "description", "other"), ""},
		{"examples", set(prop("name"), "examples", []any{"a"}), ""},
		{"comment", set(root, "$comment", "c"), ""},
		{"deprecated", set(prop("name"), "deprecated", true), ""},
		{"optional property added", set(properties, "note", anything), ""},
		{"optional property added in a definition", func(s state) { at(item(s), "properties")["note"] = anything }, ""},
		{"optional property added in a shared definition", func(s state) { at(money(s), "properties")["note"] = anything }, ""},
		{"unused definition added", func(s state) { at(s.event, "$defs")["More"] = anything }, ""},
		{"sensitive added", set(prop("name"), "x-sensitive", true), ""},
		{"reference to an equal definition", set(prop("price"), "$ref", "../shared.v1.schema.json#/$defs/Other"), ""},
		{"reference spelled out", func(s state) {
			properties(s)["price"] = parse(t, sharedSchema)["$defs"].(map[string]any)["Money"]
		}, ""},
		{"description beside a reference", set(prop("price"), "description", "p"), ""},
		{"order of required", set(root, "required", []any{"items", "price", "id"}), ""},
		{"order of an enum", set(prop("kind"), "enum", []any{"two", "one"}), ""},

		{"optional property removed", drop(properties, "name"), "property-removed"},
		{"required property removed", func(s state) { delete(properties(s), "id"); s.event["required"] = []any{"price", "items"} }, "property-removed"},
		{"property renamed", func(s state) { properties(s)["label"] = properties(s)["name"]; delete(properties(s), "name") }, "property-removed"},
		{"required added", set(root, "required", []any{"id", "price", "items", "name"}), "required-added"},
		{"new property required", func(s state) {
			properties(s)["note"] = anything
			s.event["required"] = []any{"id", "price", "items", "note"}
		}, "required-added"},
		{"required removed", set(root, "required", []any{"id", "price"}), "required-removed"},
		{"all required removed", drop(root, "required"), "required-removed"},
		{"required added beside a reference", set(prop("price"), "required", []any{"note"}), "required-added"},
		{"required removed in a definition", drop(item, "required"), "required-removed"},
		{"required removed in a shared definition", set(money, "required", []any{"amount"}), "required-removed"},
		{"type changed", set(prop("name"), "type", "integer"), "type-changed"},
		{"type widened", set(prop("name"), "type", []any{"string", "null"}), "type-changed"},
		{"integer to number", set(prop("count"), "type", "number"), "type-changed"},
		{"type dropped", drop(prop("name"), "type"), "type-changed"},
		{"enum value added", set(prop("kind"), "enum", []any{"one", "two", "three"}), "enum-value-added"},
		{"enum value removed", set(prop("kind"), "enum", []any{"one"}), "enum-value-removed"},
		{"enum dropped", drop(prop("kind"), "enum"), "enum-changed"},
		{"enum on a free string", set(prop("email"), "enum", []any{"x"}), "enum-changed"},
		{"const changed", set(prop("level"), "const", 4.0), "const-changed"},
		{"minimum raised", set(prop("count"), "minimum", 2.0), "bound-changed"},
		{"minimum lowered", set(prop("count"), "minimum", 0.0), "bound-changed"},
		{"maximum lowered", set(prop("count"), "maximum", 8.0), "bound-changed"},
		{"maximum dropped", drop(prop("count"), "maximum"), "bound-changed"},
		{"minLength raised", set(prop("name"), "minLength", 2.0), "bound-changed"},
		{"maxLength raised", set(prop("name"), "maxLength", 20.0), "bound-changed"},
		{"maxLength added", set(prop("email"), "maxLength", 20.0), "bound-changed"},
		{"minItems dropped", drop(prop("items"), "minItems"), "bound-changed"},
		{"maxItems lowered", set(prop("items"), "maxItems", 4.0), "bound-changed"},
		{"uniqueItems dropped", drop(prop("items"), "uniqueItems"), "bound-changed"},
		{"pattern changed", set(prop("name"), "pattern", "^b"), "pattern-changed"},
		{"pattern changed in a shared definition", func(s state) { at(money(s), "properties", "currency")["pattern"] = "^[a-z]{3}$" }, "pattern-changed"},
		{"format changed", set(prop("id"), "format", "uri"), "format-changed"},
		{"format added", set(prop("email"), "format", "email"), "format-changed"},
		{"items changed", func(s state) { at(item(s), "properties", "seat")["type"] = "integer" }, "type-changed"},
		{"items replaced", set(prop("items"), "items", anything), "type-changed"},
		{"additionalProperties closed", set(root, "additionalProperties", false), "additionalproperties-changed"},
		{"values of a map changed", func(s state) { at(property(s, "extra"), "additionalProperties")["type"] = "integer" }, "type-changed"},
		{"alternative changed", func(s state) { property(s, "choice")["oneOf"].([]any)[1].(map[string]any)["type"] = "boolean" }, "type-changed"},
		{"alternative added", func(s state) {
			property(s, "choice")["oneOf"] = append(property(s, "choice")["oneOf"].([]any), map[string]any{"type": "null"})
		}, "oneof-changed"},
		{"alternatives on the whole", set(root, "oneOf", []any{map[string]any{"required": []any{"name"}}}), "oneof-changed"},
		{"sensitive removed", drop(prop("email"), "x-sensitive"), "sensitive-removed"},
		{"another id", set(root, "$id", "https://x/other"), "identity-changed"},
		{"another event type", set(root, "x-event-type", "ticketmesh.x.a.c.v1"), "identity-changed"},
		{"property that nothing may be", set(properties, "name", false), "schema-changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			changed := state{parse(t, eventSchema), parse(t, sharedSchema)}
			tt.change(changed)
			findings, err := compat.CompareSchemas(eventFile,
				map[string]map[string]any{eventFile: parse(t, eventSchema), sharedFile: parse(t, sharedSchema)},
				map[string]map[string]any{eventFile: changed.event, sharedFile: changed.shared})
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == "" {
				if len(findings) > 0 {
					t.Errorf("findings %+v, want none", findings)
				}
				return
			}
			for _, finding := range findings {
				if finding.File != eventFile || finding.Pointer == "" || finding.Change == "" || finding.Remedy == "" {
					t.Errorf("finding %+v does not say where, what and what to do", finding)
				}
				if finding.Rule == tt.want {
					return
				}
			}
			t.Errorf("findings %+v, want %s", findings, tt.want)
		})
	}
}
