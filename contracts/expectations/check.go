package expectations

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// MissingError reports that an event lacks what a consumer needs.
type MissingError struct {
	Consumer string
	Type     string
	// Pointer leads to what is missing, with the number of each item.
	Pointer string
}

// Error implements error.
func (e *MissingError) Error() string {
	return fmt.Sprintf("%s needs %s of %s, which is missing", e.Consumer, e.Pointer, e.Type)
}

// Check holds an event's data to what all consumers of its type rely on. The
// error joins a *MissingError for everything that is not there; what is null is
// not there either. A type that nobody expects anything of is fine.
func (s Set) Check(eventType string, data []byte) error {
	var value any
	var errs []error
	for _, c := range s {
		for _, e := range c.Events {
			if e.Type != eventType {
				continue
			}
			if value == nil {
				var err error
				if value, err = decode(data); err != nil {
					return fmt.Errorf("%s: %w", eventType, err)
				}
			}
			for _, p := range e.Needs {
				for _, missing := range e.missing(value, p, 0, "") {
					errs = append(errs, &MissingError{Consumer: c.Name, Type: eventType, Pointer: missing})
				}
			}
		}
	}
	return errors.Join(errs...)
}

// missing follows p from its step-th step on. value is what the steps before
// lead to, at place.
func (e Event) missing(value any, p Pointer, step int, place string) []string {
	steps := p.steps()
	if step == len(steps) {
		return nil
	}
	if steps[step] == everyItem {
		items, ok := value.([]any)
		if !ok {
			return []string{place + "/" + everyItem}
		}
		var missing []string
		for i, item := range items {
			missing = append(missing, e.next(item, p, step, place+"/"+strconv.Itoa(i))...)
		}
		return missing
	}
	object, _ := value.(map[string]any)
	return e.next(object[steps[step]], p, step, place+"/"+steps[step])
}

// next goes on behind the step, which leads to value.
func (e Event) next(value any, p Pointer, step int, place string) []string {
	switch {
	case value != nil:
		return e.missing(value, p, step+1, place)
	case e.mayLack(p.above(step + 1)):
		return nil
	}
	return []string{place}
}

func decode(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}
