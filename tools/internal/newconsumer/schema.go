package newconsumer

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

const sharedFile = "events/shared.v1.schema.json"

// schema is as much of JSON Schema as the contracts use and Go types can say.
type schema struct {
	Ref         string   `yaml:"$ref"`
	EventType   string   `yaml:"x-event-type"`
	Sensitive   bool     `yaml:"x-sensitive"`
	Title       string   `yaml:"title"`
	Description string   `yaml:"description"`
	Type        string   `yaml:"type"`
	Format      string   `yaml:"format"`
	Required    []string `yaml:"required"`
	Enum        []string `yaml:"enum"`
	Items       *schema  `yaml:"items"`
	// Properties keep their order, which a map would lose.
	Properties yaml.Node          `yaml:"properties"`
	Defs       map[string]*schema `yaml:"$defs"`

	file string // that references are relative to
	name string // of a definition
}

// property is a member of an object.
type property struct {
	name     string
	schema   *schema
	required bool
}

// schemas reads schemas and follows their references.
type schemas struct {
	files fs.FS
	read  map[string]*schema
}

func newSchemas(files fs.FS) *schemas { return &schemas{files: files, read: map[string]*schema{}} }

func (s *schemas) load(file string) (*schema, error) {
	if loaded, ok := s.read[file]; ok {
		return loaded, nil
	}
	text, err := fs.ReadFile(s.files, file)
	if err != nil {
		return nil, err
	}
	loaded := &schema{file: file}
	if err := yaml.Unmarshal(text, loaded); err != nil { // JSON is YAML
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	s.read[file] = loaded
	return loaded, nil
}

// byType returns the schema's file of each event type.
func (s *schemas) byType() (map[string]string, error) {
	files, err := fs.Glob(s.files, "events/*/*.schema.json")
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, file := range files {
		loaded, err := s.load(file)
		if err != nil {
			return nil, err
		}
		found[loaded.EventType] = file
	}
	return found, nil
}

// resolve follows the references of a schema, which keeps what it says itself.
func (s *schemas) resolve(v *schema) (*schema, error) {
	if v.Ref == "" {
		return v, nil
	}
	file, pointer, _ := strings.Cut(v.Ref, "#")
	if file == "" {
		file = v.file
	} else {
		file = path.Join(path.Dir(v.file), file)
	}
	loaded, err := s.load(file)
	if err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(pointer, "/$defs/")
	definition, ok := loaded.Defs[name]
	if !ok {
		return nil, fmt.Errorf("%s: %s leads nowhere", v.file, v.Ref)
	}
	target := *definition
	target.file, target.name = file, name
	resolved, err := s.resolve(&target)
	if err != nil {
		return nil, err
	}
	merged := *resolved
	merged.Required = slices.Concat(merged.Required, v.Required)
	if v.Description != "" {
		merged.Description = v.Description
	}
	return &merged, nil
}

// properties returns the members of an object in the schema's order, each
// resolved.
func (s *schemas) properties(v *schema) ([]property, error) {
	var all []property
	for i := 0; i+1 < len(v.Properties.Content); i += 2 {
		p := property{name: v.Properties.Content[i].Value, schema: &schema{}}
		if err := v.Properties.Content[i+1].Decode(p.schema); err != nil {
			return nil, err
		}
		p.schema.file = v.file
		var err error
		if p.schema, err = s.resolve(p.schema); err != nil {
			return nil, err
		}
		p.required = slices.Contains(v.Required, p.name)
		all = append(all, p)
	}
	return all, nil
}

// items returns the resolved schema of an array's items.
func (s *schemas) items(v *schema) (*schema, error) {
	if v.Items == nil {
		return nil, fmt.Errorf("%s: an array of anything", v.file)
	}
	item := *v.Items
	item.file = v.file
	return s.resolve(&item)
}
