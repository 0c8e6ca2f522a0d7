package stacks

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// nothing is AWS::NoValue: what has it as its value is not there.
type nothing struct{}

// unknown stands for what could not be resolved, so that one failure is told once.
const unknown = "?"

// where is the place in a template that is being resolved.
type where struct {
	logicalID, path string
	dynamic         bool // whether references in double braces are resolved here
}

func (w where) in(key string) where    { w.path += "." + key; return w }
func (w where) at(i int) where         { w.path += fmt.Sprintf("[%d]", i); return w }
func (w where) root(path string) where { w.path = path; return w }

// value resolves what a template says.
func (d *deployment) value(w where, said any) any {
	switch said := said.(type) {
	case []any:
		list := make([]any, 0, len(said))
		for i, item := range said {
			if v := d.value(w.at(i), item); !isNothing(v) {
				list = append(list, v)
			}
		}
		return list
	case map[string]any:
		if name, argument, is := function(said); is {
			return d.call(w, name, argument)
		}
		object := make(map[string]any, len(said))
		for _, key := range sortedKeys(said) {
			if v := d.value(w.in(key), said[key]); !isNothing(v) {
				object[key] = v
			}
		}
		return object
	case string:
		if w.dynamic {
			return d.dynamic(w, said)
		}
		return said
	default:
		return said
	}
}

func isNothing(v any) bool { _, is := v.(nothing); return is }

// function tells a function from an object.
func function(said map[string]any) (name string, argument any, is bool) {
	if len(said) != 1 {
		return "", nil, false
	}
	for name, argument = range said {
	}
	return name, argument, name == "Ref" || name == "Condition" && isString(argument) || strings.HasPrefix(name, "Fn::")
}

func isString(v any) bool { _, is := v.(string); return is }

func (d *deployment) call(w where, name string, argument any) any {
	w.path += "." + name
	list, _ := argument.([]any)
	switch name {
	case "Ref":
		return d.reference(w, text(argument))
	case "Fn::GetAtt":
		if s, is := argument.(string); is {
			first, rest, _ := strings.Cut(s, ".")
			list = []any{first, rest}
		}
		if len(list) != 2 {
			return d.wrong(w, "it takes a resource and an attribute")
		}
		return d.attribute(w, text(list[0]), text(d.value(w, list[1])))
	case "Fn::Sub":
		return d.substitute(w, argument)
	case "Fn::Join":
		if len(list) != 2 {
			return d.wrong(w, "it takes a separator and a list")
		}
		parts, is := d.value(w, list[1]).([]any)
		if !is {
			return d.wrong(w, "it has no list to join")
		}
		texts := make([]string, len(parts))
		for i, part := range parts {
			texts[i] = text(part)
		}
		return d.braces(w, strings.Join(texts, text(list[0])))
	case "Fn::If":
		if len(list) != 3 {
			return d.wrong(w, "it takes a condition and two values")
		}
		if d.condition(w, text(list[0])) {
			return d.value(w.at(1), list[1])
		}
		return d.value(w.at(2), list[2])
	case "Fn::Select":
		if len(list) != 2 {
			return d.wrong(w, "it takes an index and a list")
		}
		i, err := strconv.Atoi(text(d.value(w, list[0])))
		from, is := d.value(w, list[1]).([]any)
		if err != nil || !is || i < 0 || i >= len(from) {
			return d.wrong(w, "there is no element %s", text(list[0]))
		}
		return from[i]
	case "Fn::Split":
		if len(list) != 2 {
			return d.wrong(w, "it takes a separator and a text")
		}
		return anys(strings.Split(text(d.value(w, list[1])), text(list[0])))
	case "Fn::GetAZs":
		region := text(d.value(w, argument))
		if region == "" {
			region = d.stack.region
		}
		return []any{region + "a", region + "b", region + "c"}
	case "Fn::FindInMap":
		if len(list) != 3 {
			return d.wrong(w, "it takes a map and two keys")
		}
		keys := [3]string{}
		for i := range keys {
			keys[i] = text(d.value(w, list[i]))
		}
		found, is := d.stack.template.Mappings[keys[0]][keys[1]][keys[2]]
		if !is {
			return d.wrong(w, "there is no %s", strings.Join(keys[:], "."))
		}
		return found
	case "Fn::ImportValue":
		p := place{exportKind, d.stack.region, text(d.value(w, argument))}
		t, is := d.account.find(p)
		if !is {
			return d.miss(w, p)
		}
		return t.value
	case "Fn::Base64":
		return base64.StdEncoding.EncodeToString([]byte(text(d.value(w, argument))))
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Condition":
		return d.holds(w, map[string]any{name: argument})
	default:
		return d.wrong(w, "%s is not a function of CloudFormation that is known here", name)
	}
}

// pseudo are the parameters that every template has.
func (d *deployment) pseudo(name string) (any, bool) {
	v, is := map[string]any{
		"AWS::AccountId": AccountID, "AWS::Region": d.stack.region, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
		"AWS::StackName":        d.stack.name,
		"AWS::StackId":          "arn:aws:cloudformation:" + d.stack.region + ":" + AccountID + ":stack/" + d.stack.name + "/" + uuid(d.stack.name),
		"AWS::NotificationARNs": []any{}, "AWS::NoValue": nothing{},
	}[name]
	return v, is
}

// reference resolves Ref.
func (d *deployment) reference(w where, name string) any {
	if v, is := d.pseudo(name); is {
		return v
	}
	if v, is := d.parameters[name]; is {
		return v
	}
	r := d.resource(w, name)
	if r == nil {
		return unknown
	}
	return r.PhysicalID
}

func (d *deployment) attribute(w where, logicalID, name string) any {
	r := d.resource(w, logicalID)
	if r == nil {
		return unknown
	}
	v, is := r.Attributes[name]
	if !is && !strings.HasPrefix(r.Type, "Custom::") && r.Type != "AWS::CloudFormation::CustomResource" {
		return d.wrong(w, "%s has no attribute %s", r.Type, name)
	}
	return v
}

// variables of Fn::Sub; ${!x} is ${x} as it is.
var variables = regexp.MustCompile(`\$\{(!?)([^}]*)\}`)

func (d *deployment) substitute(w where, argument any) any {
	own := map[string]any{}
	format, is := argument.(string)
	if list, isList := argument.([]any); isList && len(list) == 2 {
		format, is = list[0].(string)
		own, _ = list[1].(map[string]any)
	}
	if !is {
		return d.wrong(w, "it takes a text, and variables")
	}
	filled := variables.ReplaceAllStringFunc(format, func(found string) string {
		parts := variables.FindStringSubmatch(found)
		name := strings.TrimSpace(parts[2])
		switch first, rest, dotted := strings.Cut(name, "."); {
		case parts[1] == "!":
			return "${" + parts[2] + "}"
		case own[name] != nil:
			return text(d.value(w.in(name), own[name]))
		case dotted:
			return text(d.attribute(w, first, rest))
		default:
			return text(d.reference(w, name))
		}
	})
	return d.braces(w, filled)
}

// braces resolves dynamic references in what a function has made.
func (d *deployment) braces(w where, s string) any {
	if w.dynamic {
		return d.dynamic(w, s)
	}
	return s
}

// references are CloudFormation's dynamic ones.
var references = regexp.MustCompile(`\{\{resolve:([a-z-]+):([^}]*)\}\}`)

// dynamic puts values of the Parameter Store in their places, and leaves secrets, which
// only have to be there.
func (d *deployment) dynamic(w where, s string) string {
	return references.ReplaceAllStringFunc(s, func(found string) string {
		parts := references.FindStringSubmatch(found)
		switch parts[1] {
		case "ssm":
			name, _, _ := strings.Cut(parts[2], ":")
			return d.parameterValue(w, name)
		case "ssm-secure":
			name, _, _ := strings.Cut(parts[2], ":")
			d.parameterValue(w, name)
			return found
		case "secretsmanager":
			d.secret(w, parts[2])
			return found
		default:
			return text(d.wrong(w, "%s is no service that references can be resolved by", parts[1]))
		}
	})
}

func (d *deployment) parameterValue(w where, name string) string {
	p := place{parameterKind, d.stack.region, name}
	if strings.Contains(name, unknown) {
		return unknown
	}
	t, is := d.account.find(p)
	if !is {
		return text(d.miss(w, p))
	}
	return t.value
}

// secret looks for one, which the stack itself may have made before.
func (d *deployment) secret(w where, said string) {
	name, rest, _ := strings.Cut(said, ":")
	if name == "arn" {
		parts := strings.SplitN(said, ":", 8)
		name, rest = strings.Join(parts[:min(7, len(parts))], ":"), ""
		if len(parts) == 8 {
			rest = parts[7]
		}
	}
	p := place{secretKind, d.stack.region, name}
	t, is := d.offers[p]
	if !is {
		t, is = d.account.find(p)
	}
	if !is {
		d.miss(w, p)
		return
	}
	if _, key, _ := strings.Cut(rest, ":"); key != "" && t.keys != nil {
		key, _, _ = strings.Cut(key, ":")
		if !slices.Contains(t.keys, key) {
			d.wrong(w, "the secret %s has no %s", name, key)
		}
	}
}

// condition resolves one by its name.
func (d *deployment) condition(w where, name string) bool {
	if v, is := d.conditions[name]; is {
		return v
	}
	said, is := d.stack.template.Conditions[name]
	if !is || slices.Contains(d.deciding, name) {
		d.wrong(w, "there is no condition %s, or it asks for itself", name)
		return false
	}
	d.deciding = append(d.deciding, name)
	v := d.holds(where{path: "Conditions." + name}, said)
	d.deciding = d.deciding[:len(d.deciding)-1]
	d.conditions[name] = v
	return v
}

func (d *deployment) holds(w where, said any) bool {
	object, _ := said.(map[string]any)
	name, argument, _ := function(object)
	list, _ := argument.([]any)
	switch {
	case name == "Condition":
		return d.condition(w, text(argument))
	case name == "Fn::Equals" && len(list) == 2:
		return text(d.value(w, list[0])) == text(d.value(w, list[1]))
	case name == "Fn::Not" && len(list) == 1:
		return !d.holds(w, list[0])
	case name == "Fn::And" || name == "Fn::Or":
		for _, one := range list {
			if d.holds(w, one) == (name == "Fn::Or") {
				return name == "Fn::Or"
			}
		}
		return name == "Fn::And"
	default:
		d.wrong(w, "this is no condition")
		return false
	}
}

// text is a value where CloudFormation wants a string.
func text(v any) string {
	switch v := v.(type) {
	case nil, nothing:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			parts[i] = text(part)
		}
		return strings.Join(parts, ",")
	default:
		return fmt.Sprint(v)
	}
}

func anys(list []string) []any {
	values := make([]any, len(list))
	for i, s := range list {
		values[i] = s
	}
	return values
}

// objectKeys are those of a JSON object; none of anything else.
func objectKeys(s string) []string {
	var object map[string]any
	if json.Unmarshal([]byte(s), &object) != nil {
		return nil
	}
	return sortedKeys(object)
}
