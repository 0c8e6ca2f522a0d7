// Package violation says which fields of an entity break which rules. It knows
// no entity and no transport.
package violation

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxFields bounds how much an answer says about a body that is wrong all over.
const maxFields = 50

// Field is one broken rule.
type Field struct {
	// Field names the field as the API does: seatMap.areas[0].rows[2].seats.
	Field string
	// Message says what is wrong with it, for people.
	Message string
}

// Error lists the rules that were broken, at least one and at most 50.
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

// Add notes that field breaks a rule; the message is formatted as by fmt.
func (l *List) Add(field, message string, args ...any) {
	if l.Full() {
		return
	}
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	l.fields = append(l.fields, Field{Field: field, Message: message})
}

// Full reports that nothing more is noted, so that checking may stop.
func (l *List) Full() bool { return len(l.fields) >= maxFields }

// Text checks that value is valid UTF-8 of at most most characters (not
// bytes), and more than spaces when it is required.
func (l *List) Text(field, value string, most int, required bool) {
	switch {
	case !utf8.ValidString(value):
		l.Add(field, "must be valid UTF-8")
	case required && strings.TrimSpace(value) == "":
		l.Add(field, "must not be blank")
	case utf8.RuneCountInString(value) > most:
		l.Add(field, "must not be longer than %d characters", most)
	}
}

// Err is an *Error with what was collected, or nil.
func (l *List) Err() error {
	if len(l.fields) == 0 {
		return nil
	}
	return &Error{Fields: l.fields}
}
