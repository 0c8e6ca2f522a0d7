// Command checks holds the workspace to its rules: `checks NAME…` runs the named
// checks, `checks` all of them. It prints one line per breach and exits with 1
// when there is any; 2 is for wrong usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"ticketmesh.dev/tools/internal/generated"
	"ticketmesh.dev/tools/internal/imports"
	"ticketmesh.dev/tools/internal/lint"
	"ticketmesh.dev/tools/internal/modules"
	"ticketmesh.dev/tools/internal/stacks/built"
	"ticketmesh.dev/tools/internal/stacks/rules"
)

// check returns a line for each breach; an error when it cannot say. What people want to
// know of what it looked at it writes to log.
type check struct {
	name string
	run  func(ctx context.Context, root string, log io.Writer) ([]string, error)
}

// quiet is a check that has nothing to say but its breaches.
func quiet(run func(ctx context.Context, root string) ([]string, error)) func(context.Context, string, io.Writer) ([]string, error) {
	return func(ctx context.Context, root string, _ io.Writer) ([]string, error) { return run(ctx, root) }
}

// The quick ones come first.
var checks = []check{
	{"format", quiet(lint.Format)},
	{"imports", quiet(importRules)},
	{"generated", quiet(generated.Check)},
	{"typescript", quiet(lint.TypeScript)},
	{"documents", quiet(lint.Documents)},
	{"templates", quiet(lint.Templates)},
	{"policy", quiet(lint.Policy)},
	{"stacks", stackRules},
	{"vet", quiet(lint.Vet)},
	{"static", quiet(lint.Static)},
	{"sam", quiet(built.Check)},
	{"modules", quiet(func(ctx context.Context, root string) ([]string, error) {
		return modules.Check(ctx, root, "tools/pinned")
	})},
	{"vulnerabilities", quiet(lint.Vulnerabilities)},
}

func stackRules(ctx context.Context, root string, log io.Writer) ([]string, error) {
	findings, err := rules.Workspace(ctx, root, log)
	lines := make([]string, len(findings))
	for i, finding := range findings {
		lines[i] = finding.String()
	}
	return lines, err
}

func importRules(ctx context.Context, root string) ([]string, error) {
	findings, err := imports.Check(ctx, root)
	lines := make([]string, len(findings))
	for i, finding := range findings {
		lines[i] = finding.String()
	}
	return lines, err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("checks", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", ".", "folder of the workspace")
	write := flags.Bool("write", false, "format all files instead of checking anything")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: checks [-root FOLDER] [-write] [NAME…]\nchecks:", strings.Join(names(), ", "))
		flags.PrintDefaults()
	}
	if err := flags.Parse(arguments); err != nil {
		return 2
	}
	for _, name := range flags.Args() {
		if !slices.Contains(names(), name) {
			fmt.Fprintf(stderr, "checks: there is no check %q\n", name)
			return 2
		}
	}
	if *write {
		if err := lint.FormatWrite(ctx, *root); err != nil {
			fmt.Fprintln(stderr, "checks:", err)
			return 1
		}
		return 0
	}
	code := 0
	for _, c := range checks {
		if flags.NArg() > 0 && !slices.Contains(flags.Args(), c.name) {
			continue
		}
		findings, err := c.run(ctx, *root, stderr)
		for _, line := range findings {
			fmt.Fprintln(stdout, line)
		}
		switch {
		case errors.Is(err, lint.ErrNoVulnerabilityData):
			fmt.Fprintln(stderr, "govulncheck: vulnerability data cannot be had here")
		case err != nil:
			fmt.Fprintf(stderr, "%s: %v\n", c.name, err)
			code = 1
		case len(findings) > 0:
			fmt.Fprintf(stderr, "%s: %d found\n", c.name, len(findings))
			code = 1
		default:
			fmt.Fprintf(stderr, "%s: ok\n", c.name)
		}
	}
	return code
}

func names() []string {
	all := make([]string, len(checks))
	for i, c := range checks {
		all[i] = c.name
	}
	return all
}
