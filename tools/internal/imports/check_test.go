package imports_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"ticketmesh.dev/tools/internal/imports"
)

// lay writes the clean workspace and over it the fixture.
func lay(t *testing.T, fixture *txtar.Archive) string {
	t.Helper()
	clean, err := txtar.ParseFile("testdata/clean.txtar")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, file := range slices.Concat(clean.Files, fixture.Files) {
		path := filepath.Join(root, filepath.FromSlash(file.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func check(t *testing.T, root string) []imports.Finding {
	t.Helper()
	findings, err := imports.Check(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func TestTheCleanWorkspaceIsClean(t *testing.T) {
	t.Parallel()
	if findings := check(t, lay(t, &txtar.Archive{})); len(findings) != 0 {
		t.Errorf("found %v", findings)
	}
}

func TestEveryRuleIsBrokenByAFixtureAndNothingElseIs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	broken := make(chan string, len(files))
	t.Run("fixtures", func(t *testing.T) {
		for _, path := range files {
			name := strings.TrimSuffix(filepath.Base(path), ".txtar")
			if name == "clean" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				fixture, err := txtar.ParseFile(path)
				if err != nil {
					t.Fatal(err)
				}
				want := strings.TrimSpace(string(fixture.Comment))
				findings := check(t, lay(t, fixture))
				if len(findings) != 1 || findings[0].String() != want {
					t.Fatalf("found %q, want %q", findings, want)
				}
				broken <- findings[0].Rule
			})
		}
	})
	close(broken)
	var rules []string
	for rule := range broken {
		rules = append(rules, rule)
	}
	slices.Sort(rules)
	if rules = slices.Compact(rules); !slices.Equal(rules, imports.Rules()) {
		t.Errorf("fixtures break %q, want every rule: %q", rules, imports.Rules())
	}
}

func TestTheWorkspaceKeepsItsRules(t *testing.T) {
	t.Parallel()
	for _, finding := range check(t, "../../..") {
		t.Error(finding)
	}
}

func TestAWorkspaceThatCannotBeListedIsAnError(t *testing.T) {
	t.Parallel()
	if findings, err := imports.Check(t.Context(), t.TempDir()); err == nil {
		t.Errorf("found %v", findings)
	}
}
