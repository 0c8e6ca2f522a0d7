package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	factFile   = "contracts/events/x/thing.done.v1.schema.json"
	factSchema = `{"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "count": {"type": "integer", "minimum": 1}}}`
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

type contractFinding struct{ File, Pointer, Rule, Change, Remedy, Against string }

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
	writeFact(t, root, strings.Replace(factSchema, `"count"`, `"note": {"type": "string"}, "count"`, 1))
	if got := check(); got != (ran{}) {
		t.Errorf("an optional property: %+v, want silence", got)
	}

	writeFact(t, root, strings.Replace(factSchema, `"minimum": 1`, `"minimum": 2`, 1))
	got := check()
	line := factFile + " /properties/count/minimum: bound-tightened: was 1, is 2: older events may be refused now; keep what was allowed, and send no more than is wanted\n"
	if got.code != 1 || got.stdout != line || got.stderr != "mesh: incompatible with HEAD: 1 found\n" {
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
	if got.code != 1 || !strings.Contains(got.stdout, "(since v1.0.0); ") || got.stderr != "mesh: incompatible with v1.0.0: 1 found\n" {
		t.Errorf("against a release: %+v", got)
	}

	if err := os.Remove(filepath.Join(root, filepath.FromSlash(factFile))); err != nil {
		t.Fatal(err)
	}
	if got := check(); got.code != 1 || !strings.Contains(got.stdout, factFile+" /: schema-removed: ") {
		t.Errorf("a schema that is gone: %+v", got)
	}
}

func TestContractsAreNotCheckedAgainstNothing(t *testing.T) {
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
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := meshCommand(t, "", append([]string{"contracts", "check"}, tt.args...)...)
			if got.code != tt.code || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, tt.says) {
				t.Errorf("%+v, want exit code %d and one line with %q", got, tt.code, tt.says)
			}
		})
	}
}
