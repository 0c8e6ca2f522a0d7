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

// schemas reads the files of one state of the contracts by their path.
type schemas func(file string) (any, error)

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

func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// follow is what a reference in the node's file leads to.
func (n node) follow(reference string, read schemas) (node, error) {
	file, fragment, _ := strings.Cut(reference, "#")
	if file == "" {
		file = n.file
	} else {
		file = path.Join(path.Dir(n.file), file)
	}
	content, err := read(file)
	if err != nil {
		return node{}, err
	}
	pointer, err := url.PathUnescape(fragment)
	if err != nil {
		return node{}, fmt.Errorf("%s: %s: %w", n.place(), reference, err)
	}
	target := node{file, "", content}
	if pointer == "" {
		return target, nil
	}
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		next, there := target.child(strings.NewReplacer("~1", "/", "~0", "~").Replace(name))
		if !there {
			return node{}, fmt.Errorf("%s: %s leads nowhere", n.place(), reference)
		}
		target = next
	}
	return target, nil
}

// view is what one or more schemas say about one value, their references
// followed: by keyword, everywhere that it is stated. What stands beside a
// reference holds together with what it refers to, as 2020-12 has it.
type view struct {
	keywords map[string][]node
	places   []string // the schemas, in the order in which they are followed
}

// never stands for the schema false, which allows nothing and has no keyword.
const never = ""

var errCircle = errors.New("references go round in circles")

func expand(nodes []node, read schemas) (view, error) {
	v := view{keywords: map[string][]node{}}
	for _, n := range nodes {
		if err := v.add(n, nil, read); err != nil {
			return view{}, err
		}
	}
	return v, nil
}

func (v *view) add(n node, from []string, read schemas) error {
	if slices.Contains(from, n.place()) {
		return fmt.Errorf("%s: %w", n.place(), errCircle)
	}
	v.places = append(v.places, n.place())
	schema, isObject := n.value.(map[string]any)
	if !isObject {
		if n.value != true {
			v.keywords[never] = append(v.keywords[never], n)
		}
		return nil
	}
	for keyword, value := range schema {
		if keyword == "$ref" || saysNothing(keyword, value) {
			continue
		}
		below, _ := n.child(keyword)
		v.keywords[keyword] = append(v.keywords[keyword], below)
	}
	reference, isReference := schema["$ref"].(string)
	if !isReference {
		return nil
	}
	target, err := n.follow(reference, read)
	if err != nil {
		return err
	}
	return v.add(target, append(slices.Clone(from), n.place()), read)
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

// annotations say nothing about which events are valid.
var annotations = []string{"title", "description", "examples", "default", "deprecated", "$comment", "$schema", "$defs", "readOnly", "writeOnly"}

// saysNothing tells keywords that refuse no value.
func saysNothing(keyword string, value any) bool {
	switch keyword {
	case "additionalProperties", "unevaluatedProperties", "items":
		return value == true
	case "uniqueItems":
		return value == false
	case "minLength", "minItems", "minProperties":
		return equal(value, 0.0)
	}
	return slices.Contains(annotations, keyword)
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

func allObjects(nodes []node) bool {
	return !slices.ContainsFunc(nodes, func(n node) bool {
		_, isObject := n.value.(map[string]any)
		return !isObject
	})
}

func sensitive(nodes []node) bool {
	return slices.ContainsFunc(nodes, func(n node) bool { return n.value == true })
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
