package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/ogen-go/ogen/validate"

	"ticketmesh.dev/platform/problem"
)

// bodyField stands for the body as a whole.
const bodyField = "body"

// validationFields lists what a generated Validate found, each with its path.
func validationFields(path string, e *validate.Error) []problem.Field {
	var fields []problem.Field
	for _, f := range e.Fields {
		at := member(path, f.Name)
		if strings.HasPrefix(f.Name, "[") {
			at = path + f.Name
		}
		var nested *validate.Error
		if errors.As(f.Error, &nested) {
			fields = append(fields, validationFields(at, nested)...)
			continue
		}
		fields = append(fields, problem.Field{Field: at, Message: message(f.Error)})
	}
	return fields
}

// decodeFields says what kept a generated Decode from reading body. The error
// holds the way down as texts, `decode field "items"` and `callback`, but not
// which item it was; that is looked up in the body.
func decodeFields(body []byte, err error) []problem.Field {
	steps, leaf := descend(err)
	text := leaf.Error()

	var missing *validate.Error
	if errors.As(leaf, &missing) && len(missing.Fields) > 0 {
		first := missing.Fields[0].Name
		path := locate(body, steps, func(value []byte) bool { return value[0] == '{' && !has(value, first) })
		return validationFields(path, missing)
	}
	if name, found := strings.CutPrefix(text, "unexpected field "); found {
		if s, err := strconv.Unquote(name); err == nil {
			name = s
		}
		path := locate(body, steps, func(value []byte) bool { return has(value, name) })
		return []problem.Field{{Field: member(path, name), Message: "is not a known field"}}
	}
	if m := offsetOf.FindStringSubmatch(text); m != nil {
		offset, _ := strconv.Atoi(m[1]) // digits by the pattern; 0 if there are too many
		path := pathAt(body, offset)
		if path == "" {
			path = bodyField
		}
		return []problem.Field{{Field: path, Message: wrongType(err.Error(), body, offset)}}
	}
	path := locate(body, steps, suspect(leaf))
	if path == "" {
		path = bodyField
	}
	return []problem.Field{{Field: path, Message: message(leaf)}}
}

// offsetOf finds where jx met a byte it did not expect.
var offsetOf = regexp.MustCompile(`unexpected byte \d+ .+ at (\d+)$`)

// descend follows a decoder's error to its innermost cause and returns the way.
func descend(err error) (steps []step, leaf error) {
	inObject := false
	for {
		var stop *validate.Error
		if errors.As(err, &stop) && error(stop) == err {
			return steps, err
		}
		inner := errors.Unwrap(err)
		if inner == nil {
			return steps, err
		}
		own := strings.TrimSuffix(strings.TrimSuffix(err.Error(), inner.Error()), ": ")
		switch name, isField := strings.CutPrefix(own, "decode field "); {
		case isField:
			if s, err := strconv.Unquote(name); err == nil {
				name = s
			}
			steps = append(steps, step{key: name})
			inObject = false
		case strings.HasPrefix(own, "decode ") || own == "capture":
			inObject = true // the callback that follows is the object's own
		case own == "callback" && inObject:
			inObject = false
		case own == "callback":
			steps = append(steps, step{any: true})
		}
		err = inner
	}
}

// locate is the path at steps with the numbers of items filled in: those of the
// first value that is bad, or of the only one there is.
func locate(body []byte, steps []step, bad func(value []byte) bool) string {
	if path, found := find(body, steps, func(v []byte) bool { return len(v) > 0 && bad(v) }); found {
		return path
	}
	var only string
	count := 0
	find(body, steps, func([]byte) bool { count++; return false })
	if count == 1 {
		only, _ = find(body, steps, func([]byte) bool { return true })
		return only
	}
	return stepsPath(steps)
}

func has(object []byte, name string) bool {
	found := false
	children(object, 0, func(key string, _, _ int) bool {
		found = found || key == name
		return !found
	})
	return found && object[0] == '{'
}

// suspect recognises the value that the error complains of.
func suspect(leaf error) func(value []byte) bool {
	var parse *time.ParseError
	switch {
	case errors.As(leaf, &parse):
		return badText(func(s string) bool { _, err := time.Parse(parse.Layout, s); return err != nil })
	case isUUIDError(leaf):
		return badText(func(s string) bool { return uuid.Validate(s) != nil })
	case errors.Is(leaf, strconv.ErrRange):
		return func(value []byte) bool {
			_, err := strconv.ParseInt(string(value), 10, 32)
			return err != nil
		}
	}
	return func([]byte) bool { return false }
}

func badText(bad func(string) bool) func(value []byte) bool {
	return func(value []byte) bool {
		var s string
		return value[0] == '"' && json.Unmarshal(value, &s) == nil && bad(s)
	}
}

func isUUIDError(err error) bool {
	return uuid.IsInvalidLengthError(err) || strings.HasPrefix(err.Error(), "invalid UUID") || strings.HasPrefix(err.Error(), "invalid urn")
}

// wrongType says what is at offset, where something else was expected.
func wrongType(text string, body []byte, offset int) string {
	switch {
	case strings.Contains(text, "unexpected floating point character"):
		return "must be a whole number"
	case strings.Contains(text, `"[" expected`):
		return "must be an array"
	case strings.Contains(text, `"{" expected`):
		return "must be an object"
	case offset >= len(body):
		return notJSON
	}
	switch c := body[offset]; {
	case c == '"':
		return "must not be a string"
	case c == 'n':
		return "must not be null"
	case c == 't' || c == 'f':
		return "must not be a boolean"
	case c == '{':
		return "must not be an object"
	case c == '[':
		return "must not be an array"
	case c == '-' || c >= '0' && c <= '9':
		return "must not be a number"
	}
	return notJSON
}

// message says in plain words what is wrong with one value. Texts of the
// decoders and validators are recognised, never passed on.
func message(err error) string {
	var (
		short     *validate.MinLengthError
		long      *validate.MaxLengthError
		pattern   *validate.NoRegexMatchError
		duplicate *validate.DuplicateItemsError
		parse     *time.ParseError
		number    *strconv.NumError
	)
	text := err.Error()
	things := "characters"
	if strings.HasPrefix(text, "array: ") {
		things = "items"
	}
	switch {
	case errors.Is(err, validate.ErrFieldRequired):
		return "is required"
	case errors.As(err, &short) && short.MinLength == 1:
		return "must not be empty"
	case errors.As(err, &short):
		return fmt.Sprintf("must have at least %d %s", short.MinLength, things)
	case errors.As(err, &long):
		return fmt.Sprintf("must have at most %d %s", long.MaxLength, things)
	case errors.As(err, &pattern) && strings.Contains(pattern.Pattern.String(), "@"):
		return "must be an e-mail address"
	case errors.As(err, &pattern):
		return "must match " + pattern.Pattern.String()
	case errors.As(err, &duplicate), strings.Contains(text, "duplicate element"):
		return "must not hold the same item twice"
	case errors.As(err, &parse):
		return "must be " + example(parse.Layout)
	case isUUIDError(root(err)):
		return "must be a UUID"
	case errors.Is(err, strconv.ErrRange):
		return "is out of range"
	case errors.As(err, &number):
		return ofNumber(number)
	}
	if m := beyond.FindStringSubmatch(text); m != nil {
		return bound(m[2] == "less", m[1], m[3])
	}
	for _, known := range texts {
		if m := known.pattern.FindStringSubmatch(text); m != nil {
			return known.message + strings.Join(m[1:], "")
		}
	}
	return "is not valid"
}

// beyond is a number outside its bounds, which are exclusive if they are equal
// to it.
var beyond = regexp.MustCompile(`value (\S+) (less|greater) than (?:minimum |maximum )?(\S+)$`)

func bound(below bool, value, limit string) string {
	words := map[[2]bool]string{
		{true, false}: "must be at least ", {true, true}: "must be greater than ",
		{false, false}: "must be at most ", {false, true}: "must be less than ",
	}
	return words[[2]bool{below, value == limit}] + strings.TrimSuffix(limit, ".000000")
}

func root(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// texts are the messages that ogen's validators have no type for.
var texts = []struct {
	pattern *regexp.Regexp
	message string
}{
	{regexp.MustCompile(`value \S+ is not multiple of (\S+)$`), "must be a multiple of "},
	{regexp.MustCompile(`object properties number \d+ less than minimum (\d+)$`), "must have a number of members of at least "},
	{regexp.MustCompile(`object properties number \d+ greater than maximum (\d+)$`), "must have a number of members of at most "},
	{regexp.MustCompile(`^invalid value: `), "is not one of the allowed values"},
	{regexp.MustCompile(`unable to detect sum type variant|inferred invalid type|invalid type |unknown type `), "has none of the allowed forms"},
	{regexp.MustCompile(`multiple oneOf matches`), "mixes several of the allowed forms"},
	{regexp.MustCompile(`unexpected json type`), "is of the wrong type"},
	{regexp.MustCompile(`multiple values|multiple Value`), "is given more than once"},
	{regexp.MustCompile(`not set$`), "is required"},
	{regexp.MustCompile(`nil is invalid value`), "is required"},
	{regexp.MustCompile(`unexpected trailing data`), "has something after the JSON value"},
	{regexp.MustCompile(`^(?:string: )?(?:blank|no @|got @ at start|@ at end|got @ multiple times)$`), "must be an e-mail address"},
	{regexp.MustCompile(`(?:space character|not printable character|invalid character) \(U\+[0-9A-F]+\)$`), "has a character that is not allowed"},
}

func ofNumber(e *strconv.NumError) string {
	switch e.Func {
	case "ParseBool":
		return "must be true or false"
	case "ParseFloat":
		return "must be a number"
	}
	return "must be a whole number"
}

// example shows a time layout by a time written in it.
func example(layout string) string {
	at := time.Date(2027, 6, 1, 20, 0, 0, 0, time.UTC)
	switch layout {
	case time.RFC3339, time.RFC3339Nano:
		return "a date and time such as " + at.Format(time.RFC3339)
	case time.DateOnly:
		return "a date such as " + at.Format(layout)
	}
	return "a time such as " + at.Format(layout)
}
