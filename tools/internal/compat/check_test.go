package compat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/compat"
)

const apiFile = "contracts/api/x.openapi.yaml"

const apiDocument = `openapi: 3.1.0
info: {title: x, version: 1.0.0}
paths:
  /x/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string, maxLength: 9}}
    get:
      operationId: getX
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 10, default: 5}}
      responses:
        '200':
          description: x
          content:
            application/json:
              schema: {type: object, required: [id], properties: {id: {type: string}, note: {type: string}, kind: {type: string, enum: [a]}}}
          headers: {X-Count: {schema: {type: integer}}}
        '404': {description: y}
    put:
      operationId: putX
      requestBody: {$ref: '#/components/requestBodies/X'}
      responses:
        '204': {description: x}
    patch:
      operationId: patchX
      responses:
        default: {$ref: '#/components/responses/Problem'}
  /y:
    get:
      operationId: getY
      responses:
        '204': {description: y}
  /z:
    get:
      operationId: getZ
      deprecated: true
      x-sunset: '2020-01-01'
      responses:
        '204': {description: z}
    delete:
      operationId: deleteZ
      deprecated: true
      responses:
        '204': {description: z}
components:
  responses:
    Problem:
      description: p
      content:
        application/json:
          schema: {type: object, additionalProperties: false, properties: {code: {type: string}}}
  requestBodies:
    X:
      content:
        application/json:
          schema: {$ref: '#/components/schemas/X'}
  schemas:
    X: {type: object, additionalProperties: false, required: [name], properties: {name: {type: [string, "null"], maxLength: 9, pattern: '^a'}, part: {$ref: '#/components/schemas/Part'}}}
    Part: {type: object, properties: {a: {type: string, default: q}}}
`

// TestMain has git look for repositories where it is told, also when the tests
// run in a hook of git's, which says otherwise.
func TestMain(m *testing.M) {
	for _, name := range []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"} {
		if err := os.Unsetenv(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

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

func (r *repository) check(ref string) compat.Report {
	r.t.Helper()
	report, err := compat.Check(r.t.Context(), r.root, ref)
	if err != nil {
		r.t.Fatal(err)
	}
	return report
}

// rules returns the rules that the work tree breaks against the ref, but for the
// one about its history.
func (r *repository) rules(ref string) string {
	r.t.Helper()
	var rules []string
	for _, finding := range r.check(ref).Findings {
		if finding.Rule != "history-missing" {
			rules = append(rules, finding.Rule)
		}
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
	if got := r.rules("HEAD"); got != "bound-tightened" {
		t.Errorf("a bound moved: %s", got)
	}
	r.write(eventFile, strings.Replace(eventSchema, "9223372036854775807", "9223372036854775806", 1))
	if got := r.rules("HEAD"); got != "bound-tightened" {
		t.Errorf("a bound of 64 bits moved: %s", got)
	}
	r.write(eventFile, eventSchema)
	r.write(sharedFile, strings.Replace(sharedSchema, `"amount": {"type": "integer"}`, `"amount": {"type": "string"}`, 1))
	if got := r.rules("HEAD"); got != "type-changed" {
		t.Errorf("a shared definition changed: %s", got)
	}
	r.write(eventFile, strings.Replace(eventSchema, `{"$ref": "../shared.v1.schema.json#/$defs/Money"}`, money, 1))
	if err := os.Remove(filepath.Join(r.root, sharedFile)); err != nil {
		t.Fatal(err)
	}
	if got := r.rules("HEAD"); got != "" {
		t.Errorf("definitions that are shared no more: %s", got)
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
	r.write("contracts/events/x/new.fact.v1.schema.json", eventSchema)
	r.commit()
	r.git("tag", "--annotate", "--message", "x", "v1.1.0")
	r.git("tag", "other")
	r.git("checkout", "--quiet", "-b", "aside")
	r.write("contracts/events/x/aside.fact.v1.schema.json", eventSchema)
	r.commit()
	r.git("tag", "v2.0.0") // no release that the work tree descends from
	r.git("checkout", "--quiet", "main")
	r.write(eventFile, strings.Replace(eventSchema, `"enum": ["one", "two"]`, `"enum": ["one", "two", "three"]`, 1))
	if err := os.Remove(filepath.Join(r.root, "contracts/events/x/new.fact.v1.schema.json")); err != nil {
		t.Fatal(err)
	}
	r.commit() // as if nobody had looked
	findings := r.check("HEAD").Findings
	var got []string
	for _, finding := range findings {
		if finding.Rule != "history-missing" {
			got = append(got, finding.Rule+" "+finding.Against)
		}
	}
	if want := []string{"enum-value-added v1.0.0", "schema-removed v1.1.0"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDocumentsAreCompared(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		old, new string
		want     string // the rules of making it so
		undone   string // and of making it what it was
	}{
		{"a description", "description: x", "description: z", "", ""},
		{"a path", "  /y:\n", "  /yy:\n", "api-path-removed-without-deprecation", "api-path-removed-without-deprecation"},
		{"a deprecated path", "  /z:\n", "  /zz:\n", "api-path-removed-without-deprecation", "api-path-removed-without-deprecation"},
		{"a deprecated operation", "    delete:\n", "    head:\n", "api-removed-without-deprecation", "api-removed-without-deprecation"},
		{"deprecation", "      operationId: getY\n", "      operationId: getY\n      deprecated: true\n", "", ""},
		{"an operation", "    put:\n", "    post:\n", "api-removed-without-deprecation", "api-removed-without-deprecation"},
		{"a status", "        '404': {description: y}\n", "", "response-non-success-status-removed", ""},
		{"a good status", "      responses:\n        '204': {description: x}", "      responses:\n        '200': {description: x}", "response-success-status-added response-success-status-removed", "response-success-status-added response-success-status-removed"},
		{"a required parameter", "in: query, schema", "in: query, required: true, schema", "request-parameter-became-required", ""},
		{"a parameter's bound", "maximum: 10", "maximum: 5", "request-parameter-max-decreased", ""},
		{"a parameter of a path", "string, maxLength: 9}}", "string, maxLength: 5}}", "request-parameter-max-length-decreased", ""},
		{"a parameter", "        - {name: limit, in: query, schema: {type: integer, maximum: 10, default: 5}}\n", "        - {name: from, in: query, schema: {type: integer}}\n", "request-parameter-removed", "request-parameter-removed"},
		{"a member of a request", "properties: {name:", "properties: {more: {type: string}, name:", "", "request-property-removed"},
		{"a required member of a request", "required: [name]", "required: [name, part]", "request-property-became-required", ""},
		{"a bound of a request", "maxLength: 9, pattern", "maxLength: 5, pattern", "request-property-max-length-decreased", ""},
		{"a pattern of a request", "'^a'", "'^b'", "request-property-pattern-changed", "request-property-pattern-changed"},
		{"null in a request", `[string, "null"]`, "string", "request-property-became-not-nullable", ""},
		{"a closed request", "X: {type: object, additionalProperties: false", "X: {type: object", "", "additional-properties-closed"},
		{"a closed part of a request", "Part: {type: object,", "Part: {type: object, additionalProperties: false,", "additional-properties-closed", ""},
		{"a member of an answer", "note: {type: string}", "note: {type: string}, more: {type: string}", "", "response-optional-property-removed"},
		{"a required member of an answer", "required: [id], ", "", "response-property-became-optional", ""},
		{"a type of an answer", "note: {type: string}", "note: {type: integer}", "response-property-type-changed", "response-property-type-changed"},
		{"null in an answer", "note: {type: string}", `note: {type: [string, "null"]}`, "response-property-became-nullable", ""},
		{"an enum of an answer", "enum: [a]", "enum: [a, b]", "response-property-enum-value-added", ""},
		{"a member of a closed answer", "code: {type: string}", "code: {type: string}, more: {type: string}", "closed-property-added", "response-optional-property-removed"},
		{"a closed answer", "schema: {type: object, additionalProperties: false, properties: {code", "schema: {type: object, properties: {code", "additional-properties-opened", ""},
		{"a header of an answer", "          headers: {X-Count: {schema: {type: integer}}}\n", "", "optional-response-header-removed", ""},
		{"a default of a parameter", "default: 5", "default: 6", "request-parameter-default-value-changed", "request-parameter-default-value-changed"},
		{"a default in a request", "default: q", "default: r", "request-property-default-value-changed", "request-property-default-value-changed"},
		{"no default in a request", ", default: q", "", "request-property-default-value-removed", ""},
		{"no default of a parameter", ", default: 5", "", "request-parameter-default-value-removed", ""},
		{"a summary", "      operationId: getY", "      summary: z\n      operationId: getY", "", ""},
	}
	done, undone := newRepository(t), newRepository(t)
	for i, tt := range tests {
		changed := strings.Replace(apiDocument, tt.old, tt.new, 1)
		if changed == apiDocument {
			t.Fatalf("%s: nothing is changed", tt.name)
		}
		// A document each, so that one comparison tells about all of them.
		file := fmt.Sprintf("contracts/api/%d.openapi.yaml", i)
		done.write(file, apiDocument)
		undone.write(file, changed)
	}
	done.commit()
	undone.commit()
	for i, tt := range tests {
		file := fmt.Sprintf("contracts/api/%d.openapi.yaml", i)
		done.write(file, strings.Replace(apiDocument, tt.old, tt.new, 1))
		undone.write(file, apiDocument)
	}
	for _, direction := range []struct {
		name string
		r    *repository
		want func(i int) string
	}{
		{"done", done, func(i int) string { return tests[i].want }},
		{"undone", undone, func(i int) string { return tests[i].undone }},
	} {
		findings := direction.r.check("HEAD").Findings
		for i, tt := range tests {
			var rules []string
			for _, finding := range findings {
				if finding.Rule != "history-missing" && finding.File == fmt.Sprintf("contracts/api/%d.openapi.yaml", i) {
					rules = append(rules, finding.Rule)
					if !strings.HasPrefix(finding.Pointer, "/paths/~1") && !strings.HasPrefix(finding.Pointer, "/components/") {
						t.Errorf("%s %s: the pointer is %q", tt.name, direction.name, finding.Pointer)
					}
				}
			}
			slices.Sort(rules)
			if got := strings.Join(slices.Compact(rules), " "); got != direction.want(i) {
				t.Errorf("%s %s: %q, want %q", tt.name, direction.name, got, direction.want(i))
			}
		}
	}
}

func TestADocumentThatIsGoneIsFound(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
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
	for _, ref := range []string{"nowhere", "--all", "--since=yesterday", "HEAD:contracts"} {
		if _, err := compat.Check(t.Context(), r.root, ref); !errors.Is(err, compat.ErrUnknownRef) {
			t.Errorf("Check(%s) = %v, want ErrUnknownRef", ref, err)
		}
	}
}

func TestWhatCannotBeComparedIsNotCompatible(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	if _, err := compat.Check(t.Context(), filepath.Join(r.root, "contracts"), "HEAD"); !errors.Is(err, compat.ErrNothing) {
		t.Errorf("another folder: %v, want ErrNothing", err)
	}
	r.write(eventFile, eventSchema+"}")
	if _, err := compat.Check(t.Context(), r.root, "HEAD"); err == nil || !strings.Contains(err.Error(), eventFile) {
		t.Errorf("a broken schema: %v, want an error that names it", err)
	}
	r.write(eventFile, strings.Replace(eventSchema, `"title": "AB"`, `"type": "object"`, 1))
	if _, err := compat.Check(t.Context(), r.root, "HEAD"); err == nil || !strings.Contains(err.Error(), "/type is there twice") {
		t.Errorf("a keyword twice: %v, want an error that names it", err)
	}
	nowhere := t.TempDir()
	if _, err := compat.Check(t.Context(), nowhere, "HEAD"); err == nil || errors.Is(err, compat.ErrUnknownRef) {
		t.Errorf("no repository: %v, want an error that does not blame the ref", err)
	}
}

func TestAWorkspaceMayBeAFolderOfARepository(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.write("inner/"+eventFile, strings.Replace(eventSchema, `"minimum": 1`, `"minimum": 3`, 1))
	r.write("inner/"+sharedFile, sharedSchema)
	r.git("add", "inner")
	r.commit()
	r.write("inner/"+eventFile, strings.Replace(eventSchema, `"minimum": 1`, `"minimum": 2`, 1))
	r.root = filepath.Join(r.root, "inner")
	if got := r.rules("HEAD"); got != "bound-loosened" {
		t.Errorf("below the root of the repository: %q", got)
	}
}

// TestNoPropertyOfTheContractsMayGo looks whether the real schemas, as they are
// written, are reached to their last property.
func TestNoPropertyOfTheContractsMayGo(t *testing.T) {
	t.Parallel()
	r := exported(t, filepath.Join("..", "..", ".."))
	events, err := filepath.Glob(filepath.Join(r.root, "contracts", "events", "*", "*.schema.json"))
	if err != nil || len(events) == 0 {
		t.Fatalf("no events: %v", err)
	}
	read := func(file string) map[string]any {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return parse(t, string(content))
	}
	shared := filepath.Join(r.root, filepath.FromSlash(sharedFile))
	removed := map[string]bool{}
	for _, file := range append(events, shared) {
		name, err := filepath.Rel(r.root, file)
		if err != nil {
			t.Fatal(err)
		}
		schema := read(file)
		removeProperties(schema, filepath.ToSlash(name), removed)
		content, err := json.Marshal(schema)
		if err != nil {
			t.Fatal(err)
		}
		r.write(filepath.ToSlash(name), string(content))
	}
	if len(removed) == 0 {
		t.Fatal("no property is taken away")
	}
	findings := r.check("HEAD").Findings
	for _, finding := range findings {
		if finding.Rule == "property-removed" {
			delete(removed, finding.File+finding.Pointer)
		}
	}
	for _, place := range slices.Sorted(maps.Keys(removed)) {
		t.Errorf("%s may go", place)
	}
}

// removeProperties takes away the properties that hold plain values.
func removeProperties(schema map[string]any, place string, removed map[string]bool) {
	properties, _ := schema["properties"].(map[string]any)
	for name, value := range properties {
		property, _ := value.(map[string]any)
		_, refers := property["$ref"]
		_, isObject := property["properties"]
		_, isList := property["items"]
		if !refers && !isObject && !isList {
			removed[place+"/properties/"+name] = true
			delete(properties, name)
			continue
		}
		removeProperties(property, place+"/properties/"+name, removed)
	}
	if items, isSchema := schema["items"].(map[string]any); isSchema {
		removeProperties(items, place+"/items", removed)
	}
	definitions, _ := schema["$defs"].(map[string]any)
	for name, value := range definitions {
		if definition, isSchema := value.(map[string]any); isSchema {
			removeProperties(definition, place+"/$defs/"+name, removed)
		}
	}
}

// exported is a repository of the contracts of a workspace, as they are now.
func exported(t *testing.T, workspace string) *repository {
	t.Helper()
	r := &repository{t, t.TempDir()}
	for _, folder := range []string{"events", "api"} {
		from := filepath.Join(workspace, "contracts", folder)
		if err := os.CopyFS(filepath.Join(r.root, "contracts", folder), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	r.git("init", "--quiet", "--initial-branch", "main")
	r.commit()
	return r
}
