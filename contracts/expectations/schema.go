package expectations

import (
	"errors"
	"fmt"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schemas has the schema of each event type. *contracts.Validator is one.
type Schemas interface {
	Schema(eventType string) (*jsonschema.Schema, error)
}

// CheckSchemas holds the schemas to what all consumers rely on: every pointer is
// declared, and what is needed is required and not null all along its path,
// except where the same event's uses name a step of it. The error names every
// file and pointer that does not hold.
func (s Set) CheckSchemas(schemas Schemas) error {
	var errs []error
	for _, c := range s {
		for _, e := range c.Events {
			where := fmt.Sprintf("%s/%s.yaml: %s", Folder, c.Name, e.Type)
			schema, err := schemas.Schema(e.Type)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", where, err))
				continue
			}
			for _, p := range e.Needs {
				if err := e.promised(schema, p); err != nil {
					errs = append(errs, fmt.Errorf("%s needs %s: %w", where, p, err))
				}
			}
			for _, p := range e.Uses {
				if err := declared(schema, p); err != nil {
					errs = append(errs, fmt.Errorf("%s uses %s: %w", where, p, err))
				}
			}
		}
	}
	return errors.Join(errs...)
}

func declared(schema *jsonschema.Schema, p Pointer) error {
	at := view{schema}
	for i, step := range p.steps() {
		if at = at.step(step); len(at) == 0 {
			return fmt.Errorf("the schema does not declare %s", p.above(i+1))
		}
	}
	return nil
}

func (e Event) promised(schema *jsonschema.Schema, p Pointer) error {
	at := view{schema}
	for i, step := range p.steps() {
		below, above := at.step(step), p.above(i+1)
		switch {
		case len(below) == 0:
			return fmt.Errorf("the schema does not declare %s", above)
		case e.mayLack(above):
		case step != everyItem && !at.requires(step):
			return fmt.Errorf("the schema does not require %s", above)
		case below.nullable():
			return fmt.Errorf("the schema lets %s be null", above)
		}
		at = below
	}
	return nil
}

// view is the schemas that hold for one value together.
type view []*jsonschema.Schema

// all adds what the schemas refer to.
func (v view) all() view {
	var all view
	for _, schema := range v {
		if schema == nil {
			continue
		}
		all = append(all, schema)
		all = append(all, view{schema.Ref}.all()...)
		all = append(all, view(schema.AllOf).all()...)
	}
	return all
}

func (v view) step(step string) view {
	var below view
	for _, schema := range v.all() {
		next := schema.Properties[step]
		if step == everyItem {
			next = schema.Items2020
		}
		if next != nil {
			below = append(below, next)
		}
	}
	return below
}

func (v view) requires(name string) bool {
	return slices.ContainsFunc(v.all(), func(s *jsonschema.Schema) bool { return slices.Contains(s.Required, name) })
}

// nullable says whether null is valid.
func (v view) nullable() bool {
	return !slices.ContainsFunc(v, func(s *jsonschema.Schema) bool { return s.Validate(nil) != nil })
}
