package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	factFile   = "contracts/events/x/thing.done.v1.schema.json"
	factSchema = `{"x-history": [{"date": "2026-11-25", "change": "First version."}], "type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "count": {"type": "integer", "minimum": 1}}}`
)

// contractsRepository is a repository with one event, committed.
func contractsRepository(t *testing.T) (root string, git func(args ...string)) {
	t.Helper()
	root = t.TempDir()
	git = func(args ...string) {
		t.Helper()
		command := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
		command.Dir = root
		// Not the repository that a hook runs in.
		command.Env = append(os.Environ(), "GIT_DIR="+filepath.Join(root, ".git"), "GIT_WORK_TREE="+root, "GIT_INDEX_FILE="+filepath.Join(root, ".git", "index"))
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, output)
		}
	}
	writeFact(t, root, factSchema)
	git("init", "--quiet", "--initial-branch", "main")
	git("add", ".")
	git("commit", "--quiet", "--message", "x")
	return root, git
}

func writeFact(t *testing.T, root, schema string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(factFile))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(schema), 0o600); err != nil {
		t.Fatal(err)
	}
}

// told is the schema with a part of it replaced and a new entry in its history.
func told(t *testing.T, old, new string) string {
	t.Helper()
	changed := strings.Replace(factSchema, old, new, 1)
	if changed == factSchema {
		t.Fatalf("there is no %s", old)
	}
	return strings.Replace(changed, "[{", `[{"date": "2026-11-26", "change": "A test."}, {`, 1)
}

type contractFinding struct {
	File, Pointer, Rule, Change, Remedy, Against, Accepted, Reason string
	Compatible, Unused                                             bool
}

func TestContractsAreCheckedAgainstARef(t *testing.T) {
	t.Parallel()
	root, git := contractsRepository(t)
	check := func(more ...string) ran {
		t.Helper()
		return meshCommand(t, "", append([]string{"contracts", "check", "--root", root, "--against", "HEAD"}, more...)...)
	}

	if got := check(); got != (ran{}) {
		t.Errorf("unchanged: %+v, want silence", got)
	}
	writeFact(t, root, told(t, `"count"`, `"note": {"type": "string"}, "count"`))
	if got := check(); got != (ran{}) {
		t.Errorf("an optional property: %+v, want silence", got)
	}
	writeFact(t, root, strings.Replace(factSchema, `"count"`, `"note": {"type": "string"}, "count"`, 1))
	if got := check(); got.code != 1 || !strings.HasPrefix(got.stdout, factFile+" /x-history: history-missing: ") || strings.Count(got.stdout, "\n") != 1 {
		t.Errorf("nothing in the history: %+v", got)
	}

	writeFact(t, root, told(t, `"minimum": 1`, `"minimum": 2`))
	got := check()
	line := factFile + " /properties/count/minimum: bound-tightened: was 1, is 2: older events, which are still in the archive, may be refused; keep what was allowed, and send no more than is wanted\n"
	if got.code != 1 || got.stdout != line || got.stderr != "mesh: 1 found against HEAD\n" {
		t.Errorf("a bound: %+v, want exit code 1 and %q", got, line)
	}
	got = check("--json")
	findings := objects[contractFinding](t, got.stdout)
	if got.code != 1 || len(findings) != 1 || findings[0].File != factFile || findings[0].Pointer != "/properties/count/minimum" ||
		findings[0].Rule != "bound-tightened" || findings[0].Change == "" || findings[0].Remedy == "" || findings[0].Against != "HEAD" {
		t.Errorf("a bound in JSON: %+v", got)
	}

	// What a release had is kept, also when it was changed long ago.
	git("tag", "v1.0.0")
	git("commit", "--quiet", "--all", "--message", "x")
	got = check()
	if got.code != 1 || !strings.Contains(got.stdout, "(since v1.0.0); ") || got.stderr != "mesh: 1 found against v1.0.0\n" {
		t.Errorf("against a release: %+v", got)
	}

	if err := os.Remove(filepath.Join(root, filepath.FromSlash(factFile))); err != nil {
		t.Fatal(err)
	}
	if got := check(); got.code != 1 || !strings.Contains(got.stdout, factFile+" /: schema-removed: ") {
		t.Errorf("a schema that is gone: %+v", got)
	}
}

func TestAllChangesOfContractsAreListed(t *testing.T) {
	t.Parallel()
	root, _ := contractsRepository(t)
	diff := func(more ...string) string {
		t.Helper()
		return meshOK(t, "", append([]string{"contracts", "diff", "--root", root, "--against", "HEAD"}, more...)...)
	}
	if got := diff(); got != "" {
		t.Errorf("unchanged: %q, want silence", got)
	}
	writeFact(t, root, strings.Replace(told(t, `"count"`, `"note": {"type": "string"}, "count"`), `"minimum": 1`, `"minimum": 0`, 1))
	got := diff()
	for _, want := range []string{
		"compatible: " + factFile + " /properties/note: property-added: note is new\n",
		"incompatible: " + factFile + " /properties/count/minimum: bound-loosened: was 1, is 0: ",
		"compatible: " + factFile + " /x-history: annotation-changed: ",
	} {
		if !strings.Contains("\n"+got, "\n"+want) {
			t.Errorf("no line %q: %s", want, got)
		}
	}
	var rules []string
	for _, change := range objects[contractFinding](t, diff("--json")) {
		rules = append(rules, fmt.Sprint(change.Rule, " ", change.Compatible))
	}
	if want := []string{"bound-loosened false", "property-added true", "annotation-changed true"}; !slices.Equal(rules, want) {
		t.Errorf("in JSON: %q, want %q", rules, want)
	}
}

const (
	documentFile = "contracts/api/x.openapi.yaml"
	document     = `openapi: 3.1.0
info: {title: x, version: 1.0.0, x-history: [{date: "2026-11-25", change: First version.}]}
paths:
  /x:
    get:
      operationId: getX
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 10}}
      responses:
        '204': {description: x}
`
)

func TestCorrectionsOfDocumentsAreAcceptedAndTold(t *testing.T) {
	t.Parallel()
	root, git := contractsRepository(t)
	write := func(file, content string) {
		t.Helper()
		path := filepath.Join(root, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(more ...string) ran {
		t.Helper()
		return meshCommand(t, "", append([]string{"contracts", "check", "--root", root, "--against", "HEAD"}, more...)...)
	}
	pinned, err := filepath.Abs("../pinned") // where oasdiff is
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "tools"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(pinned, filepath.Join(root, "tools", "pinned")); err != nil {
		t.Fatal(err)
	}
	write(documentFile, document)
	git("add", "contracts")
	git("commit", "--quiet", "--message", "x")

	const pointer = "/paths/~1x/get/parameters/0/schema/maximum"
	const rule = "request-parameter-max-decreased"
	write(documentFile, strings.NewReplacer("maximum: 10", "maximum: 9", "[{", `[{date: "2026-11-26", change: Ten were always refused.}, {`).Replace(document))
	if got := check(); got.code != 1 || !strings.HasPrefix(got.stdout, documentFile+" "+pointer+": "+rule+": ") {
		t.Errorf("without a correction: %+v", got)
	}
	const corrections = "contracts/corrections.yaml"
	entry := "- {file: " + documentFile + ", pointer: " + pointer + ", rule: " + rule + ", reason: it always was}\n"
	write(corrections, entry)
	got := check()
	if got.code != 0 || got.stderr != "" || !strings.HasPrefix(got.stdout, "accepted: "+documentFile) ||
		!strings.Contains(got.stdout, "; it always was\n") || !strings.HasSuffix(got.stdout, "\n1 accepted as corrections\n") {
		t.Errorf("with a correction: %+v", got)
	}
	got = check("--json")
	if findings := objects[contractFinding](t, got.stdout); got.code != 0 || len(findings) != 1 || findings[0].Accepted != "it always was" {
		t.Errorf("in JSON: %+v", got)
	}

	write(documentFile, document)
	if got := check(); got.code != 0 || got.stdout != "unused correction: "+documentFile+" "+pointer+": "+rule+": it always was\n" {
		t.Errorf("unused: %+v", got)
	}
	got = check("--json")
	if findings := objects[contractFinding](t, got.stdout); got.code != 0 || len(findings) != 1 || !findings[0].Unused || findings[0].Reason != "it always was" {
		t.Errorf("unused in JSON: %+v", got)
	}

	write(corrections, strings.Replace(entry, "it always was", `""`, 1))
	if got := check(); got.code != 1 || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, "no reason") {
		t.Errorf("without a reason: %+v", got)
	}
	write(corrections, "file: x\nrule\n")
	if got := check(); got.code != 1 || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, corrections) {
		t.Errorf("no corrections: %+v", got)
	}
}

func TestContractsAreNotComparedWithNothing(t *testing.T) {
	t.Parallel()
	root, _ := contractsRepository(t)
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no ref", []string{"--root", root}, 2, "--against"},
		{"an empty ref", []string{"--root", root, "--against", ""}, 2, "--against"},
		{"an unknown ref", []string{"--root", root, "--against", "nowhere"}, 2, "nowhere"},
		{"a ref like an option", []string{"--root", root, "--against=--all"}, 2, "--all"},
		{"an argument", []string{"--root", root, "--against", "HEAD", "x"}, 2, "x"},
		{"no repository", []string{"--root", t.TempDir(), "--against", "HEAD"}, 1, "git"},
		{"another folder of the repository", []string{"--root", filepath.Join(root, "contracts"), "--against", "HEAD"}, 1, "no contracts"},
	}
	for _, tt := range tests {
		for _, command := range []string{"check", "diff"} {
			got := meshCommand(t, "", append([]string{"contracts", command}, tt.args...)...)
			if got.code != tt.code || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, tt.says) {
				t.Errorf("%s with %s: %+v, want exit code %d and one line with %q", command, tt.name, got, tt.code, tt.says)
			}
		}
	}
}
