package catalogue

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// table is the fields of one shape; a shape with alternatives has several.
type table struct {
	Title string // of an alternative; else ""
	Notes []string
	Rows  []field
}

// field is a row: a member at any depth, named by its whole path.
type field struct {
	Anchor      string
	Prefix      string // path of what it is a member of, with its dot
	Name        string
	In          string // of a parameter: path, query, header
	Type        string
	Rules       []string // bounds, as words
	Pattern     string
	Values      []string // of an enumeration
	Required    bool
	Sensitive   bool
	Description template.HTML
}

// tables returns the fields of a schema. Anchors begin with the given name.
func (d *documents) tables(anchor string, schema part) ([]table, error) {
	if variants, named := alternatives(schema); named {
		var tables []table
		for i, variant := range variants {
			p, err := d.follow(schema.file, variant)
			if err != nil {
				return nil, err
			}
			below, err := d.tables(fmt.Sprintf("%s-%d", anchor, i+1), p)
			if err != nil {
				return nil, err
			}
			below[0].Title = p.name
			tables = append(tables, below...)
		}
		return tables, nil
	}
	b := fieldBuilder{documents: d, anchor: anchor}
	if err := b.below("", schema, nil); err != nil {
		return nil, err
	}
	return []table{{Notes: notes(schema), Rows: b.rows}}, nil
}

// alternatives returns the shapes of which a value has one. Those that only say
// which members are required are a note, not shapes.
func alternatives(schema part) (variants []any, named bool) {
	variants = append(slices.Clone(schema.list("oneOf")), schema.list("anyOf")...)
	for _, variant := range variants {
		o, _ := variant.(*object)
		if !slices.Equal(o.all(), []string{"required"}) {
			return variants, true
		}
	}
	return variants, false
}

func notes(schema part) []string {
	var said []string
	variants, named := alternatives(schema)
	if len(variants) > 0 && !named {
		var each []string
		for _, variant := range variants {
			each = append(each, strings.Join(texts(variant.(*object).list("required")), " with "))
		}
		said = append(said, "One of: "+strings.Join(each, ", ")+".")
	}
	if schema.get("additionalProperties") == false {
		said = append(said, "No other members are taken.")
	}
	return said
}

type fieldBuilder struct {
	documents *documents
	anchor    string
	rows      []field
}

// below adds what is inside a value of the schema. The schemas on the way here
// stop one that contains itself.
func (b *fieldBuilder) below(prefix string, schema part, way []*object) error {
	if slices.Contains(way, schema.object) {
		return nil
	}
	way = append(slices.Clone(way), schema.object)
	for _, each := range schema.list("allOf") {
		p, err := b.documents.follow(schema.file, each)
		if err != nil {
			return err
		}
		if err := b.below(prefix, p, way); err != nil {
			return err
		}
	}
	required := texts(schema.list("required"))
	properties := schema.child("properties")
	for _, name := range properties.all() {
		if err := b.add(prefix, name, properties.get(name), schema.file, slices.Contains(required, name), way); err != nil {
			return err
		}
	}
	if schema.child("additionalProperties") != nil {
		return b.add(prefix, "*", schema.get("additionalProperties"), schema.file, false, way)
	}
	if schema.child("items") != nil { // an array that is not a member: the whole body
		return b.add(prefix, "[]", schema.get("items"), schema.file, false, way)
	}
	return nil
}

func (b *fieldBuilder) add(prefix, name string, value any, file string, required bool, way []*object) error {
	schema, err := b.documents.follow(file, value)
	if err != nil {
		return err
	}
	f, err := b.documents.describe(schema)
	if err != nil {
		return err
	}
	f.Anchor = anchorOf(b.anchor, prefix+name)
	f.Prefix, f.Name, f.Required = prefix, name, required
	b.rows = append(b.rows, f)

	inner, path := schema, prefix+name
	for inner.child("items") != nil {
		if inner, err = b.documents.follow(inner.file, inner.get("items")); err != nil {
			return err
		}
		path += "[]"
	}
	return b.below(path+".", inner, way)
}

// describe fills in what a schema says of a single value.
func (d *documents) describe(schema part) (field, error) {
	f := field{
		Type: typeOf(schema), Rules: rules(schema.object), Pattern: schema.text("pattern"), Values: texts(schema.list("enum")),
		Sensitive: schema.get("x-sensitive") == true, Description: prose(schema.text("description")),
	}
	if schema.child("items") == nil {
		return f, nil
	}
	item, err := d.follow(schema.file, schema.get("items"))
	if err != nil {
		return f, err
	}
	each, err := d.describe(item)
	if err != nil {
		return f, err
	}
	f.Type = "array of " + each.Type
	for _, rule := range each.Rules {
		f.Rules = append(f.Rules, "each "+rule)
	}
	f.Sensitive = f.Sensitive || each.Sensitive
	if f.Values == nil {
		f.Values, f.Pattern = each.Values, each.Pattern
	}
	return f, nil
}

func typeOf(schema part) string {
	name := schema.text("type")
	if list := texts(schema.list("type")); len(list) > 0 {
		name = strings.Join(list, " or ")
	}
	if name == "" {
		name = "any"
	}
	if format := schema.text("format"); format != "" {
		name += " (" + format + ")"
	}
	return name
}

// rules are the bounds of a value, in words.
func rules(schema *object) []string {
	var said []string
	add := func(rule string) {
		if rule != "" {
			said = append(said, rule)
		}
	}
	add(bounds(schema, "minLength", "maxLength", "character"))
	add(bounds(schema, "minItems", "maxItems", "item"))
	add(bounds(schema, "minimum", "maximum", ""))
	if value, ok := schema.get("exclusiveMinimum").(json.Number); ok {
		add("more than " + value.String())
	}
	if value, ok := schema.get("exclusiveMaximum").(json.Number); ok {
		add("less than " + value.String())
	}
	if value, ok := schema.get("multipleOf").(json.Number); ok {
		add("a multiple of " + value.String())
	}
	if schema.get("uniqueItems") == true {
		add("no item twice")
	}
	if schema.has("const") {
		add("always " + literal(schema.get("const")))
	}
	if schema.has("default") {
		add(literal(schema.get("default")) + " unless given")
	}
	return said
}

func bounds(schema *object, least, most, unit string) string {
	low, hasLow := schema.get(least).(json.Number)
	high, hasHigh := schema.get(most).(json.Number)
	if hasLow && low == "0" && unit != "" {
		hasLow = false // a length is never less
	}
	count := func(n json.Number) string {
		switch {
		case unit == "":
			return n.String()
		case n == "1":
			return "1 " + unit
		}
		return n.String() + " " + unit + "s"
	}
	switch {
	case hasLow && hasHigh && low == high:
		return "exactly " + count(low)
	case hasLow && hasHigh:
		return low.String() + " to " + count(high)
	case hasLow:
		return "at least " + count(low)
	case hasHigh:
		return "at most " + count(high)
	}
	return ""
}

// literal is a value as JSON.
func literal(value any) string {
	text, err := compact(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// texts are the items of a list as texts.
func texts(list []any) []string {
	var all []string
	for _, item := range list {
		if text, ok := item.(string); ok {
			all = append(all, text)
		} else {
			all = append(all, literal(item))
		}
	}
	return all
}

// anchorOf makes an id of names; it keeps what may stand in a fragment as it is.
func anchorOf(names ...string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		case r == '*':
			return '_'
		}
		return -1
	}, strings.Join(names, "-"))
	return clean
}
