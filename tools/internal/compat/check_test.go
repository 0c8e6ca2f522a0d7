package compat_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/compat"
)

const apiFile = "contracts/api/x.openapi.yaml"

const apiDocument = `openapi: 3.1.0
info: {title: x, version: 1.0.0}
paths:
  /x:
    get:
      operationId: getX
      responses:
        '200':
          description: x
          content:
            application/json:
              schema: {type: object, required: [id], properties: {id: {type: string}, note: {type: string}}}
`

// repository is a workspace in git with one event and one API.
type repository struct {
	t    *testing.T
	root string
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{t, t.TempDir()}
	r.write(eventFile, eventSchema)
	r.write(sharedFile, sharedSchema)
	r.write(apiFile, apiDocument)
	pinned, err := filepath.Abs("../../pinned")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(r.root, "tools"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(pinned, filepath.Join(r.root, "tools", "pinned")); err != nil {
		t.Fatal(err)
	}
	r.git("init", "--quiet", "--initial-branch", "main")
	r.commit()
	return r
}

func (r *repository) write(file, content string) {
	r.t.Helper()
	path := filepath.Join(r.root, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *repository) git(args ...string) {
	r.t.Helper()
	command := exec.Command("git", append([]string{"-C", r.root, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
	if output, err := command.CombinedOutput(); err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, output)
	}
}

func (r *repository) commit() {
	r.t.Helper()
	r.git("add", "contracts")
	r.git("commit", "--quiet", "--message", "x")
}

// rules returns the rules that the work tree breaks against the ref.
func (r *repository) rules(ref string) string {
	r.t.Helper()
	findings, err := compat.Check(r.t.Context(), r.root, ref)
	if err != nil {
		r.t.Fatal(err)
	}
	var rules []string
	for _, finding := range findings {
		rules = append(rules, finding.Rule)
	}
	return strings.Join(rules, " ")
}

func TestTheWorkTreeIsComparedWithARef(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	if got := r.rules("HEAD"); got != "" {
		t.Errorf("unchanged: %s", got)
	}
	r.write(eventFile, strings.Replace(eventSchema, `"count": {"type": "integer", `, `"note": {"type": "string"}, "count": {"type": "integer", `, 1))
	r.write("contracts/events/x/new.fact.v1.schema.json", eventSchema)
	if got := r.rules("HEAD"); got != "" {
		t.Errorf("compatible: %s", got)
	}
	r.write(eventFile, strings.Replace(eventSchema, `"minimum": 1`, `"minimum": 2`, 1))
	if got := r.rules("HEAD"); got != "bound-changed" {
		t.Errorf("a bound moved: %s", got)
	}
	r.write(eventFile, eventSchema)
	r.write(sharedFile, strings.Replace(sharedSchema, `"amount": {"type": "integer"}`, `"amount": {"type": "string"}`, 1))
	if got := r.rules("HEAD"); got != "type-changed" {
		t.Errorf("a shared definition changed: %s", got)
	}
	r.write(sharedFile, sharedSchema)
	if err := os.Remove(filepath.Join(r.root, eventFile)); err != nil {
		t.Fatal(err)
	}
	if got := r.rules("HEAD"); got != "schema-removed" {
		t.Errorf("an event is gone: %s", got)
	}
}

func TestReleasesAreComparedWithToo(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.git("tag", "v1.0.0")
	r.write(eventFile, strings.Replace(eventSchema, `"enum": ["one", "two"]`, `"enum": ["one", "two", "three"]`, 1))
	r.commit() // as if nobody had looked
	if got := r.rules("HEAD"); got != "enum-value-added" {
		t.Errorf("against the release: %q", got)
	}
}

func TestDocumentsAreCompared(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.write(apiFile, strings.Replace(apiDocument, "note: {type: string}", "note: {type: string}, more: {type: string}", 1))
	if got := r.rules("HEAD"); got != "" {
		t.Errorf("a member added: %s", got)
	}
	r.write(apiFile, strings.Replace(apiDocument, "required: [id], ", "", 1))
	if got := r.rules("HEAD"); got != "response-property-became-optional" {
		t.Errorf("a member may be absent: %s", got)
	}
	if err := os.Remove(filepath.Join(r.root, apiFile)); err != nil {
		t.Fatal(err)
	}
	if got := r.rules("HEAD"); got != "document-removed" {
		t.Errorf("an API is gone: %s", got)
	}
}

func TestAnUnknownRefIsSaid(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	if _, err := compat.Check(t.Context(), r.root, "nowhere"); !errors.Is(err, compat.ErrUnknownRef) {
		t.Errorf("Check() = %v, want ErrUnknownRef", err)
	}
}
