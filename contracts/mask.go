package contracts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"strings"
	"sync"
)

// masked stands where a sensitive value was.
const masked = "***"

// Masker replaces what the schemas mark with x-sensitive, for people who watch
// events: logs, the tail, the development pages. Safe for concurrent use.
type Masker struct {
	mu    sync.Mutex
	paths map[string]map[string]any // event type -> tree of members; true marks
	files map[string]map[string]any
}

// NewMasker returns a Masker for the embedded schemas.
func NewMasker() *Masker {
	return &Masker{paths: map[string]map[string]any{}, files: map[string]map[string]any{}}
}

// Mask returns the data of an event with its sensitive values replaced. Data of
// a type that no schema describes comes back as an empty object: nobody knows
// what is in it.
func (m *Masker) Mask(eventType string, data []byte) ([]byte, error) {
	tree, err := m.tree(eventType)
	if err != nil {
		return []byte("{}"), nil //nolint:nilerr // an unknown type is not an error of the caller
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("%s: %w", eventType, err)
	}
	return json.Marshal(apply(value, tree))
}

// apply masks value along the tree. The member "*" is every item of a list.
func apply(value any, tree map[string]any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, below := range tree {
			member, there := v[name]
			if !there {
				continue
			}
			if below == true {
				v[name] = masked
			} else {
				v[name] = apply(member, below.(map[string]any))
			}
		}
	case []any:
		below, _ := tree["*"].(map[string]any)
		for i := range v {
			if tree["*"] == true {
				v[i] = masked
			} else {
				v[i] = apply(v[i], below)
			}
		}
	}
	return value
}

func (m *Masker) tree(eventType string) (map[string]any, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if tree, known := m.paths[eventType]; known {
		return tree, nil
	}
	service, name, found := strings.Cut(strings.TrimPrefix(eventType, "ticketmesh."), ".")
	if !found {
		return nil, ErrUnknownType
	}
	file := path.Join("events", service, name+".schema.json")
	schema, err := m.file(file)
	if err != nil {
		return nil, err
	}
	tree, err := m.sensitive(file, schema)
	if err != nil {
		return nil, err
	}
	m.paths[eventType] = tree
	return tree, nil
}

func (m *Masker) file(name string) (map[string]any, error) {
	if schema, known := m.files[name]; known {
		return schema, nil
	}
	text, err := Files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m.files[name] = schema
	return schema, nil
}

// sensitive returns the tree of marked members below a schema of the file.
func (m *Masker) sensitive(file string, schema map[string]any) (map[string]any, error) {
	tree := map[string]any{}
	if reference, ok := schema["$ref"].(string); ok {
		target, targetFile, err := m.resolve(file, reference)
		if err != nil {
			return nil, err
		}
		below, err := m.sensitive(targetFile, target)
		if err != nil {
			return nil, err
		}
		maps.Copy(tree, below)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, member := range properties {
		if err := m.add(tree, name, file, member); err != nil {
			return nil, err
		}
	}
	if items, ok := schema["items"]; ok {
		if err := m.add(tree, "*", file, items); err != nil {
			return nil, err
		}
	}
	return tree, nil
}

func (m *Masker) add(tree map[string]any, name, file string, member any) error {
	schema, ok := member.(map[string]any)
	if !ok {
		return nil
	}
	if schema["x-sensitive"] == true {
		tree[name] = true
		return nil
	}
	below, err := m.sensitive(file, schema)
	if err != nil {
		return err
	}
	if len(below) > 0 {
		tree[name] = below
	}
	return nil
}

func (m *Masker) resolve(file, reference string) (map[string]any, string, error) {
	location, pointer, _ := strings.Cut(reference, "#")
	target := file
	if location != "" {
		target = path.Join(path.Dir(file), location)
	}
	schema, err := m.file(target)
	if err != nil {
		return nil, "", err
	}
	for name := range strings.SplitSeq(strings.Trim(pointer, "/"), "/") {
		next, ok := schema[name].(map[string]any)
		if !ok {
			return nil, "", fmt.Errorf("%s: no %q", reference, name)
		}
		schema = next
	}
	return schema, target, nil
}

// MaskEvent masks the data of a whole CloudEvent in JSON.
func (m *Masker) MaskEvent(envelope []byte) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(envelope, &members); err != nil {
		return nil, err
	}
	var eventType string
	if err := json.Unmarshal(members["type"], &eventType); err != nil {
		return nil, fmt.Errorf("type: %w", err)
	}
	data, err := m.Mask(eventType, members["data"])
	if err != nil {
		return nil, err
	}
	members["data"] = data
	return json.Marshal(members)
}
