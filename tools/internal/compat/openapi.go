package compat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// documents compares the OpenAPI documents by oasdiff, which is pinned in
// tools/pinned: what it calls an error breaks a client.
func (r repository) documents(ctx context.Context, ref string) ([]Finding, error) {
	files, err := r.files(ctx, ref, apiFolder)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, file := range files {
		if !strings.HasSuffix(file, ".openapi.yaml") {
			continue
		}
		current := filepath.Join(r.root, filepath.FromSlash(file))
		after, err := os.ReadFile(current)
		if errors.Is(err, fs.ErrNotExist) {
			findings = append(findings, Finding{file, "/", "document-removed", "the API is gone", "keep it, or make a new version"})
			continue
		}
		if err != nil {
			return nil, err
		}
		before, err := r.run(ctx, "show", ref+":"+file)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(before, after) {
			continue
		}
		found, err := r.oasdiff(ctx, file, before, current)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

func (r repository) oasdiff(ctx context.Context, file string, before []byte, current string) ([]Finding, error) {
	scratch, err := os.MkdirTemp("", "compat")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	base := filepath.Join(scratch, filepath.Base(file))
	if err := os.WriteFile(base, before, 0o600); err != nil {
		return nil, err
	}
	revision, err := filepath.Abs(current)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "go", "tool", "oasdiff", "breaking", base, revision, "--format", "json")
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

// breaking reads oasdiff's answer. Level 3 is what it calls an error; below are
// warnings, for people.
func breaking(file string, output []byte) ([]Finding, error) {
	if len(bytes.TrimSpace(output)) == 0 {
		return nil, nil
	}
	var changes []struct {
		ID, Text, Operation, Path string
		Level                     int
	}
	if err := json.Unmarshal(output, &changes); err != nil {
		return nil, fmt.Errorf("oasdiff: %w", err)
	}
	const levelError = 3
	var findings []Finding
	for _, change := range changes {
		if change.Level < levelError {
			continue
		}
		pointer := "/paths/" + strings.ReplaceAll(change.Path, "/", "~1") + "/" + strings.ToLower(change.Operation)
		findings = append(findings, Finding{file, pointer, change.ID, change.Text, "keep what clients rely on, or add beside it"})
	}
	return findings, nil
}
