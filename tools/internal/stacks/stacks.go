// Package stacks deploys the mesh's stacks to an account in memory: templates are
// translated as AWS does, every parameter, reference and condition is resolved, ids and
// ARNs have AWS's formats, and values pass between stacks as they would. What a
// deployment would fail on, or would make without a working name, is found here. It
// calls nothing of AWS, and must not know what the services do: rules about what is made
// are those of package rules.
package stacks

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Stages are the sections of every samconfig.toml.
var Stages = []string{"dev", "test", "staging", "prod"}

// The account and region that everything is deployed to; a samconfig.toml can say another
// region.
const (
	AccountID = "123456789012"
	Region    = "eu-central-1"
)

// Templates are the translated templates of all stages. They are not changed by
// deployments, which may run at the same time.
type Templates struct {
	source source
	stages map[string][]*stack
}

// stack is a template that was translated for a stage.
type stack struct {
	folder     string // its short name, for instance tickets
	name       string // AWS's
	region     string
	parameters map[string]string
	template   template
}

// Load translates all templates below root, the workspace's, for all stages. It needs
// Python, see package python; where nothing has changed since the last time it takes
// what was made then. A template that SAM refuses is an error with SAM's reasons.
func Load(ctx context.Context, root string) (*Templates, error) { return load(ctx, root, root) }

func load(ctx context.Context, workspace, root string) (*Templates, error) {
	s := source{workspace: workspace, root: root}
	t := &Templates{source: s, stages: map[string][]*stack{}}
	folders, err := s.folders()
	if err != nil {
		return nil, err
	}
	var jobs []job
	for _, stage := range Stages {
		for _, folder := range folders {
			jobs = append(jobs, job{Folder: folder, Stage: stage})
		}
	}
	translated, err := s.translate(ctx, jobs)
	if err != nil {
		return nil, err
	}
	for i, j := range jobs {
		t.stages[j.Stage] = append(t.stages[j.Stage], translated[i])
	}
	return t, nil
}

// With returns the templates with other parameters, stack -> parameter -> value, in every
// stage: the stacks concerned are translated anew.
func (t *Templates) With(ctx context.Context, parameters map[string]map[string]string) (*Templates, error) {
	other := &Templates{source: t.source, stages: map[string][]*stack{}}
	var jobs []job
	var places []*stack
	for stage, all := range t.stages {
		other.stages[stage] = slices.Clone(all)
		for i, s := range all {
			if p := parameters[s.folder]; len(p) > 0 {
				copied := *s
				other.stages[stage][i] = &copied
				places = append(places, &copied)
				jobs = append(jobs, job{Folder: t.source.folder(s.folder), Stage: stage, Overrides: p})
			}
		}
	}
	translated, err := t.source.translate(ctx, jobs)
	if err != nil {
		return nil, err
	}
	for i, s := range translated {
		*places[i] = *s
	}
	return other, nil
}

// Folder is where a stack's template is.
func (t *Templates) Folder(stack string) string { return t.source.folder(stack) }

// Resource is what a template's resource has become.
type Resource struct {
	Stack      string // the folder's name, for instance tickets
	LogicalID  string
	Type       string
	PhysicalID string            // what Ref is
	Name       string            // what people call it; empty for what only has an id
	Region     string            // where it is
	Deletion   string            // its DeletionPolicy; empty when it says none
	Properties map[string]any    // resolved
	Attributes map[string]string // what Fn::GetAtt knows
}

// Account is what deployments have made. It is not changed any more.
type Account struct {
	Stage     string
	order     []string
	resources []Resource
	places    map[place]thing
	outputs   map[string]map[string]string
}

// Order is the order in which the stacks were deployed: each after all that it reads from.
func (a *Account) Order() []string { return slices.Clone(a.order) }

// Resources returns what has one of the types, or everything, by order of its making.
func (a *Account) Resources(types ...string) []Resource {
	var found []Resource
	for _, r := range a.resources {
		if len(types) == 0 || slices.Contains(types, r.Type) {
			found = append(found, r)
		}
	}
	return found
}

// Resource returns what a stack's logical id stands for. It is false for what the stack
// has not, and for what a condition leaves out.
func (a *Account) Resource(stack, logicalID string) (Resource, bool) {
	i := slices.IndexFunc(a.resources, func(r Resource) bool { return r.Stack == stack && r.LogicalID == logicalID })
	if i < 0 {
		return Resource{}, false
	}
	return a.resources[i], true
}

// Parameters are the values in the Parameter Store of Region.
func (a *Account) Parameters() map[string]string {
	found := map[string]string{}
	for p, t := range a.places {
		if p.kind == parameterKind && p.region == Region {
			found[p.name] = t.value
		}
	}
	return found
}

// Outputs are those of a stack.
func (a *Account) Outputs(stack string) map[string]string { return maps.Clone(a.outputs[stack]) }

// Finding is something that a deployment fails on.
type Finding struct {
	Stage, Stack string
	LogicalID    string // empty when it is the stack's
	Path         string // within the resource, for instance Properties.Targets[0].Arn
	Problem      string
}

func (f Finding) String() string {
	where := f.Stage + ": " + f.Stack
	if f.LogicalID != "" {
		where += "/" + f.LogicalID
	}
	if f.Path != "" {
		where += " " + f.Path
	}
	return where + ": " + f.Problem
}

// Findings is everything that a deployment fails on.
type Findings []Finding

func (f Findings) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// Deploy deploys all stacks of a stage to an empty account, each as soon as there is
// what it reads. The error is Findings when there are any; the account is then what
// could be made.
func (t *Templates) Deploy(stage string) (*Account, error) {
	all, known := t.stages[stage]
	if !known {
		return nil, fmt.Errorf("there is no stage %s", stage)
	}
	a := &Account{Stage: stage, places: external(stage), outputs: map[string]map[string]string{}}
	findings := a.deploy(all)
	if len(findings) > 0 {
		slices.SortStableFunc(findings, func(x, y Finding) int { return cmp.Compare(x.String(), y.String()) })
		return a, slices.Compact(findings)
	}
	return a, nil
}
