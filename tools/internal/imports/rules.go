package imports

import (
	"slices"
	"strings"
)

// allowance says what the packages of one kind may import beside the standard
// library. Kinds of a service are meant within the same service.
type allowance struct {
	kinds []kind
	// pure allows of platform what a domain may know, where kinds does not
	// allow all of it.
	pure bool
}

var allowances = map[kind]allowance{
	domain:      {kinds: []kind{domain}, pure: true},
	application: {kinds: []kind{domain, application}, pure: true},
	suite:       {kinds: []kind{domain, application, suite, platform, contracts, thirdParty}},
	codec:       {kinds: []kind{domain, application, codec, platform, contracts, thirdParty}},
	adapter:     {kinds: []kind{domain, application, codec, platform, contracts, thirdParty}},
	inbound:     {kinds: []kind{domain, application, codec, platform, contracts, thirdParty}},
	face:        {kinds: []kind{domain, application, inbound, platform, contracts, thirdParty}},
	embedded:    {kinds: []kind{domain, application, codec, adapter, inbound, face, embedded, platform, contracts, thirdParty}},
	aws:         {kinds: []kind{domain, application, codec, adapter, inbound, face, aws, platform, contracts, thirdParty}},
	command:     {kinds: []kind{aws, platform, thirdParty}},
	platform:    {kinds: []kind{platform, thirdParty}},
	function:    {kinds: []kind{platform, thirdParty}},
	contracts:   {kinds: []kind{contracts, thirdParty}},
	kit:         {kinds: []kind{kit, contracts, thirdParty}},
	tool:        {kinds: []kind{tool, target, face, embedded, platform, contracts, thirdParty}},
	target:      {kinds: []kind{tool, target, face, aws, platform, contracts, thirdParty}},
}

// mayImport applies the allowances. Adapters may import their own parts, and
// never each other.
func mayImport(from, to place, toPath string) bool {
	if to.kind == standard {
		return true
	}
	if to.service != "" && from.service != "" && from.service != to.service {
		return false
	}
	if from.kind == to.kind && (from.kind == adapter || from.kind == inbound) {
		return from.unit == to.unit
	}
	a := allowances[from.kind]
	return slices.Contains(a.kinds, to.kind) || a.pure && slices.Contains(purePlatform, strings.TrimPrefix(toPath, prefix))
}

// link forbids what binaries carry, over any number of imports.
type link struct {
	name string
	// from are the packages that must not link it.
	from func(p place) bool
	// forbidden are the beginnings of what must not be linked.
	forbidden []string
}

var awsClients = []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go"}

var links = []link{
	{
		name:      "embedded links no AWS client",
		from:      func(p place) bool { return p.kind == embedded },
		forbidden: awsClients,
	},
	{
		name:      "a Lambda function links no SQLite",
		from:      func(p place) bool { return p.kind == command || p.kind == function },
		forbidden: []string{"modernc.org/sqlite", "github.com/mattn/go-sqlite3", prefix + "platform/sqlite"},
	},
	{
		name:      "mesh links AWS behind its target alone",
		from:      func(p place) bool { return p.kind == tool },
		forbidden: awsClients,
	},
}

const (
	// meshCommand imports the target, so that of its links only the direct ones say
	// anything.
	meshCommand = "tools/mesh"
	// meshTarget is the package behind --target aws.
	meshTarget = "tools/mesh/internal/targetaws"
)

// ban forbids functions of the standard library.
type ban struct {
	name     string
	from     func(p place, packageName string) bool
	library  string
	function []string
}

var bans = []ban{
	{
		// A Lambda function's configuration is its environment, so its composition
		// root reads it; test suites name their servers there.
		name: "configuration comes from the command",
		from: func(p place, packageName string) bool {
			return packageName != "main" && packageName != "testserver" && p.kind != aws
		},
		library:  "os",
		function: []string{"Getenv", "LookupEnv", "ExpandEnv"},
	},
	{
		name:     "the clock is injected",
		from:     func(p place, _ string) bool { return p.kind == domain || p.kind == application },
		library:  "time",
		function: []string{"Now", "Since", "Until"},
	},
}

// The names of rules that are in no table.
const (
	ruleServices = "no service imports another"
	ruleLayout   = "a package has its place in the layout"
	ruleSuites   = "conformance suites are for tests"
)

// Rules returns the names of all rules, sorted.
func Rules() []string {
	names := []string{ruleServices, ruleLayout, ruleSuites}
	for k := range allowances {
		names = append(names, importRule(k))
	}
	for _, l := range links {
		names = append(names, l.name)
	}
	for _, b := range bans {
		names = append(names, b.name)
	}
	slices.Sort(names)
	return names
}

func importRule(k kind) string { return "imports of " + string(k) }
