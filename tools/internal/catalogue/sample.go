package catalogue

import (
	"encoding/json"
	"slices"
	"strings"
)

// masked stands where a sensitive value was, as contracts.Masker has it.
const masked = "***"

// sample returns a value of a schema: the document's own example where it has
// one, else one made of the examples of its parts.
func (d *documents) sample(schema part, way ...*object) (any, error) {
	if examples := schema.list("examples"); len(examples) > 0 {
		return examples[0], nil
	}
	for _, name := range []string{"example", "const", "default"} {
		if schema.has(name) {
			return schema.get(name), nil
		}
	}
	if values := schema.list("enum"); len(values) > 0 {
		return values[0], nil
	}
	if variants, named := alternatives(schema); named {
		p, err := d.follow(schema.file, variants[0])
		if err != nil {
			return nil, err
		}
		return d.sample(p, way...)
	}
	name := schema.text("type")
	if list := texts(schema.list("type")); len(list) > 0 {
		name = list[0]
	}
	switch name {
	case "object":
		return d.sampleObject(schema, way)
	case "array":
		item, err := d.follow(schema.file, schema.get("items"))
		if err != nil {
			return nil, err
		}
		value, err := d.sample(item, way...)
		return []any{value}, err
	case "integer", "number":
		if least, ok := schema.get("minimum").(json.Number); ok && least != "0" {
			return least, nil
		}
		return json.Number("1"), nil
	case "boolean":
		return true, nil
	}
	return sampleText(schema.object), nil
}

func (d *documents) sampleObject(schema part, way []*object) (any, error) {
	o := newObject()
	if slices.Contains(way, schema.object) {
		return o, nil
	}
	way = append(slices.Clone(way), schema.object)
	properties, required := schema.child("properties"), texts(schema.list("required"))
	for _, name := range properties.all() {
		p, err := d.follow(schema.file, properties.get(name))
		if err != nil {
			return nil, err
		}
		value, err := d.sample(p, way...)
		if err != nil {
			return nil, err
		}
		if !unsaid(value) || slices.Contains(required, name) {
			o.set(name, value)
		}
	}
	if schema.child("additionalProperties") != nil {
		p, err := d.follow(schema.file, schema.get("additionalProperties"))
		if err != nil {
			return nil, err
		}
		value, err := d.sample(p, way...)
		if err != nil {
			return nil, err
		}
		o.set("name", value)
	}
	return o, nil
}

var samplesOfFormat = map[string]string{
	"uuid":      "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b",
	"date-time": "2027-06-01T18:00:00.000Z",
	"date":      "2027-06-01",
	"email":     "ada@example.com",
	"uri":       "https://example.com/",
}

func sampleText(schema *object) string {
	if text, known := samplesOfFormat[schema.text("format")]; known {
		return text
	}
	return ellipsis
}

// ellipsis stands for a text that no document gives an example of.
const ellipsis = "…"

// unsaid tells a value that shows nothing.
func unsaid(value any) bool {
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0]
	}
	return value == ellipsis
}

// conceal returns the value with what its schema marks as sensitive replaced.
func (d *documents) conceal(value any, schema part) (any, error) {
	if schema.get("x-sensitive") == true {
		return masked, nil
	}
	switch v := value.(type) {
	case *object:
		shown := newObject()
		for _, name := range v.names {
			shown.set(name, v.members[name])
		}
		shapes := []part{schema}
		for _, each := range slices.Concat(schema.list("allOf"), schema.list("oneOf"), schema.list("anyOf")) {
			shape, err := d.follow(schema.file, each)
			if err != nil {
				return nil, err
			}
			shapes = append(shapes, shape)
		}
		for _, shape := range shapes {
			properties := shape.child("properties")
			for _, name := range v.names {
				if !properties.has(name) {
					continue
				}
				below, err := d.follow(shape.file, properties.get(name))
				if err != nil {
					return nil, err
				}
				value, err := d.conceal(shown.members[name], below)
				if err != nil {
					return nil, err
				}
				shown.set(name, value)
			}
		}
		return shown, nil
	case []any:
		if schema.child("items") == nil {
			return v, nil
		}
		below, err := d.follow(schema.file, schema.get("items"))
		if err != nil {
			return nil, err
		}
		shown := make([]any, len(v))
		for i := range v {
			if shown[i], err = d.conceal(v[i], below); err != nil {
				return nil, err
			}
		}
		return shown, nil
	}
	return value, nil
}

// as returns the value in the order of the first and with the content of the
// second, which is a masked copy of the first.
func as(value, hidden any) any {
	switch v := value.(type) {
	case *object:
		h, ok := hidden.(*object)
		if !ok {
			return hidden
		}
		shown := newObject()
		for _, name := range v.names {
			if h.has(name) {
				shown.set(name, as(v.members[name], h.members[name]))
			}
		}
		return shown
	case []any:
		h, ok := hidden.([]any)
		if !ok || len(h) != len(v) {
			return hidden
		}
		shown := make([]any, len(v))
		for i := range v {
			shown[i] = as(v[i], h[i])
		}
		return shown
	}
	return hidden
}

// shellQuoted is a text as one word of a shell, expanding nothing.
func shellQuoted(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
