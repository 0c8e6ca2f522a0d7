// Package modules checks that every module of the workspace stands by itself:
// it builds without the workspace, says where the other local modules are, and
// has a tidy go.mod. It changes nothing.
package modules

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/sync/errgroup"
)

// local is what the paths of our modules begin with.
const local = "ticketmesh.dev/"

// jobs is how many modules are built at once: each build uses all processors.
const jobs = 2

type module struct {
	path string
	// dir is relative to the workspace.
	dir  string
	file *modfile.File
	// member says that go.work lists it.
	member bool
}

// Check returns all breaches in the workspace at root, one line each, sorted.
// Beside the modules that go.work lists it looks at those in outside.
func Check(ctx context.Context, root string, outside ...string) ([]string, error) {
	all, err := read(root, outside)
	if err != nil {
		return nil, err
	}
	findings := replacements(all)
	results := make([][]string, len(all))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(jobs)
	for i, m := range all {
		group.Go(func() error {
			results[i] = m.alone(ctx, root)
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	findings = slices.Concat(findings, slices.Concat(results...))
	slices.Sort(findings)
	return findings, nil
}

func read(root string, outside []string) ([]module, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		return nil, err
	}
	work, err := modfile.ParseWork("go.work", text, nil)
	if err != nil {
		return nil, err
	}
	var all []module
	add := func(dir string, member bool) error {
		name := filepath.Join(root, dir, "go.mod")
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := modfile.Parse(name, text, nil)
		if err != nil {
			return err
		}
		if file.Module == nil {
			return fmt.Errorf("%s names no module", name)
		}
		all = append(all, module{path: file.Module.Mod.Path, dir: filepath.Clean(dir), file: file, member: member})
		return nil
	}
	for _, use := range work.Use {
		if err := add(use.Path, true); err != nil {
			return nil, err
		}
	}
	for _, dir := range outside {
		if err := add(dir, false); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// replacements checks that a module requires and replaces every local module
// that it needs, also those that others need for it: without the workspace the
// go command looks at the replacements of the module alone.
func replacements(all []module) []string {
	byPath := make(map[string]module, len(all))
	for _, m := range all {
		byPath[m.path] = m
	}
	var findings []string
	for _, m := range all {
		for _, needed := range closure(m, byPath) {
			other, known := byPath[needed]
			if !known {
				findings = append(findings, fmt.Sprintf("%s: needs %s, which the workspace does not have", m.dir, needed))
				continue
			}
			want, err := filepath.Rel(m.dir, other.dir)
			if err != nil {
				findings = append(findings, fmt.Sprintf("%s: %v", m.dir, err))
				continue
			}
			if got := replaced(m, needed); filepath.Clean(got) != want {
				findings = append(findings, fmt.Sprintf("%s: needs replace %s => %s", m.dir, needed, filepath.ToSlash(want)))
			}
		}
	}
	return findings
}

// closure is all local modules that m requires, and what they require.
func closure(m module, byPath map[string]module) []string {
	seen := map[string]bool{m.path: true}
	var paths []string
	var walk func(module)
	walk = func(m module) {
		if m.file == nil {
			return
		}
		for _, r := range m.file.Require {
			if path := r.Mod.Path; strings.HasPrefix(path, local) && !seen[path] {
				seen[path] = true
				paths = append(paths, path)
				walk(byPath[path])
			}
		}
	}
	walk(m)
	slices.Sort(paths)
	return paths
}

func replaced(m module, path string) string {
	for _, r := range m.file.Replace {
		if r.Old.Path == path {
			return r.New.Path
		}
	}
	return ""
}

// alone builds the module without the workspace and compares its go.mod with a
// tidy one.
func (m module) alone(ctx context.Context, root string) []string {
	var findings []string
	if m.member {
		// The null device keeps a lone command from leaving its binary behind.
		if _, stderr, err := m.run(ctx, root, "build", "-buildvcs=false", "-o", os.DevNull, "./..."); err != nil {
			findings = append(findings, fmt.Sprintf("%s: does not build with GOWORK=off: %v: %s", m.dir, err, firstLine(stderr)))
		}
	}
	diff, stderr, err := m.run(ctx, root, "mod", "tidy", "-diff")
	switch {
	case err == nil:
	case diff != "":
		findings = append(findings, fmt.Sprintf("%s: go.mod or go.sum is not tidy: run go mod tidy in it with GOWORK=off", m.dir))
	default:
		findings = append(findings, fmt.Sprintf("%s: go.mod or go.sum cannot be compared with a tidy one: %v: %s", m.dir, err, firstLine(stderr)))
	}
	return findings
}

// firstLine leaves out the headings and what is downloaded.
func firstLine(output string) string {
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "go: downloading ") {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(output)
}

func (m module) run(ctx context.Context, root string, arguments ...string) (stdout, stderr string, err error) {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = filepath.Join(root, m.dir)
	command.Env = append(command.Environ(), "GOWORK=off")
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	err = command.Run()
	return out.String(), complaints.String(), err
}
