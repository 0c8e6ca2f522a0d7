// Package iam decides as AWS's Identity and Access Management does whether a request is
// allowed by policies, and knows what the requests that our functions send are in IAM's
// terms. It knows the part of the policy language and the operations that the mesh uses,
// and refuses all others: what it does not know must not pass.
package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Request is one thing that somebody wants to do to one resource.
type Request struct {
	Action   string
	Resource string
	// Service is who asks, when it is a service of AWS, for instance events.amazonaws.com.
	Service string
	// Context are the condition keys, in lower case.
	Context map[string]string
}

func (r Request) String() string { return r.Action + " on " + r.Resource }

// Policy is a policy document, of a role or of a resource.
type Policy []Statement

// Statement is one statement of a policy.
type Statement struct {
	sid       string
	deny      bool
	actions   []string
	resources []string
	// services are the principals of a resource's policy; nil is anybody.
	services   []string
	conditions []condition
}

// Parse reads a document, which is JSON or decoded JSON.
func Parse(document any) (Policy, error) {
	text, ok := document.(string)
	if !ok {
		encoded, err := json.Marshal(document)
		if err != nil {
			return nil, err
		}
		text = string(encoded)
	}
	var d struct {
		Version   string
		ID        string `json:"Id"`
		Statement list[struct {
			Sid       string
			Effect    string
			Principal json.RawMessage
			Action    list[string]
			Resource  list[string]
			Condition map[string]map[string]list[scalar]
		}]
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields() // NotAction and the like turn the meaning round
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	var p Policy
	for _, given := range d.Statement {
		if given.Effect != "Allow" && given.Effect != "Deny" || len(given.Action) == 0 || len(given.Resource) == 0 {
			return nil, fmt.Errorf("policy: statement %q has no effect, action or resource", given.Sid)
		}
		services, err := principals(given.Principal)
		if err != nil {
			return nil, err
		}
		s := Statement{sid: given.Sid, deny: given.Effect == "Deny", actions: given.Action, resources: given.Resource, services: services}
		for operator, keys := range given.Condition {
			for key, values := range keys {
				c, err := newCondition(operator, key, values)
				if err != nil {
					return nil, err
				}
				s.conditions = append(s.conditions, c)
			}
		}
		p = append(p, s)
	}
	return p, nil
}

// principals returns the services of a resource's policy. Roles and accounts have none
// of ours to name.
func principals(given json.RawMessage) ([]string, error) {
	if len(given) == 0 || string(given) == `"*"` {
		return nil, nil
	}
	var named struct{ Service, AWS list[string] }
	if err := json.Unmarshal(given, &named); err != nil {
		return nil, fmt.Errorf("policy: principal: %w", err)
	}
	if slices.Contains(named.AWS, "*") {
		return nil, nil
	}
	return append([]string{}, named.Service...), nil
}

// list is a value or several.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		return json.Unmarshal(text, (*[]T)(l))
	}
	var one T
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	*l = list[T]{one}
	return nil
}

// Allowed reports whether some statement of the policies allows r and none denies it.
func Allowed(policies []Policy, r Request) bool {
	allowed := false
	for _, p := range policies {
		for _, s := range p {
			if !s.applies(r) {
				continue
			}
			if s.deny {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

func (s Statement) applies(r Request) bool {
	return slices.ContainsFunc(s.actions, func(pattern string) bool { return like(strings.ToLower(pattern), strings.ToLower(r.Action)) }) &&
		slices.ContainsFunc(s.resources, func(pattern string) bool { return like(pattern, r.Resource) }) &&
		(s.services == nil || slices.Contains(s.services, r.Service)) &&
		!slices.ContainsFunc(s.conditions, func(c condition) bool { return !c.holds(r.Context) })
}

// like matches IAM's wildcards: * is anything and ? one character.
func like(pattern, text string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '*':
			for i := range len(text) + 1 {
				if like(pattern[1:], text[i:]) {
					return true
				}
			}
			return false
		case text == "" || pattern[0] != '?' && pattern[0] != text[0]:
			return false
		}
		pattern, text = pattern[1:], text[1:]
	}
	return text == ""
}
