package compat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// parsed is a file, which is JSON or YAML: its content, and the JSON pointers of
// what stands at its lines and columns.
type parsed struct {
	content []byte
	value   any
	places  map[position]string
}

type position struct{ Line, Column int }

func parse(content []byte) (parsed, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return parsed{}, err
	}
	if document.Kind != yaml.DocumentNode || len(document.Content) != 1 {
		return parsed{}, errors.New("it is not one document")
	}
	p := parsed{content: content, places: map[position]string{}}
	var err error
	p.value, err = p.read("", document.Content[0])
	return p, err
}

// read turns a node into what encoding/json would make of it. Numbers keep their
// text, so that those of 64 bits are exact.
func (p parsed) read(pointer string, node *yaml.Node) (any, error) {
	if node.Kind == yaml.AliasNode {
		return p.read(pointer, node.Alias)
	}
	p.places[position{node.Line, node.Column}] = pointer
	switch node.Kind {
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i < len(node.Content); i += 2 {
			name := node.Content[i]
			below := pointer + "/" + escape(name.Value)
			p.places[position{name.Line, name.Column}] = below
			if _, twice := object[name.Value]; twice {
				return nil, fmt.Errorf("%s is there twice", below)
			}
			value, err := p.read(below, node.Content[i+1])
			if err != nil {
				return nil, err
			}
			object[name.Value] = value
		}
		return object, nil
	case yaml.SequenceNode:
		list := []any{}
		for i, element := range node.Content {
			value, err := p.read(pointer+"/"+strconv.Itoa(i), element)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	switch node.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strings.EqualFold(node.Value, "true"), nil
	case "!!int", "!!float":
		return json.Number(node.Value), nil
	}
	return node.Value, nil
}

func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func unescape(name string) string {
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
}
