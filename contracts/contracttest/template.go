package contracttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// template is a CloudFormation template with the short forms of its functions
// written out: !Ref a is {"Ref": "a"}, !GetAtt a.b is {"Fn::GetAtt": ["a", "b"]}.
type template struct {
	Resources map[string]resource
}

type resource struct {
	Type       string
	Properties json.RawMessage
}

func readTemplate(text []byte) (template, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return template{}, err
	}
	if len(document.Content) != 1 {
		return template{}, fmt.Errorf("the template is empty")
	}
	value, err := writtenOut(document.Content[0])
	if err != nil {
		return template{}, err
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return template{}, err
	}
	var t template
	err = json.Unmarshal(encoded, &t)
	return t, err
}

func writtenOut(node *yaml.Node) (any, error) {
	function, short := strings.CutPrefix(node.Tag, "!")
	short = short && !strings.HasPrefix(function, "!") // !!str and the like are YAML's own
	var value any
	switch node.Kind {
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i < len(node.Content); i += 2 {
			name := node.Content[i].Value
			if _, twice := object[name]; twice {
				return nil, fmt.Errorf("line %d: %s is there twice", node.Content[i].Line, name)
			}
			member, err := writtenOut(node.Content[i+1])
			if err != nil {
				return nil, err
			}
			object[name] = member
		}
		if attribute, ok := object["Fn::GetAtt"].(string); ok {
			object["Fn::GetAtt"] = strings.SplitN(attribute, ".", 2)
		}
		value = object
	case yaml.SequenceNode:
		items := make([]any, len(node.Content))
		for i, item := range node.Content {
			var err error
			if items[i], err = writtenOut(item); err != nil {
				return nil, err
			}
		}
		value = items
	case yaml.AliasNode:
		return nil, fmt.Errorf("line %d: CloudFormation knows no aliases", node.Line)
	default:
		if short {
			value = node.Value
		} else if err := node.Decode(&value); err != nil {
			return nil, err
		}
	}
	if !short {
		return value, nil
	}
	if function == "GetAtt" {
		if attribute, ok := value.(string); ok {
			value = strings.SplitN(attribute, ".", 2)
		}
	}
	if function != "Ref" && function != "Condition" {
		function = "Fn::" + function
	}
	return map[string]any{function: value}, nil
}

// of returns the names of the resources of a type, sorted.
func (t template) of(resourceType string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(t.Resources)), func(name string) bool { return t.Resources[name].Type != resourceType })
}

// read decodes the properties of a resource; what it does not have stays zero.
func read[T any](t template, name string) (T, error) {
	var properties T
	if len(t.Resources[name].Properties) == 0 {
		return properties, nil
	}
	if err := json.Unmarshal(t.Resources[name].Properties, &properties); err != nil {
		return properties, fmt.Errorf("%s: %w", name, err)
	}
	return properties, nil
}

// reference is a value that is a text, or a function that stands for one.
type reference struct {
	text string    // literal, or that of Fn::Sub
	ref  string    // of Ref
	att  [2]string // of Fn::GetAtt
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *reference) UnmarshalJSON(b []byte) error {
	*r = reference{}
	if json.Unmarshal(b, &r.text) == nil {
		return nil
	}
	var function struct {
		Ref string
		Sub any      `json:"Fn::Sub"`
		Att []string `json:"Fn::GetAtt"`
	}
	if err := json.Unmarshal(b, &function); err != nil {
		return err
	}
	r.ref = function.Ref
	r.text, _ = function.Sub.(string)
	if len(function.Att) == 2 {
		r.att = [2]string(function.Att)
	}
	return nil
}

// is says whether the reference is to an attribute of a resource.
func (r reference) is(resource, attribute string) bool {
	return r.att == [2]string{resource, attribute}
}

// list is one value or several, as policies have them.
type list[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *list[T]) UnmarshalJSON(b []byte) error {
	var several []T
	if err := json.Unmarshal(b, &several); err == nil {
		*l = several
		return nil
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*l = list[T]{one}
	return nil
}
