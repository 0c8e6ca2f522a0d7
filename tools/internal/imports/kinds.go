package imports

import (
	"slices"
	"strings"
)

// kind is the part that a package plays.
type kind string

// The kinds.
const (
	domain      kind = "domain"      // services/<s>/internal/<noun>
	application kind = "app"         // services/<s>/internal/app
	suite       kind = "suite"       // services/<s>/internal/**/<name>test: conformance suites
	codec       kind = "codec"       // services/<s>/internal/<format>codec: what adapters share to put the domain into a format
	adapter     kind = "adapter"     // services/<s>/internal/<technology>
	inbound     kind = "inbound"     // services/<s>/internal/rest, subscribe
	face        kind = "face"        // services/<s>
	embedded    kind = "embedded"    // services/<s>/embedded
	aws         kind = "aws"         // services/<s>/aws
	command     kind = "cmd"         // services/<s>/cmd/<function>
	platform    kind = "platform"    // platform/**
	function    kind = "function"    // platform/cmd/<function>: Lambda functions of no service
	contracts   kind = "contracts"   // contracts/**
	kit         kind = "kit"         // contracts/<name>test: what holds services' tests to the contracts
	tool        kind = "tool"        // tools/**
	target      kind = "target"      // tools/mesh/internal/targetaws: what is behind --target aws
	thirdParty  kind = "third party" // not ours
	standard    kind = "standard library"
	nowhere     kind = "nowhere" // a place that the layout does not have
)

// adapterNames are the packages of services that speak to something outside the
// process or wrap a library. All other packages are domain, for which the rules
// are the narrowest: a new adapter is added here.
var adapterNames = []string{
	"sqlite", "dynamo", "postgres", "redis", "memory",
	"folder", "s3", "secrets",
	"smtp", "ses", "mailbox", "compose", "markdown", "pretix", "rrule",
	"jose", "kms", "testpay", "stripe", "showsclient", "ticketsclient",
	"scheduler", "streams", "lambda",
}

// inboundNames are the adapters that the outside calls.
var inboundNames = []string{"rest", "subscribe"}

// purePlatform are the packages of platform that a domain may know.
var purePlatform = []string{"platform/clock", "platform/id", "platform/money", "platform/words"}

// place is what the layout says about an import path.
type place struct {
	kind    kind
	service string
	// unit is the folder below internal, for the packages below one.
	unit string
}

func placeOf(importPath string) place {
	path, ours := strings.CutPrefix(importPath, prefix)
	if !ours {
		if first, _, _ := strings.Cut(importPath, "/"); strings.Contains(first, ".") {
			return place{kind: thirdParty}
		}
		return place{kind: standard}
	}
	parts := strings.Split(path, "/")
	switch parts[0] {
	case "platform":
		if len(parts) > 1 && parts[1] == "cmd" {
			return place{kind: function}
		}
		return place{kind: platform}
	case "contracts":
		if strings.HasSuffix(path, "test") {
			return place{kind: kit}
		}
		return place{kind: contracts}
	case "tools":
		if strings.HasPrefix(path+"/", meshTarget+"/") {
			return place{kind: target}
		}
		return place{kind: tool}
	case "services":
		if len(parts) > 1 {
			return servicePlace(parts[1], parts[2:])
		}
	}
	return place{kind: nowhere}
}

func servicePlace(service string, below []string) place {
	in := func(k kind) place { return place{kind: k, service: service} }
	if len(below) == 0 {
		return in(face)
	}
	switch below[0] {
	case "embedded":
		return in(embedded)
	case "aws":
		return in(aws)
	case "cmd":
		return in(command)
	case "internal":
		if len(below) == 1 {
			return in(nowhere)
		}
	default:
		return in(nowhere)
	}
	p := in(domain)
	p.unit = below[1]
	switch {
	case strings.HasSuffix(below[len(below)-1], "test"):
		p.kind = suite
	case p.unit == "app":
		p.kind = application
	case strings.HasSuffix(p.unit, "codec"):
		p.kind = codec
	case slices.Contains(inboundNames, p.unit):
		p.kind = inbound
	case slices.Contains(adapterNames, p.unit):
		p.kind = adapter
	}
	return p
}
