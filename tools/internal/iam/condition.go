package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// condition is one key under one operator.
type condition struct {
	key    string
	values []string
	match  func(pattern, value string) bool
	// negated holds for a value that none of the values match.
	negated bool
	// absent is whether the condition holds of a request that lacks the key.
	absent bool
}

// operators are those that policies of the mesh use. ArnEquals is the same as ArnLike.
var operators = map[string]func(pattern, value string) bool{
	"StringEquals": func(want, value string) bool { return want == value },
	"StringLike":   like,
	"ArnEquals":    like,
	"ArnLike":      like,
	"Bool":         strings.EqualFold,
}

func newCondition(operator, key string, values []scalar) (condition, error) {
	c := condition{key: strings.ToLower(key)}
	for _, v := range values {
		c.values = append(c.values, string(v))
	}
	name, exists := strings.CutSuffix(operator, "IfExists")
	c.absent = exists
	if positive := strings.Replace(name, "Not", "", 1); positive != name {
		// A negated operator holds where there is no key.
		name, c.negated, c.absent = positive, true, true
	}
	if c.match = operators[name]; c.match == nil {
		return c, fmt.Errorf("policy: the operator %s is not known here", operator)
	}
	return c, nil
}

func (c condition) holds(context map[string]string) bool {
	value, ok := context[c.key]
	if !ok {
		return c.absent
	}
	matched := slices.ContainsFunc(c.values, func(pattern string) bool { return c.match(pattern, value) })
	return matched != c.negated
}

// scalar is a value of a condition, which may be written as a string, number or bool.
type scalar string

func (s *scalar) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, (*string)(s))
	}
	*s = scalar(text)
	return nil
}
