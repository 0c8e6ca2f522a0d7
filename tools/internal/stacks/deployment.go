package stacks

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// deployment is one of a stack, into an account that it only reads.
type deployment struct {
	account    *Account
	stack      *stack
	parameters map[string]any
	conditions map[string]bool
	deciding   []string // conditions that are being resolved
	made       map[string]*Resource
	making     []string // logical ids, each asked for by the one before
	resources  []Resource
	offers     map[place]thing
	outputs    map[string]string
	findings   Findings
	missing    []missing
}

// missing is something that the stack reads and that is not there yet.
type missing struct {
	place           place
	logicalID, path string
}

// attempt deploys as much of the stack as can be, and says what is missing.
func attempt(a *Account, s *stack) *deployment {
	d := &deployment{
		account: a, stack: s, parameters: map[string]any{}, conditions: map[string]bool{}, made: map[string]*Resource{},
		offers: map[place]thing{}, outputs: map[string]string{},
	}
	if !stackName.MatchString(s.name) {
		d.findings = append(d.findings, d.finding("", "", "%q is no name of a stack: at most 128 letters, digits and hyphens", s.name))
	}
	d.readParameters()
	for _, name := range sortedKeys(s.template.Conditions) {
		d.condition(where{path: "Conditions." + name}, name)
	}
	for _, id := range sortedKeys(s.template.Resources) {
		if said := s.template.Resources[id]; said.Condition == "" || d.condition(where{logicalID: id, path: "Condition"}, said.Condition) {
			d.resource(where{logicalID: id}, id)
		}
	}
	d.readOutputs()
	return d
}

// stackName is from CreateStack's StackName.
var stackName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{0,127}$`)

func (d *deployment) finding(logicalID, path, format string, arguments ...any) Finding {
	return Finding{Stage: d.account.Stage, Stack: d.stack.folder, LogicalID: logicalID, Path: path, Problem: fmt.Sprintf(format, arguments...)}
}

// wrong notes a problem and returns what stands for the value that there is not.
func (d *deployment) wrong(w where, format string, arguments ...any) any {
	d.findings = append(d.findings, d.finding(w.logicalID, w.path, format, arguments...))
	return unknown
}

func (d *deployment) miss(w where, p place) any {
	d.missing = append(d.missing, missing{p, w.logicalID, w.path})
	return unknown
}

// resource makes a resource, and before it all that it refers to. It is nil when there
// is none.
func (d *deployment) resource(w where, id string) *Resource {
	if r, is := d.made[id]; is {
		return r
	}
	said, is := d.stack.template.Resources[id]
	if !is {
		d.wrong(w, "there is no %s", id)
		return nil
	}
	if said.Condition != "" && !d.condition(w, said.Condition) {
		d.wrong(w, "there is no %s: its condition %s does not hold", id, said.Condition)
		return nil
	}
	if i := slices.Index(d.making, id); i >= 0 {
		d.wrong(w, "resources wait for each other: %s", strings.Join(append(slices.Clone(d.making[i:]), id), " -> "))
		return nil
	}
	d.making = append(d.making, id)
	before := said.DependsOn
	if one, is := before.(string); is {
		before = []any{one}
	}
	list, _ := before.([]any)
	for _, other := range list {
		name := text(other)
		// One that its own condition leaves out is not waited for.
		if there, is := d.stack.template.Resources[name]; is && there.Condition != "" && !d.condition(w, there.Condition) {
			continue
		}
		d.resource(where{logicalID: id, path: "DependsOn"}, name)
	}
	properties, _ := d.value(where{logicalID: id, path: "Properties", dynamic: true}, map[string]any(said.Properties)).(map[string]any)
	if properties == nil {
		properties = map[string]any{}
	}
	r := d.create(id, said, properties)
	d.making = d.making[:len(d.making)-1]
	d.made[id] = r
	d.resources = append(d.resources, *r)
	for p, t := range offer(*r, d.stack.folder) {
		d.offers[p] = t
	}
	return r
}

// create gives a resource its ids, and holds it to what AWS takes.
func (d *deployment) create(id string, said resource, properties map[string]any) *Resource {
	kindName := said.Type
	r := &Resource{
		Stack: d.stack.folder, LogicalID: id, Type: kindName, Region: d.stack.region, Deletion: said.DeletionPolicy,
		Properties: properties, Attributes: map[string]string{},
	}
	w := where{logicalID: id, path: "Properties"}
	k, known := kinds[kindName]
	if !known && !strings.HasPrefix(kindName, "Custom::") {
		d.wrong(w.root("Type"), "%s is not known here: give it a line in kinds", kindName)
	}
	d.name(w, r, k)
	f := filler{stack: d.stack.name, resource: r}
	r.PhysicalID = f.fill(k.ref)
	for name, format := range k.attributes {
		r.Attributes[name] = f.fill(format)
	}
	d.plain(w, r)
	if environment, is := properties["Environment"].(map[string]any); is && kindName == "AWS::Lambda::Function" {
		// Lambda knows only texts.
		if variables, is := environment["Variables"].(map[string]any); is {
			for key, value := range variables {
				variables[key] = text(value)
			}
		}
	}
	for _, property := range sortedKeys(needs[kindName]) {
		kind := needs[kindName][property]
		names, is := properties[property].([]any)
		if !is && properties[property] != nil {
			names = []any{properties[property]}
		}
		for _, name := range names {
			p := place{kind, d.stack.region, text(name)}
			if kind == logsKind {
				p.name = "" // there is one
			}
			if _, own := d.offers[p]; own || p.name == unknown {
				continue
			}
			if _, is := d.account.find(p); !is {
				d.miss(w.in(property), p)
			}
		}
	}
	return r
}

// readParameters resolves the template's parameters by what samconfig.toml gives.
func (d *deployment) readParameters() {
	given := d.stack.parameters
	for _, name := range sortedKeys(given) {
		if _, is := d.stack.template.Parameters[name]; !is {
			d.wrong(where{path: "Parameters." + name}, "the template has no such parameter")
		}
	}
	for _, name := range sortedKeys(d.stack.template.Parameters) {
		p, w := d.stack.template.Parameters[name], where{path: "Parameters." + name}
		value, is := given[name]
		if !is {
			if p.Default == nil {
				d.parameters[name] = d.wrong(w, "it has no value")
				continue
			}
			value = text(p.Default)
		}
		d.held(w, p, value)
		d.parameters[name] = d.typed(w, p, value)
	}
}

// held holds a parameter's value to its bounds.
func (d *deployment) held(w where, p parameter, value string) {
	if p.AllowedValues != nil && !slices.ContainsFunc(p.AllowedValues, func(v any) bool { return text(v) == value }) {
		d.wrong(w, "%q is none of %s", value, text(p.AllowedValues))
	}
	if p.AllowedPattern != "" {
		switch pattern, err := regexp.Compile(`^(?:` + p.AllowedPattern + `)$`); {
		case err != nil:
			d.wrong(w, "its pattern: %v", err)
		case !pattern.MatchString(value):
			d.wrong(w, "%q does not match %s", value, p.AllowedPattern)
		}
	}
	length := json.Number(fmt.Sprint(len(value)))
	number := json.Number(value)
	for _, bound := range []struct {
		limit *json.Number
		value json.Number
		least bool
		what  string
	}{
		{p.MinLength, length, true, "is too short"},
		{p.MaxLength, length, false, "is too long"},
		{p.MinValue, number, true, "is too small"},
		{p.MaxValue, number, false, "is too large"},
	} {
		if bound.limit == nil {
			continue
		}
		limit, _ := bound.limit.Float64()
		v, err := bound.value.Float64()
		if err != nil || bound.least && v < limit || !bound.least && v > limit {
			d.wrong(w, "%q %s: the limit is %s", value, bound.what, *bound.limit)
		}
	}
}

// typed is a parameter's value as Ref gives it.
func (d *deployment) typed(w where, p parameter, value string) any {
	kind := p.Type
	if inner, is := strings.CutPrefix(kind, "AWS::SSM::Parameter::Value<"); is {
		kind = strings.TrimSuffix(inner, ">")
		value = d.parameterValue(w, value)
	}
	list := func() []any {
		parts := strings.Split(value, ",")
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		return anys(parts)
	}
	switch {
	case kind == "String" || kind == "AWS::SSM::Parameter::Name":
		return value
	case kind == "Number":
		var number float64
		if err := json.Unmarshal([]byte(value), &number); err != nil {
			return d.wrong(w, "%q is no number", value)
		}
		return number
	case kind == "CommaDelimitedList", strings.HasPrefix(kind, "List<"):
		return list()
	case kind == "AWS::Route53::HostedZone::Id":
		if place := (place{zoneKind, "", value}); value != "" {
			if _, is := d.account.find(place); !is {
				d.miss(w, place)
			}
		}
		return value
	case strings.HasPrefix(kind, "AWS::EC2::"):
		return value
	default:
		return d.wrong(w, "%s is no type of parameter that is known here", p.Type)
	}
}

func (d *deployment) readOutputs() {
	for _, name := range sortedKeys(d.stack.template.Outputs) {
		o, w := d.stack.template.Outputs[name], where{path: "Outputs." + name}
		if o.Condition != "" && !d.condition(w, o.Condition) {
			continue
		}
		value := text(d.value(w, o.Value))
		d.outputs[name] = value
		if o.Export.Name != nil {
			p := place{exportKind, d.stack.region, text(d.value(w, o.Export.Name))}
			d.offers[p] = thing{stack: d.stack.folder, value: value}
		}
	}
}
