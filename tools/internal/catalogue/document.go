package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// object is a JSON object that keeps its members in the order in which they were
// written: readers expect the fields as the author arranged them. All methods
// take a nil object for an empty one.
type object struct {
	names   []string
	members map[string]any // *object, []any, string, json.Number, bool or nil
}

func newObject() *object { return &object{members: map[string]any{}} }

func (o *object) set(name string, value any) {
	if _, known := o.members[name]; !known {
		o.names = append(o.names, name)
	}
	o.members[name] = value
}

func (o *object) get(name string) any {
	if o == nil {
		return nil
	}
	return o.members[name]
}

func (o *object) all() []string {
	if o == nil {
		return nil
	}
	return o.names
}

func (o *object) has(name string) bool { return slices.Contains(o.all(), name) }

func (o *object) child(name string) *object {
	value, _ := o.get(name).(*object)
	return value
}

func (o *object) list(name string) []any {
	value, _ := o.get(name).([]any)
	return value
}

func (o *object) text(name string) string {
	value, _ := o.get(name).(string)
	return value
}

// MarshalJSON implements json.Marshaler.
func (o *object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := compact(name)
		if err != nil {
			return nil, err
		}
		value, err := compact(o.members[name])
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// compact is JSON on one line, with < and > as they are.
func compact(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// indented is JSON for people.
func indented(value any) ([]byte, error) {
	text, err := compact(value)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func readJSON(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value, err := nextJSON(decoder)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one value")
	}
	return value, nil
}

func nextJSON(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := newObject()
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			value, err := nextJSON(decoder)
			if err != nil {
				return nil, err
			}
			o.set(name.(string), value) // the decoder lets nothing else be a name
		}
		_, err = decoder.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			value, err := nextJSON(decoder)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = decoder.Token()
		return list, err
	}
	return token, nil
}

func readYAML(text []byte) (any, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return nil, err
	}
	return fromNode(&node)
}

func fromNode(node *yaml.Node) (any, error) {
	switch node.Kind {
	case yaml.DocumentNode:
		return fromNode(node.Content[0])
	case yaml.AliasNode:
		return fromNode(node.Alias)
	case yaml.MappingNode:
		o := newObject()
		for i := 0; i < len(node.Content); i += 2 {
			value, err := fromNode(node.Content[i+1])
			if err != nil {
				return nil, err
			}
			o.set(node.Content[i].Value, value)
		}
		return o, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range node.Content {
			value, err := fromNode(item)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	switch node.Tag {
	case "!!int", "!!float":
		return json.Number(node.Value), nil
	case "!!bool":
		var value bool
		err := node.Decode(&value)
		return value, err
	case "!!null":
		return nil, nil
	}
	return node.Value, nil // also dates, which JSON does not have
}

// documents reads files once and follows references between them.
type documents struct {
	files fs.FS
	read  map[string]*object
}

func (d *documents) open(name string) (*object, error) {
	if document, known := d.read[name]; known {
		return document, nil
	}
	text, err := fs.ReadFile(d.files, name)
	if err != nil {
		return nil, err
	}
	parse := readYAML
	if path.Ext(name) == ".json" {
		parse = readJSON
	}
	value, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	document, ok := value.(*object)
	if !ok {
		return nil, fmt.Errorf("%s: not an object", name)
	}
	d.read[name] = document
	return document, nil
}

// part is an object of a document, which its references are relative to.
type part struct {
	*object
	file string
	name string // the last name of the reference that led here, or ""
}

// follow returns what value, an object of the file, refers to; itself when it
// refers to nothing. What stands beside the reference comes before what is there.
func (d *documents) follow(file string, value any) (part, error) {
	o, ok := value.(*object)
	if !ok {
		return part{}, fmt.Errorf("%s: an object is expected, not %v", file, value)
	}
	p := part{object: o, file: file}
	for p.has("$ref") {
		target, err := d.target(p.file, p.text("$ref"))
		if err != nil {
			return part{}, err
		}
		if len(p.names) > 1 {
			target.object = beside(p.object, target.object)
		}
		p = target
	}
	return p, nil
}

func (d *documents) target(file, reference string) (part, error) {
	location, pointer, _ := strings.Cut(reference, "#")
	target := part{file: file}
	if location != "" {
		target.file = path.Join(path.Dir(file), location)
	}
	document, err := d.open(target.file)
	if err != nil {
		return part{}, err
	}
	target.object = document
	for name := range strings.SplitSeq(strings.Trim(pointer, "/"), "/") {
		if name == "" {
			continue
		}
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		if target.object = target.child(name); target.object == nil {
			return part{}, fmt.Errorf("%s: %s: there is no %q", file, reference, name)
		}
		target.name = name
	}
	return target, nil
}

func beside(near, far *object) *object {
	merged := newObject()
	for _, o := range []*object{far, near} {
		for _, name := range o.names {
			if name != "$ref" || o == far {
				merged.set(name, o.members[name])
			}
		}
	}
	return merged
}
