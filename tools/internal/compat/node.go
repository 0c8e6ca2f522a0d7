package compat

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// node is a part of a file and where it stands.
type node struct {
	file, pointer string
	value         any
}

func (n node) place() string { return n.file + "#" + n.pointer }

// child is a member of an object or an element of a list.
func (n node) child(name string) (node, bool) {
	below := node{file: n.file, pointer: n.pointer + "/" + escape(name)}
	switch value := n.value.(type) {
	case map[string]any:
		member, there := value[name]
		below.value = member
		return below, there
	case []any:
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i >= len(value) {
			return node{}, false
		}
		below.value = value[i]
		return below, true
	}
	return node{}, false
}

// reference is what the node refers to, if it does.
func (n node) reference(s *state) (target node, refers bool, err error) {
	schema, _ := n.value.(map[string]any)
	reference, refers := schema["$ref"].(string)
	if !refers {
		return node{}, false, nil
	}
	file, fragment, _ := strings.Cut(reference, "#")
	if file == "" {
		file = n.file
	} else {
		file = path.Join(path.Dir(n.file), file)
	}
	content, err := s.read(file)
	if err != nil {
		return node{}, true, err
	}
	pointer, err := url.PathUnescape(fragment)
	if err != nil {
		return node{}, true, fmt.Errorf("%s: %s: %w", n.place(), reference, err)
	}
	target = node{file, "", content.value}
	if pointer == "" {
		return target, true, nil
	}
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		next, there := target.child(unescape(name))
		if !there {
			return node{}, true, fmt.Errorf("%s: %s leads nowhere", n.place(), reference)
		}
		target = next
	}
	return target, true, nil
}

// view is what one or more schemas say about one value: by keyword, everywhere
// that it is stated. What stands beside a reference holds together with what it
// refers to, as 2020-12 has it, and so do the schemas of allOf.
type view struct {
	keywords map[string][]node
	places   []string // the schemas, in the order in which they are followed
}

// nothing stands for the schema false, which has no keywords.
const nothing = "false"

var errCircle = errors.New("references go round in circles")

func (s *state) expand(nodes []node) (view, error) {
	v := view{keywords: map[string][]node{}}
	for _, n := range nodes {
		if err := v.add(n, nil, s); err != nil {
			return view{}, err
		}
	}
	return v, nil
}

func (v *view) add(n node, from []string, s *state) error {
	if slices.Contains(from, n.place()) {
		return fmt.Errorf("%s: %w", n.place(), errCircle)
	}
	from = append(slices.Clone(from), n.place())
	v.places = append(v.places, n.place())
	schema, isObject := n.value.(map[string]any)
	if !isObject {
		if n.value != true {
			v.keywords[nothing] = append(v.keywords[nothing], n)
		}
		return nil
	}
	for keyword, value := range schema {
		if keyword != "$ref" && keyword != "allOf" && !refusesNothing(keyword, value) {
			below, _ := n.child(keyword)
			v.keywords[keyword] = append(v.keywords[keyword], below)
		}
	}
	together := []node{}
	if target, refers, err := n.reference(s); err != nil {
		return err
	} else if refers {
		together = append(together, target)
	}
	if all, there := n.child("allOf"); there {
		together = append(together, elements([]node{all})...)
	}
	for _, other := range together {
		if err := v.add(other, from, s); err != nil {
			return err
		}
	}
	return nil
}

// closed says whether properties that the schema does not name may be refused.
func (v view) closed() bool {
	for _, keyword := range []string{"additionalProperties", "unevaluatedProperties", "patternProperties", "propertyNames", "maxProperties"} {
		if len(v.keywords[keyword]) > 0 {
			return true
		}
	}
	return false
}

// refusesNothing tells keywords that hold for every value.
func refusesNothing(keyword string, value any) bool {
	switch keyword {
	case "additionalProperties", "unevaluatedProperties", "items":
		return value == true
	case "uniqueItems":
		return value == false
	case "minLength", "minItems", "minProperties":
		least, isNumber := number(value)
		return isNumber && least.Sign() == 0
	}
	return isAnnotation(keyword) || keyword == "$defs"
}

// members are the named schemas of all nodes.
func members(nodes []node) map[string][]node {
	all := map[string][]node{}
	for _, n := range nodes {
		object, _ := n.value.(map[string]any)
		for name := range object {
			below, _ := n.child(name)
			all[name] = append(all[name], below)
		}
	}
	return all
}

// elements are the listed schemas of all nodes.
func elements(nodes []node) []node {
	var all []node
	for _, n := range nodes {
		for i := range list(n.value) {
			below, _ := n.child(strconv.Itoa(i))
			all = append(all, below)
		}
	}
	return all
}

// names are the strings that the nodes list.
func names(nodes []node) []string {
	var all []string
	for _, n := range nodes {
		for _, item := range list(n.value) {
			if name, ok := item.(string); ok && !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}
