package catalogue

import (
	"encoding/json"
	"html/template"
	"strings"
)

// highlight writes a value as JSON for people: names, texts and the rest in
// classes of their own, which the stylesheet colours.
func highlight(value any) (template.HTML, error) {
	var b strings.Builder
	if err := writeHighlighted(&b, value, ""); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil //nolint:gosec // all texts are escaped by span
}

func writeHighlighted(b *strings.Builder, value any, indent string) error {
	deeper := indent + "  "
	switch v := value.(type) {
	case *object:
		if len(v.names) == 0 {
			b.WriteString("{}")
			return nil
		}
		b.WriteString("{\n")
		for i, name := range v.names {
			b.WriteString(deeper)
			if err := span(b, "k", name); err != nil {
				return err
			}
			b.WriteString(": ")
			if err := writeHighlighted(b, v.members[name], deeper); err != nil {
				return err
			}
			writeEnd(b, i == len(v.names)-1)
		}
		b.WriteString(indent + "}")
	case []any:
		if len(v) == 0 {
			b.WriteString("[]")
			return nil
		}
		if short(v) {
			b.WriteByte('[')
			for i, item := range v {
				if i > 0 {
					b.WriteString(", ")
				}
				if err := writeHighlighted(b, item, indent); err != nil {
					return err
				}
			}
			b.WriteByte(']')
			return nil
		}
		b.WriteString("[\n")
		for i, item := range v {
			b.WriteString(deeper)
			if err := writeHighlighted(b, item, deeper); err != nil {
				return err
			}
			writeEnd(b, i == len(v)-1)
		}
		b.WriteString(indent + "]")
	case string:
		return span(b, "s", v)
	case json.Number:
		return span(b, "n", v)
	default:
		return span(b, "l", v)
	}
	return nil
}

// short tells a list of plain values that fits on a line.
func short(list []any) bool {
	const width = 50
	length := 0
	for _, item := range list {
		switch item.(type) {
		case *object, []any:
			return false
		}
		length += len(literal(item)) + len(", ")
	}
	return length <= width
}

func writeEnd(b *strings.Builder, last bool) {
	if !last {
		b.WriteByte(',')
	}
	b.WriteByte('\n')
}

// markup escapes what is between tags; quotes are nothing special there, and JSON
// is full of them.
var markup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func span(b *strings.Builder, class string, value any) error {
	text, err := compact(value)
	if err != nil {
		return err
	}
	b.WriteString(`<span class="` + class + `">` + markup.Replace(string(text)) + `</span>`)
	return nil
}
