package stacks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// kinds of places where a stack puts what others find.
const (
	parameterKind = "parameter"
	secretKind    = "secret"
	exportKind    = "export"
	domainKind    = "API domain"
	busKind       = "event bus"
	groupKind     = "schedule group"
	zoneKind      = "hosted zone"
	topicKind     = "topic"
	logsKind      = "role by which API Gateway writes logs"
)

// place is where something is found by its name. Global things have no region.
type place struct{ kind, region, name string }

func (p place) String() string {
	text := strings.TrimSpace(p.kind + " " + p.name)
	if p.region != "" && p.region != Region {
		text += " in " + p.region
	}
	return text
}

// thing is what is found there.
type thing struct {
	stack string   // that put it there; empty for what was there before
	value string   // of parameters and exports
	keys  []string // of secrets, in as far as the template says them
}

// external is what an account has before the first stack: what deploy/README.md has
// people bring, and what every account has.
func external(stage string) map[place]thing {
	return map[place]thing{
		{zoneKind, "", "Z0123456789EXAMPLE"}: {}, // in samconfig.toml, to be replaced by one's own
		{busKind, Region, "default"}:         {}, // every account's
		{groupKind, Region, "default"}:       {},
		// Only with FederationName, and put there by hand.
		{secretKind, Region, "ticketmesh/" + stage + "/identity/federation"}: {},
	}
}

// deploy deploys the stacks until none is left, and returns what it fails on.
func (a *Account) deploy(stacks []*stack) Findings {
	var findings Findings
	taken := map[string]string{}
	for pending := slices.Clone(stacks); len(pending) > 0; {
		tried := make([]*deployment, len(pending))
		next := -1
		for i, s := range pending {
			tried[i] = attempt(a, s)
			if len(tried[i].missing) == 0 {
				next = i
				break
			}
		}
		if next < 0 {
			var problems Findings
			next, problems = stuck(tried)
			findings = append(findings, problems...)
		}
		d := tried[next]
		findings = append(findings, d.findings...)
		findings = append(findings, a.take(d, taken)...)
		pending = slices.Delete(pending, next, next+1)
	}
	return findings
}

// take makes what a deployment has made a part of the account.
func (a *Account) take(d *deployment, taken map[string]string) Findings {
	var findings Findings
	for _, r := range d.resources {
		key := kinds[r.Type].identity(r)
		if before, is := taken[key]; is {
			findings = append(findings, d.finding(r.LogicalID, "", "%s has the same name: %s", before, r.Name))
		}
		taken[key] = r.Stack + "/" + r.LogicalID
	}
	a.order = append(a.order, d.stack.folder)
	a.resources = append(a.resources, d.resources...)
	a.outputs[d.stack.folder] = d.outputs
	for p, t := range d.offers {
		if before, is := a.places[p]; is && before.stack != "" && p.kind == exportKind {
			findings = append(findings, d.finding("", "Outputs", "%s is exported by %s already", p.name, before.stack))
		}
		a.places[p] = t
	}
	return findings
}

// stuck says why none of the stacks can be deployed, and which one to go on with as if
// it could.
func stuck(tried []*deployment) (int, Findings) {
	for i, d := range tried {
		var findings Findings
		for _, m := range d.missing {
			if !slices.ContainsFunc(tried, func(other *deployment) bool { _, is := other.offers[m.place]; return is }) {
				findings = append(findings, d.finding(m.logicalID, m.path, "there is no %s: no stack makes it", m.place))
			}
		}
		if len(findings) > 0 {
			// What else it waits for is found once the others are there.
			return i, findings
		}
	}
	path := circle(tried)
	d := tried[path[0].from]
	names := make([]string, len(path)+1)
	var reads []string
	for i, w := range path {
		names[i] = tried[w.from].stack.folder
		reads = append(reads, fmt.Sprintf("%s/%s reads %s of %s", tried[w.from].stack.folder, w.logicalID, w.place, tried[w.to].stack.folder))
	}
	names[len(path)] = names[0]
	return path[0].from, Findings{d.finding("", "", "stacks wait for each other, %s: %s", strings.Join(names, " -> "), strings.Join(reads, ", "))}
}

// wait is that of a stack for another, both by their places among those tried.
type wait struct {
	missing
	from, to int
}

// circle follows what stacks wait for from the first one until it comes back to one.
func circle(tried []*deployment) []wait {
	var path []wait
	for at := 0; ; {
		if i := slices.IndexFunc(path, func(w wait) bool { return w.from == at }); i >= 0 {
			return path[i:]
		}
		m := tried[at].missing[0]
		to := slices.IndexFunc(tried, func(other *deployment) bool { _, is := other.offers[m.place]; return is })
		path = append(path, wait{m, at, to})
		at = to
	}
}

// offer is what a resource puts where others find it.
func offer(r Resource, stack string) map[place]thing {
	offers := map[place]thing{}
	switch r.Type {
	case "AWS::SSM::Parameter":
		offers[place{parameterKind, r.Region, r.PhysicalID}] = thing{stack: stack, value: text(r.Properties["Value"])}
	case "AWS::SecretsManager::Secret":
		t := thing{stack: stack, keys: secretKeys(r.Properties)}
		regions := []string{r.Region}
		replicas, _ := r.Properties["ReplicaRegions"].([]any)
		for _, replica := range replicas {
			if m, ok := replica.(map[string]any); ok {
				regions = append(regions, text(m["Region"]))
			}
		}
		for _, region := range regions {
			offers[place{secretKind, region, r.Name}] = t
			offers[place{secretKind, region, strings.Replace(r.PhysicalID, ":"+r.Region+":", ":"+region+":", 1)}] = t
		}
	case "AWS::ApiGateway::DomainName", "AWS::ApiGatewayV2::DomainName":
		offers[place{domainKind, r.Region, r.PhysicalID}] = thing{stack: stack}
	case "AWS::Events::EventBus":
		offers[place{busKind, r.Region, r.PhysicalID}] = thing{stack: stack}
	case "AWS::Scheduler::ScheduleGroup":
		offers[place{groupKind, r.Region, r.PhysicalID}] = thing{stack: stack}
	case "AWS::ApiGateway::Account":
		offers[place{logsKind, r.Region, ""}] = thing{stack: stack}
	case "AWS::SNS::Topic":
		offers[place{topicKind, r.Region, r.PhysicalID}] = thing{stack: stack}
	}
	return offers
}

// needs are properties that name what another stack may have made, which nothing but the
// deployment's failure would tell.
var needs = map[string]map[string]string{
	"AWS::ApiGateway::BasePathMapping": {"DomainName": domainKind},
	"AWS::ApiGateway::Stage":           {"AccessLogSetting": logsKind}, // for any log
	"AWS::ApiGatewayV2::ApiMapping":    {"DomainName": domainKind},
	"AWS::Events::Rule":                {"EventBusName": busKind},
	"AWS::Route53::RecordSet":          {"HostedZoneId": zoneKind},
	"AWS::Scheduler::Schedule":         {"GroupName": groupKind},
	"AWS::CloudWatch::Alarm":           {"AlarmActions": topicKind},
}

// globalKinds are of places that have no region.
var globalKinds = []string{zoneKind}

func (a *Account) find(p place) (thing, bool) {
	if slices.Contains(globalKinds, p.kind) {
		p.region = ""
	}
	t, is := a.places[p]
	return t, is
}

// secretKeys are the members that a generated secret has; none when it is no object or
// is not generated.
func secretKeys(properties map[string]any) []string {
	generate, _ := properties["GenerateSecretString"].(map[string]any)
	if generate["GenerateStringKey"] == nil {
		return nil
	}
	keys := append(objectKeys(text(generate["SecretStringTemplate"])), text(generate["GenerateStringKey"]))
	slices.Sort(keys)
	return keys
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
