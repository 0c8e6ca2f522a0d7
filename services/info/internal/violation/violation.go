// Package violation says which fields of an entity break which rules. It knows
// no entity and no transport.
package violation

import "strings"

// Field is one broken rule.
type Field struct {
	// Field names the field as the API does, with dots and indexes: links[0].url.
	Field string
	// Message says what the field must be, for people.
	Message string
}

// Error lists all the rules that were broken, at least one.
type Error struct {
	Fields []Field
}

// Error implements error.
func (e *Error) Error() string {
	parts := make([]string, len(e.Fields))
	for i, field := range e.Fields {
		parts[i] = field.Field + " " + field.Message
	}
	return "invalid: " + strings.Join(parts, "; ")
}

// List collects broken rules. The zero value is ready for use.
type List struct {
	fields []Field
}

// Add notes that field breaks a rule.
func (l *List) Add(field, message string) {
	l.fields = append(l.fields, Field{Field: field, Message: message})
}

// Check notes a broken rule unless ok.
func (l *List) Check(ok bool, field, message string) {
	if !ok {
		l.Add(field, message)
	}
}

// Err is an *Error with what was collected, or nil.
func (l *List) Err() error {
	if len(l.fields) == 0 {
		return nil
	}
	return &Error{Fields: l.fields}
}
