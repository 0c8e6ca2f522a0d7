package compat

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const keepOrAdd = "keep what clients rely on, or add beside it"

// alsoBreaking are changes that oasdiff takes for harmless, and we do not.
var alsoBreaking = []string{
	// A client may read what is not always there, and may tell answers apart by their status.
	"optional-response-header-removed", "response-optional-property-removed", "response-non-success-status-removed", "response-success-status-added",
	// A client that leaves something out gets another answer.
	"request-parameter-default-value-changed", "request-parameter-default-value-removed",
	"request-property-default-value-changed", "request-property-default-value-removed",
}

// deprecation is hidden from oasdiff, which would let go silently what was to end
// by now, and demand a date for the end of what is deprecated. Within a version
// nothing ends.
var deprecation = regexp.MustCompile(`\bdeprecated(\s*:\s*(?:true|false)\b)`)

// hideDeprecation keeps everything where it stands.
func hideDeprecation(document []byte) []byte {
	return deprecation.ReplaceAll(document, []byte("x-outdated$1"))
}

// compareDocuments compares an OpenAPI document by oasdiff, and what that does
// not look at by bodies. What oasdiff calls an error or a warning breaks a
// client: among the warnings are patterns that changed and members that a closed
// request refuses.
func (r repository) compareDocuments(ctx context.Context, file string, old, new *state) ([]Finding, error) {
	was, err := old.read(file)
	if err != nil {
		return nil, err
	}
	is, err := new.read(file)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(was.content, is.content) {
		return nil, nil
	}
	findings, err := r.changelog(ctx, file, was, is)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	more, err := compareBodies(file, old, new)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return append(findings, more...), nil
}

// oasdiff runs the version that is pinned in tools/pinned.
func (r repository) oasdiff(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", append([]string{"tool", "oasdiff"}, args...)...)
	command.Dir = r.path("tools/pinned")
	command.Env = append(os.Environ(), "GOWORK=off")
	var failure bytes.Buffer
	command.Stderr = &failure
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("oasdiff: %w: %s", err, bytes.TrimSpace(failure.Bytes()))
	}
	return output, nil
}

func (r repository) changelog(ctx context.Context, file string, was, is parsed) ([]Finding, error) {
	scratch, err := os.MkdirTemp("", "compat")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	base, revision := filepath.Join(scratch, "before.yaml"), filepath.Join(scratch, "after.yaml")
	if err := os.WriteFile(base, hideDeprecation(was.content), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(revision, hideDeprecation(is.content), 0o600); err != nil {
		return nil, err
	}
	// Without --flatten-params it overlooks the parameters of a whole path.
	output, err := r.oasdiff(ctx, "changelog", base, revision, "--flatten-params", "--format", "json")
	if err != nil || len(bytes.TrimSpace(output)) == 0 {
		return nil, err
	}
	var changes []change
	if err := json.Unmarshal(output, &changes); err != nil {
		return nil, fmt.Errorf("oasdiff: %w", err)
	}
	var findings []Finding
	for _, change := range changes {
		if change.ID == "api-major-version-not-bumped" || change.ID == "api-version-not-bumped" {
			continue // no changes of the document, but advice
		}
		finding := change.finding(file, was, is)
		if !slices.Contains(findings, finding) { // once for all operations that share it
			findings = append(findings, finding)
		}
	}
	return findings, nil
}

// change is what oasdiff tells of one.
type change struct {
	ID, Text, Operation, Path, Section string
	Level                              int
	BaseSource, RevisionSource         position
}

func (c change) finding(file string, was, is parsed) Finding {
	const warning = 2
	finding := Finding{
		File: file, Pointer: c.pointer(was, is), Rule: c.ID,
		Change: strings.Join(strings.Fields(c.Text), " "), // a finding is a line
	}
	if c.Level < warning && !slices.Contains(alsoBreaking, c.ID) {
		finding.Compatible = true
		return finding
	}
	finding.Remedy = keepOrAdd
	return finding
}

// pointer is the place that changed, or as near to it as oasdiff tells.
func (c change) pointer(was, is parsed) string {
	if pointer, known := is.places[c.RevisionSource]; known {
		return pointer
	}
	if pointer, known := was.places[c.BaseSource]; known {
		return pointer
	}
	switch {
	case c.Path != "" && c.Operation != "":
		return "/paths/" + escape(c.Path) + "/" + strings.ToLower(c.Operation)
	case c.Path != "":
		return "/paths/" + escape(c.Path)
	case c.Section != "":
		return "/" + escape(c.Section)
	}
	return ""
}
