package contracts

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ErrUnknownType reports an event type that no schema describes.
var ErrUnknownType = errors.New("no schema for the event type")

// schemaBase is what every $id starts with; the rest is the file's path below events.
const schemaBase = "https://ticketmesh.dev/schemas/events/"

// Validator checks the data of events against their schemas. A schema is
// compiled when it is first needed. Safe for concurrent use.
type Validator struct {
	mu       sync.RWMutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
	paths    map[string]string
}

// NewValidator reads the embedded schemas. It fails only when they are broken,
// which the tests of this module exclude.
func NewValidator() (*Validator, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat() // 2020-12 makes format an annotation unless told otherwise
	v := &Validator{compiler: compiler, compiled: map[string]*jsonschema.Schema{}, paths: map[string]string{}}
	err := fs.WalkDir(Files, "events", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".schema.json") {
			return err
		}
		text, err := Files.ReadFile(file)
		if err != nil {
			return err
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		location := strings.TrimPrefix(file, "events/")
		if err := compiler.AddResource(schemaBase+location, document); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		service, name := path.Split(location)
		if service != "" {
			v.paths["ticketmesh."+strings.TrimSuffix(service, "/")+"."+strings.TrimSuffix(name, ".schema.json")] = location
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Types returns the types of all events, sorted.
func (v *Validator) Types() []string {
	types := make([]string, 0, len(v.paths))
	for eventType := range v.paths {
		types = append(types, eventType)
	}
	slices.Sort(types)
	return types
}

// SchemaID returns the $id of the type's schema, or "".
func (v *Validator) SchemaID(eventType string) string {
	location, known := v.paths[eventType]
	if !known {
		return ""
	}
	return schemaBase + location
}

// Validate checks data, a JSON text, against the schema of the event type. The
// error names the place and the rule; it is ErrUnknownType where there is no
// schema. Unknown members are fine.
func (v *Validator) Validate(eventType string, data []byte) error {
	schema, err := v.Schema(eventType)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%s: data is not JSON: %w", eventType, err)
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("%s: %w", eventType, err)
	}
	return nil
}

// Schema returns the compiled schema of the event type, which the caller must not
// change. The error is ErrUnknownType where there is none.
func (v *Validator) Schema(eventType string) (*jsonschema.Schema, error) {
	v.mu.RLock()
	schema := v.compiled[eventType]
	v.mu.RUnlock()
	if schema != nil {
		return schema, nil
	}
	location, known := v.paths[eventType]
	if !known {
		return nil, fmt.Errorf("%w: %s", ErrUnknownType, eventType)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	schema, err := v.compiler.Compile(schemaBase + location)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", eventType, err)
	}
	v.compiled[eventType] = schema
	return schema, nil
}
