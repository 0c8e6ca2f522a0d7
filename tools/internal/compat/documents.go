package compat

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const keepOrAdd = "keep what clients rely on, or add beside it"

// alsoBreaking are changes that oasdiff takes for harmless, and we do not: a
// client may tell problems apart by their status, and may read a member that is
// not always there.
var alsoBreaking = []string{"response-non-success-status-removed", "response-optional-property-removed"}

// documents compares the OpenAPI documents by oasdiff, which is pinned in
// tools/pinned. What it calls an error or a warning breaks a client: among the
// warnings are patterns that changed and members that a closed request refuses.
func (r repository) documents(ctx context.Context, commit string, files []string) ([]Finding, error) {
	var findings []Finding
	for _, file := range files {
		if !strings.HasSuffix(file, ".openapi.yaml") {
			continue
		}
		if !r.exists(file) {
			findings = append(findings, Finding{File: file, Rule: "document-removed", Change: "the API is gone", Remedy: "keep it, or make a new version"})
			continue
		}
		before, err := r.show(ctx, commit, file)
		if err != nil {
			return nil, err
		}
		after, err := os.ReadFile(r.path(file))
		if err != nil {
			return nil, err
		}
		if bytes.Equal(before, after) {
			continue
		}
		found, err := r.oasdiff(ctx, file, before, after)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		findings = append(findings, found...)
		if found, err = closedRequests(file, before, after); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

func (r repository) oasdiff(ctx context.Context, file string, before, after []byte) ([]Finding, error) {
	scratch, err := os.MkdirTemp("", "compat")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	base, revision := filepath.Join(scratch, "before.yaml"), filepath.Join(scratch, "after.yaml")
	if err := os.WriteFile(base, before, 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(revision, after, 0o600); err != nil {
		return nil, err
	}
	// Without --flatten-params it overlooks the parameters of a whole path.
	command := exec.CommandContext(ctx, "go", "tool", "oasdiff", "changelog", base, revision, "--flatten-params", "--format", "json")
	command.Dir = filepath.Join(r.root, "tools", "pinned")
	command.Env = append(os.Environ(), "GOWORK=off")
	var failure bytes.Buffer
	command.Stderr = &failure
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("oasdiff: %w: %s", err, bytes.TrimSpace(failure.Bytes()))
	}
	return breaking(file, output)
}

// breaking reads oasdiff's list of changes.
func breaking(file string, output []byte) ([]Finding, error) {
	if len(bytes.TrimSpace(output)) == 0 {
		return nil, nil
	}
	var changes []struct {
		ID, Text, Operation, Path, Section string
		Level                              int
	}
	if err := json.Unmarshal(output, &changes); err != nil {
		return nil, fmt.Errorf("oasdiff: %w", err)
	}
	const warning = 2
	var findings []Finding
	for _, change := range changes {
		if change.Level < warning && !slices.Contains(alsoBreaking, change.ID) {
			continue
		}
		pointer := ""
		switch {
		case change.Path != "" && change.Operation != "":
			pointer = "/paths/" + escape(change.Path) + "/" + strings.ToLower(change.Operation)
		case change.Path != "":
			pointer = "/paths/" + escape(change.Path)
		case change.Section != "":
			pointer = "/" + escape(change.Section)
		}
		said := strings.Join(strings.Fields(change.Text), " ") // a finding is a line
		findings = append(findings, Finding{File: file, Pointer: pointer, Rule: change.ID, Change: said, Remedy: keepOrAdd})
	}
	return findings, nil
}
