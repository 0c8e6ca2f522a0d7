// Package rules holds what stacks make to what the mesh wants of all of it: that nothing
// is lost between two services without somebody being told, that a function may do what
// its code does and no more, that data is kept. The rules look at resources as package
// stacks resolves them, and at the code of functions; whether AWS takes a template is
// not theirs.
package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ticketmesh.dev/tools/internal/stacks"
)

// Account is what the rules look at.
type Account struct {
	Stage     string
	Resources []stacks.Resource
	Code      map[string]Code     // by the folder of a function's command, below the root
	Consumers map[string][]string // types of events by the queue of who gets them
}

// Check returns what the account has against the rules, in a fixed order.
func Check(a Account) stacks.Findings {
	v := index(a)
	for _, rule := range []func(*view){
		(*view).mappings, (*view).targets, (*view).schedules, (*view).asynchronous, (*view).queues, (*view).patterns,
		(*view).functions, (*view).variables, (*view).alarms, (*view).apis, (*view).integrations, (*view).data, (*view).roles, (*view).privileges,
	} {
		rule(v)
	}
	slices.SortStableFunc(v.findings, func(x, y stacks.Finding) int { return cmp.Compare(x.String(), y.String()) })
	return slices.Compact(v.findings)
}

// view is an account with what the rules look up.
type view struct {
	Account
	byARN    map[string]stacks.Resource
	byType   map[string][]stacks.Resource
	findings stacks.Findings
}

func index(a Account) *view {
	v := &view{Account: a, byARN: map[string]stacks.Resource{}, byType: map[string][]stacks.Resource{}}
	for _, r := range a.Resources {
		v.byType[r.Type] = append(v.byType[r.Type], r)
		for _, arn := range []string{r.Attributes["Arn"], r.Attributes["StreamArn"], r.PhysicalID, untold(r)} {
			// What is attached to a secret has the secret's ARN as well, and comes after it.
			if _, before := v.byARN[arn]; !before && strings.HasPrefix(arn, "arn:") {
				v.byARN[arn] = r
			}
		}
	}
	return v
}

// untold is the ARN of what CloudFormation tells none of.
func untold(r stacks.Resource) string {
	place := r.Region + ":" + stacks.AccountID + ":"
	switch r.Type {
	case "AWS::SES::EmailIdentity":
		return "arn:aws:ses:" + place + "identity/" + r.PhysicalID
	case "AWS::SES::ConfigurationSet":
		return "arn:aws:ses:" + place + "configuration-set/" + r.PhysicalID
	case "AWS::SSM::Parameter":
		return "arn:aws:ssm:" + place + "parameter" + r.PhysicalID // which begins with a slash
	default:
		return ""
	}
}

func (v *view) wrong(r stacks.Resource, path, format string, arguments ...any) {
	v.findings = append(v.findings, stacks.Finding{Stage: v.Stage, Stack: r.Stack, LogicalID: r.LogicalID, Path: path, Problem: fmt.Sprintf(format, arguments...)})
}

func (v *view) of(kind string) []stacks.Resource { return v.byType[kind] }

// function is that of a name, an ARN, or a version's or alias's ARN.
func (v *view) function(said string) (stacks.Resource, bool) {
	name := said
	if strings.HasPrefix(said, "arn:") {
		parts := strings.Split(said, ":")
		if len(parts) < 7 {
			return stacks.Resource{}, false
		}
		name = parts[6]
	}
	for _, r := range v.of("AWS::Lambda::Function") {
		if r.Name == name {
			return r, true
		}
	}
	return stacks.Resource{}, false
}

// at is what a resource has at a path of members.
func at(v any, path ...string) any {
	for _, key := range path {
		object, is := v.(map[string]any)
		if !is {
			return nil
		}
		v = object[key]
	}
	return v
}

func of(r stacks.Resource, path ...string) any { return at(map[string]any(r.Properties), path...) }

// str is what is a text; empty for anything else.
func str(v any) string {
	s, _ := v.(string)
	return s
}

// number is what is a number, or a text that is one, as parameters are; 0 for anything else.
func number(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case string:
		var f float64
		if _, err := fmt.Sscan(v, &f); err == nil {
			return f
		}
	}
	return 0
}

// yes is what is true, also as a text.
func yes(v any) bool { return v == true || v == "true" }

// list is what is a list, or the one thing that stands for it.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

func texts(v any) []string {
	var found []string
	for _, one := range list(v) {
		found = append(found, str(one))
	}
	return found
}
