package compat_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/compat"
)

const correctionsFile = "contracts/corrections.yaml"

// replaced writes a file with a part of it replaced, which must be there.
func (r *repository) replaced(file, content, old, new string) string {
	r.t.Helper()
	changed := strings.Replace(content, old, new, 1)
	if changed == content {
		r.t.Fatalf("%s: there is no %s", file, old)
	}
	r.write(file, changed)
	return changed
}

func TestFindingsInDocumentsPointAtWhatChanged(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	changed := r.replaced(apiFile, apiDocument, "maxLength: 9}}", "maxLength: 8}}")
	changed = r.replaced(apiFile, changed, "maxLength: 9, pattern", "maxLength: 8, pattern")
	changed = r.replaced(apiFile, changed, ", kind: {type: string, enum: [a]}", "")
	changed = r.replaced(apiFile, changed, "      operationId: putX\n", "      operationId: putX\n      parameters: [{name: more, in: query, required: true, schema: {type: string}}]\n")
	r.replaced(apiFile, changed, "    delete:\n", "    head:\n")
	var got []string
	for _, finding := range r.check("HEAD").Findings {
		got = append(got, finding.Pointer)
	}
	for _, want := range []string{
		"/paths/~1x~1{id}/parameters/0/schema/maxLength",
		"/paths/~1x~1{id}/get/responses/200/content/application~1json/schema/properties/kind",
		"/paths/~1z/delete",
		"/paths/~1x~1{id}/put/parameters/0/name", // where it begins
		"/info/x-history",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("nothing at %s: %q", want, got)
		}
	}
}

func TestAChangeOfAFileNeedsAnEntryInItsHistory(t *testing.T) {
	t.Parallel()
	const entry = `{"date": "2026-11-26", "change": "A note."}`
	const first = `{"date": "2026-11-25", "change": "First version."}`
	event := func(history, more string) string {
		return `{"x-history": [` + history + `], "type": "object", "properties": {"title": {"type": "string"}` + more + `}}`
	}
	document := func(history, more string) string {
		return strings.Replace(apiDocument, "info: {title: x, version: 1.0.0}", "info: {title: x, version: 1.0.0, x-history: ["+history+"]}", 1) + more
	}
	const note = `, "note": {"type": "string"}`
	const parameter = "    More: {type: string}\n"
	tests := []struct {
		name          string
		file          string
		before, after string
		missing       bool
	}{
		{"nothing", eventFile, event(first, ""), event(first, ""), false},
		{"a property", eventFile, event(first, ""), event(first, note), true},
		{"a property, told", eventFile, event(first, ""), event(entry+","+first, note), false},
		{"a property, told at the end", eventFile, event(first, ""), event(first+","+entry, note), true},
		{"a property, and the history is gone", eventFile, event(first, ""), event("", note), true},
		{"a property, before there was a history", eventFile, event("", ""), event(first, note), false},
		{"a description", eventFile, event(first, ""), strings.Replace(event(first, ""), `"x-history"`, `"description": "d", "x-history"`, 1), false},
		{"an example", eventFile, event(first, ""), strings.Replace(event(first, ""), `{"type": "string"}`, `{"type": "string", "examples": ["x"]}`, 1), false},
		{"what a property named title is", eventFile, event(first, ""), strings.Replace(event(first, ""), `{"type": "string"}`, `{"type": "string", "default": "x"}`, 1), true},
		{"a property named title", eventFile, event(first, ""), strings.Replace(event(first, ""), `"title"`, `"name"`, 1), true},
		{"a text of a property named properties", eventFile, event(first, `, "properties": {"title": "a"}`), event(first, `, "properties": {"title": "b"}`), false},
		{"a constant with a title", eventFile, event(first, `, "fixed": {"const": {"title": "a"}}`), event(first, `, "fixed": {"const": {"title": "b"}}`), true},
		{"an enum with titles", eventFile, event(first, `, "fixed": {"enum": [{"title": "a"}]}`), event(first, `, "fixed": {"enum": [{"title": "b"}]}`), true},
		{"a shared definition", sharedFile, `{"x-history": [` + first + `], "$defs": {}}`, `{"x-history": [` + first + `], "$defs": {"A": true}}`, true},
		{"a document", apiFile, document(first, ""), document(first, parameter), true},
		{"a document, told", apiFile, document(first, ""), document(entry+","+first, parameter), false},
		{"a document's description", apiFile, document(first, ""), strings.Replace(document(first, ""), "description: y", "description: z", 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t)
			r.write(tt.file, tt.before)
			if tt.file == sharedFile {
				r.write(eventFile, event(first, ""))
			}
			r.commit()
			r.write(tt.file, tt.after)
			missing := false
			for _, finding := range r.check("HEAD").Findings {
				if finding.Rule != "history-missing" {
					continue
				}
				missing = true
				if finding.File != tt.file || !strings.HasSuffix(finding.Pointer, "/x-history") || finding.Remedy == "" {
					t.Errorf("%+v does not say where and what to do", finding)
				}
			}
			if missing != tt.missing {
				t.Errorf("missing %t, want %t", missing, tt.missing)
			}
		})
	}
}

// corrected is a repository with an incompatible change of two bounds of its API.
func corrected(t *testing.T) *repository {
	t.Helper()
	r := newRepository(t)
	changed := r.replaced(apiFile, apiDocument, "info: {title: x, version: 1.0.0}", `info: {title: x, version: 1.0.0, x-history: [{date: "2026-11-25", change: x}]}`)
	changed = r.replaced(apiFile, changed, "maxLength: 9}}", "maxLength: 8}}")
	r.replaced(apiFile, changed, "maximum: 10", "maximum: 9")
	return r
}

func correction(file, pointer, rule, reason string) string {
	return fmt.Sprintf("- {file: %q, pointer: %q, rule: %q, reason: %q}\n", file, pointer, rule, reason)
}

func TestCorrectionsAcceptWhatADocumentHadWrong(t *testing.T) {
	t.Parallel()
	const (
		length  = "/paths/~1x~1{id}/parameters/0/schema/maxLength"
		maximum = "/paths/~1x~1{id}/get/parameters/0/schema/maximum"
	)
	tests := []struct {
		name    string
		pointer string
		rule    string
		want    []string // the pointers that are accepted
	}{
		{"the place", length, "request-parameter-max-length-decreased", []string{length}},
		{"everything below", "/paths/**", "request-parameter-max-decreased", []string{maximum}},
		{"another document", length, "request-parameter-max-length-decreased", nil},
		{"another place", maximum, "request-parameter-max-length-decreased", nil},
		{"another rule", length, "request-parameter-max-decreased", nil},
		{"above the place", "/paths", "request-parameter-max-decreased", nil},
		{"not below itself", maximum + "/**", "request-parameter-max-decreased", nil},
		{"a name that begins alike", "/paths/~1x/**", "request-parameter-max-decreased", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := corrected(t)
			const another = "contracts/api/another.openapi.yaml"
			r.write(another, apiDocument)
			file := apiFile
			if tt.name == "another document" {
				file = another
			}
			r.write(correctionsFile, correction(file, tt.pointer, tt.rule, "it was always refused"))
			report := r.check("HEAD")
			var accepted []string
			for _, finding := range report.Findings {
				if finding.Accepted == "it was always refused" {
					accepted = append(accepted, finding.Pointer)
				}
			}
			if len(report.Findings) != 2 || !slices.Equal(accepted, tt.want) {
				t.Errorf("accepted %q, want %q: %+v", accepted, tt.want, report.Findings)
			}
			if (len(report.Unused) == 1) != (tt.want == nil) {
				t.Errorf("unused: %+v", report.Unused)
			}
		})
	}
}

func TestCorrectionsThatAreWrongAreErrors(t *testing.T) {
	t.Parallel()
	const rule = "request-parameter-max-decreased"
	tests := []struct{ name, give, says string }{
		{"no reason", correction(apiFile, "/paths/**", rule, " "), "no reason"},
		{"no such file", correction("contracts/api/y.openapi.yaml", "/paths/**", rule, "r"), "y.openapi.yaml"},
		{"no file", correction("", "/paths/**", rule, "r"), "no OpenAPI document"},
		{"another file", correction("contracts/README.md", "/paths/**", rule, "r"), "README.md"},
		{"an event", correction(eventFile, "/properties/**", "bound-tightened", "r"), "events cannot be corrected"},
		{"no such rule", correction(apiFile, "/paths/**", "nonsense", "r"), "nonsense"},
		{"a rule of events", correction(apiFile, "/paths/**", "enum-value-added", "r"), "enum-value-added"},
		{"the history", correction(apiFile, "/info/x-history", "history-missing", "r"), "history-missing"},
		{"no pointer", correction(apiFile, "", rule, "r"), "pointer"},
		{"an unknown member", "- {file: x, why: y}\n", "why"},
		{"no list", "file: x\n", correctionsFile},
		{"the second entry", correction(apiFile, "/paths/**", rule, "r") + correction(apiFile, "/paths/**", rule, ""), "entry 2"},
	}
	r := corrected(t)
	r.write("contracts/README.md", "x")
	for _, tt := range tests {
		r.write(correctionsFile, tt.give)
		_, err := compat.Check(t.Context(), r.root, "HEAD")
		if err == nil || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), correctionsFile) {
			t.Errorf("%s: %v, want an error with %q", tt.name, err, tt.says)
		}
	}
	for _, none := range []string{"", "# none\n", "[]\n"} {
		r.write(correctionsFile, none)
		if report := r.check("HEAD"); len(report.Findings) != 2 || report.Unused != nil {
			t.Errorf("%q: %+v", none, report)
		}
	}
}

func TestADiffListsAllChanges(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	const gone, added = "contracts/events/x/gone.v1.schema.json", "contracts/events/x/added.v1.schema.json"
	r.write(gone, eventSchema)
	r.commit()
	if changes := diff(t, r); changes != nil {
		t.Errorf("nothing changed: %q", changes)
	}
	if err := os.Remove(filepath.Join(r.root, gone)); err != nil {
		t.Fatal(err)
	}
	r.write(added, eventSchema)
	r.write("contracts/api/added.openapi.yaml", apiDocument)
	changed := r.replaced(eventFile, eventSchema, `"description": "n"`, `"description": "m", "default": "abc"`)
	changed = r.replaced(eventFile, changed, `"count": {`, `"note": {"type": "string"}, "count": {`)
	changed = r.replaced(eventFile, changed, `["one", "two"]`, `["two", "one", "three"]`)
	changed = r.replaced(eventFile, changed, `"required": ["id", "price", "items"]`, `"required": ["id", "items", "price"]`)
	r.replaced(eventFile, changed, `"email": {"type": "string", "x-sensitive": true}`, `"email": {"type": "string"}`)
	shared := r.replaced(sharedFile, sharedSchema, `"Other": {`, `"Unused": true, "Other": {`)
	r.replaced(sharedFile, shared, `"amount": {"type": "integer"}`, `"amount": {"type": "number"}`)
	api := r.replaced(apiFile, apiDocument, "description: x", "description: z")
	api = r.replaced(apiFile, api, "maximum: 10", "maximum: 11")
	r.replaced(apiFile, api, "    Part: {", "    Unused: {type: string}\n    Part: {")
	want := []string{
		"- " + eventFile + " /properties/email/x-sensitive sensitive-removed",
		"- " + eventFile + " /properties/kind/enum enum-value-added",
		"+ " + eventFile + " /properties/name/default annotation-changed",
		"+ " + eventFile + " /properties/name/description annotation-changed",
		"+ " + eventFile + " /properties/note property-added",
		"+ " + eventFile + " /required/1 form-changed",
		"+ " + eventFile + " /required/2 form-changed",
		"+ " + added + "  schema-added",
		"- " + gone + "  schema-removed",
		"- " + sharedFile + " /$defs/Money/properties/amount/type type-widened",
		"+ " + sharedFile + " /$defs/Unused form-changed",
		"+ contracts/api/added.openapi.yaml  document-added",
		"+ " + apiFile + " /components/schemas/Unused form-changed",
		"+ " + apiFile + " /paths/~1x~1{id}/get/parameters/0/schema/maximum request-parameter-max-increased",
		"+ " + apiFile + " /paths/~1x~1{id}/get/responses/200/description annotation-changed",
	}
	got := diff(t, r)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// diff lists the changes since HEAD, with + for compatible ones.
func diff(t *testing.T, r *repository) []string {
	t.Helper()
	changes, err := compat.Diff(t.Context(), r.root, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, change := range changes {
		sign := "-"
		if change.Compatible {
			sign = "+"
		}
		if change.Change == "" || change.Against != "HEAD" || (change.Remedy == "") != change.Compatible {
			t.Errorf("%+v does not say what", change)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s", sign, change.File, change.Pointer, change.Rule))
	}
	return lines
}
