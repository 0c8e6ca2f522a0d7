package compat

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Finding is a change that some consumer would notice.
type Finding struct {
	File    string `json:"file"`
	Pointer string `json:"pointer"` // JSON pointer into the file, references followed
	Rule    string `json:"rule"`
	Change  string `json:"change"`
	Remedy  string `json:"remedy"`
}

const (
	newVersion = "make a new version of the event beside this one"
	addOptions = "add an optional property instead, or make a new version"
)

// annotations say nothing about which events are valid.
var annotations = []string{"title", "description", "examples", "default", "deprecated", "$comment", "$schema", "$defs", "readOnly", "writeOnly"}

// schemas reads the schemas of one state of the contracts by their path.
type schemas func(file string) (map[string]any, error)

// comparison compares one event's schema in two states. Within a version old
// consumers read new events and new consumers read old ones, so what is valid
// must stay the same in both directions; only optional properties may come on
// top, since consumers tolerate what they do not know.
type comparison struct {
	file     string
	old, new schemas
	findings []Finding
	seen     map[string]bool // places compared already, for schemas that refer to themselves
}

func compareSchemas(file string, before, after schemas) ([]Finding, error) {
	c := &comparison{file: file, old: before, new: after, seen: map[string]bool{}}
	oldRoot, err := before(file)
	if err != nil {
		return nil, err
	}
	newRoot, err := after(file)
	if err != nil {
		return nil, err
	}
	if err := c.compare("", place{file, oldRoot}, place{file, newRoot}); err != nil {
		return nil, err
	}
	return c.findings, nil
}

// place is a schema and the file that its references are relative to.
type place struct {
	file   string
	schema map[string]any
}

func (c *comparison) report(pointer, rule, change, remedy string) {
	if pointer == "" {
		pointer = "/"
	}
	c.findings = append(c.findings, Finding{File: c.file, Pointer: pointer, Rule: rule, Change: change, Remedy: remedy})
}

func (c *comparison) compare(pointer string, before, after place) error {
	before, err := resolve(before, c.old)
	if err != nil {
		return err
	}
	if after, err = resolve(after, c.new); err != nil {
		return err
	}
	key := fmt.Sprintf("%s %p %p", pointer, before.schema, after.schema)
	if c.seen[key] || strings.Count(pointer, "/") > 64 {
		return nil
	}
	c.seen[key] = true
	keywords := map[string]bool{}
	for _, schema := range []map[string]any{before.schema, after.schema} {
		for keyword := range schema {
			keywords[keyword] = true
		}
	}
	for _, keyword := range slices.Sorted(maps.Keys(keywords)) {
		if err := c.keyword(pointer, keyword, before, after); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) keyword(pointer, keyword string, before, after place) error {
	was, is := before.schema[keyword], after.schema[keyword]
	at := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(keyword)
	switch {
	case slices.Contains(annotations, keyword):
		return nil
	case keyword == "properties":
		return c.properties(at, before, after)
	case keyword == "required":
		c.required(at, was, is)
		return nil
	case keyword == "enum":
		c.enum(at, was, is)
		return nil
	case keyword == "x-sensitive":
		if was == true && is != true {
			c.report(at, "sensitive-removed", "the value is not masked any more", "keep x-sensitive")
		}
		return nil
	case keyword == "items" || keyword == "additionalProperties" || keyword == "not" || keyword == "if" || keyword == "then" || keyword == "else":
		oldSchema, oldOK := was.(map[string]any)
		newSchema, newOK := is.(map[string]any)
		if oldOK && newOK {
			return c.compare(at, place{before.file, oldSchema}, place{after.file, newSchema})
		}
	case keyword == "oneOf" || keyword == "anyOf" || keyword == "allOf" || keyword == "prefixItems":
		oldList, oldOK := was.([]any)
		newList, newOK := is.([]any)
		if oldOK && newOK && len(oldList) == len(newList) {
			return c.alternatives(at, before.file, oldList, after.file, newList)
		}
	}
	if !reflect.DeepEqual(was, is) {
		c.report(at, rule(keyword), fmt.Sprintf("was %s, is %s", text(was), text(is)), newVersion)
	}
	return nil
}

func (c *comparison) properties(pointer string, before, after place) error {
	was, _ := before.schema["properties"].(map[string]any)
	is, _ := after.schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(was)) {
		at := pointer + "/" + name
		oldSchema, oldOK := was[name].(map[string]any)
		newSchema, newOK := is[name].(map[string]any)
		if _, there := is[name]; !there {
			c.report(at, "property-removed", "consumers may read it", "keep sending it, or make a new version")
			continue
		}
		if !oldOK || !newOK {
			if !reflect.DeepEqual(was[name], is[name]) {
				c.report(at, "schema-changed", fmt.Sprintf("was %s, is %s", text(was[name]), text(is[name])), newVersion)
			}
			continue
		}
		if err := c.compare(at, place{before.file, oldSchema}, place{after.file, newSchema}); err != nil {
			return err
		}
	}
	return nil // what is new is optional, or "required" reports it
}

func (c *comparison) required(pointer string, was, is any) {
	before, after := stringsOf(was), stringsOf(is)
	for _, name := range before {
		if !slices.Contains(after, name) {
			c.report(pointer, "required-removed", name+" may be absent now, and old consumers rely on it", "keep it required, or make a new version")
		}
	}
	for _, name := range after {
		if !slices.Contains(before, name) {
			c.report(pointer, "required-added", name+" is not in older events, which are still in the archive", addOptions)
		}
	}
}

func (c *comparison) enum(pointer string, was, is any) {
	before, _ := was.([]any)
	after, _ := is.([]any)
	if (was == nil) != (is == nil) {
		c.report(pointer, "enum-changed", fmt.Sprintf("was %s, is %s", text(was), text(is)), newVersion)
		return
	}
	contains := func(list []any, value any) bool {
		return slices.ContainsFunc(list, func(other any) bool { return reflect.DeepEqual(value, other) })
	}
	for _, value := range before {
		if !contains(after, value) {
			c.report(pointer, "enum-value-removed", text(value)+" is in older events, which are still in the archive", "keep the value and do not send it")
		}
	}
	for _, value := range after {
		if !contains(before, value) {
			c.report(pointer, "enum-value-added", "old consumers do not know "+text(value), newVersion)
		}
	}
}

func (c *comparison) alternatives(pointer, oldFile string, was []any, newFile string, is []any) error {
	for i := range was {
		oldSchema, oldOK := was[i].(map[string]any)
		newSchema, newOK := is[i].(map[string]any)
		if !oldOK || !newOK {
			continue
		}
		if err := c.compare(pointer+"/"+strconv.Itoa(i), place{oldFile, oldSchema}, place{newFile, newSchema}); err != nil {
			return err
		}
	}
	return nil
}

// rule names the change of a keyword.
func rule(keyword string) string {
	switch keyword {
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems",
		"minProperties", "maxProperties", "uniqueItems":
		return "bound-changed"
	case "$id", "x-event-type":
		return "identity-changed"
	}
	return strings.ToLower(strings.TrimPrefix(keyword, "$")) + "-changed"
}

// resolve follows references until a schema stands there itself. Members beside
// a reference count with what it refers to, as 2020-12 has it.
func resolve(p place, read schemas) (place, error) {
	for range 32 {
		reference, isReference := p.schema["$ref"].(string)
		if !isReference {
			return p, nil
		}
		target, err := follow(p.file, reference, read)
		if err != nil {
			return place{}, err
		}
		merged := maps.Clone(target.schema)
		for keyword, value := range p.schema {
			if keyword == "$ref" || slices.Contains(annotations, keyword) {
				continue
			}
			if keyword == "required" {
				value = append(slices.Clone(anys(merged["required"])), anys(value)...)
			}
			merged[keyword] = value
		}
		p = place{target.file, merged}
	}
	return place{}, fmt.Errorf("%s: references go round in circles", p.file)
}

func follow(file, reference string, read schemas) (place, error) {
	location, pointer, _ := strings.Cut(reference, "#")
	if location != "" {
		file = path.Join(path.Dir(file), location)
	}
	schema, err := read(file)
	if err != nil {
		return place{}, err
	}
	for name := range strings.SplitSeq(strings.Trim(pointer, "/"), "/") {
		if name == "" {
			continue
		}
		next, ok := schema[name].(map[string]any)
		if !ok {
			return place{}, fmt.Errorf("%s: %s leads nowhere", file, reference)
		}
		schema = next
	}
	return place{file, schema}, nil
}

func anys(value any) []any {
	list, _ := value.([]any)
	return list
}

func stringsOf(value any) []string {
	var names []string
	for _, item := range anys(value) {
		if name, ok := item.(string); ok {
			names = append(names, name)
		}
	}
	return names
}

func text(value any) string {
	if value == nil {
		return "absent"
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(encoded)
}
