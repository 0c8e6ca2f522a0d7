package imports

import (
	"cmp"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Finding is one breach of one rule.
type Finding struct {
	Rule string
	// Package is the package at fault, without the part that all paths have; of
	// a forbidden call it is the file and the line.
	Package string
	Detail  string
}

// String is one line.
func (f Finding) String() string { return f.Package + ": " + f.Rule + ": " + f.Detail }

// Check returns all breaches in the workspace at root, sorted. It fails when the
// go command cannot list the packages.
func Check(ctx context.Context, root string) ([]Finding, error) {
	packages, err := load(ctx, root)
	if err != nil {
		return nil, err
	}
	if len(packages) == 0 {
		return nil, fmt.Errorf("%s has no package of ours", root)
	}
	var findings []Finding
	for _, p := range packages {
		findings = append(findings, checkImports(p)...)
		findings = append(findings, checkLinks(p)...)
		calls, err := checkCalls(p)
		if err != nil {
			return nil, err
		}
		findings = append(findings, calls...)
	}
	slices.SortFunc(findings, func(a, b Finding) int { return cmp.Compare(a.String(), b.String()) })
	return findings, nil
}

func checkImports(p goPackage) []Finding {
	from := placeOf(p.ImportPath)
	if from.kind == nowhere {
		return []Finding{{ruleLayout, p.path(), "there is no such place"}}
	}
	var findings []Finding
	for _, imported := range p.Imports {
		to := placeOf(imported)
		if mayImport(from, to, imported) {
			continue
		}
		rule := importRule(from.kind)
		switch {
		case from.service != "" && to.service != "" && from.service != to.service:
			rule = ruleServices
		case to.kind == suite || to.kind == kit:
			rule = ruleSuites
		}
		findings = append(findings, Finding{rule, p.path(), "imports " + strings.TrimPrefix(imported, prefix)})
	}
	return append(findings, checkTestImports(p, from)...)
}

// checkTestImports holds tests to what keeps modules apart; within theirs they
// may import what they like.
func checkTestImports(p goPackage, from place) []Finding {
	tests := slices.Concat(p.TestImports, p.XTestImports)
	slices.Sort(tests)
	var findings []Finding
	for _, imported := range slices.Compact(tests) {
		to := placeOf(imported)
		rule := ""
		switch {
		case from.service != "" && to.service != "" && from.service != to.service:
			rule = ruleServices
		case (from.kind == platform || from.kind == function || from.kind == contracts || from.kind == kit) && !mayImport(from, to, imported):
			rule = importRule(from.kind)
		default:
			continue
		}
		findings = append(findings, Finding{rule, p.path(), "its tests import " + strings.TrimPrefix(imported, prefix)})
	}
	return findings
}

func checkLinks(p goPackage) []Finding {
	from := placeOf(p.ImportPath)
	var findings []Finding
	for _, l := range links {
		if !l.from(from) {
			continue
		}
		carried := p.Deps
		if p.path() == meshCommand {
			carried = p.Imports
		}
		// The first is enough: a library brings dozens of its own packages.
		for _, linked := range carried {
			if slices.ContainsFunc(l.forbidden, func(forbidden string) bool {
				return linked == forbidden || strings.HasPrefix(linked, forbidden+"/")
			}) {
				findings = append(findings, Finding{l.name, p.path(), "links " + strings.TrimPrefix(linked, prefix)})
				break
			}
		}
	}
	return findings
}

func checkCalls(p goPackage) ([]Finding, error) {
	from := placeOf(p.ImportPath)
	var findings []Finding
	for _, b := range bans {
		if !b.from(from, p.Name) || !slices.Contains(p.Imports, b.library) {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			local := localName(file, b.library)
			if local == "" {
				continue
			}
			ast.Inspect(file, func(n ast.Node) bool {
				selector, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := selector.X.(*ast.Ident); ok && x.Name == local && slices.Contains(b.function, selector.Sel.Name) {
					at := p.path() + "/" + name + ":" + strconv.Itoa(set.Position(selector.Pos()).Line)
					findings = append(findings, Finding{b.name, at, "uses " + b.library + "." + selector.Sel.Name})
				}
				return true
			})
		}
	}
	return findings, nil
}

// localName is what the file calls a package of the standard library, or "".
func localName(file *ast.File, library string) string {
	for _, spec := range file.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil && path == library {
			if spec.Name != nil {
				return spec.Name.Name
			}
			return library
		}
	}
	return ""
}
