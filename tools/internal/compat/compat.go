// Package compat finds changes of the contracts that a consumer would notice:
// it compares event schemas and OpenAPI documents with an earlier state in git.
// It knows the rules of compatibility and nothing of what the contracts say.
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
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// ErrUnknownRef reports a git ref that the repository does not have.
var ErrUnknownRef = errors.New("unknown git ref")

const (
	eventsFolder = "contracts/events"
	apiFolder    = "contracts/api"
)

// Check compares the contracts of the workspace at root with those at the ref
// and at every release before it (tags v*), and returns what is incompatible.
func Check(ctx context.Context, root, ref string) ([]Finding, error) {
	repository := repository{root}
	if _, err := repository.run(ctx, "rev-parse", "--verify", "--quiet", ref+"^{commit}"); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrUnknownRef, ref)
	}
	refs := []string{ref}
	tags, err := repository.run(ctx, "tag", "--list", "v*", "--merged", "HEAD")
	if err != nil {
		return nil, err
	}
	refs = append(refs, strings.Fields(string(tags))...)
	var findings []Finding
	for _, against := range refs {
		found, err := repository.against(ctx, against)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", against, err)
		}
		for _, finding := range found {
			if !slices.Contains(findings, finding) {
				findings = append(findings, finding)
			}
		}
	}
	return findings, nil
}

// repository is a git work tree.
type repository struct{ root string }

func (r repository) run(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", r.root}, args...)...)
	var failure bytes.Buffer
	command.Stderr = &failure
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(failure.Bytes()))
	}
	return output, nil
}

// files lists what the ref has below the folder, by paths from the root.
func (r repository) files(ctx context.Context, ref, folder string) ([]string, error) {
	output, err := r.run(ctx, "ls-tree", "-r", "--name-only", "--full-tree", ref, folder+"/")
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(output)), nil
}

func (r repository) against(ctx context.Context, ref string) ([]Finding, error) {
	files, err := r.files(ctx, ref, eventsFolder)
	if err != nil {
		return nil, err
	}
	before := cached(func(file string) ([]byte, error) { return r.run(ctx, "show", ref+":"+file) })
	after := cached(func(file string) ([]byte, error) { return os.ReadFile(filepath.Join(r.root, filepath.FromSlash(file))) })
	var findings []Finding
	for _, file := range files {
		if !strings.HasSuffix(file, ".schema.json") || path.Dir(file) == eventsFolder {
			continue // shared definitions are compared where they are referred to
		}
		if _, err := os.Stat(filepath.Join(r.root, filepath.FromSlash(file))); errors.Is(err, fs.ErrNotExist) {
			findings = append(findings, Finding{file, "/", "schema-removed", "the event is gone", "keep its schema as long as its events are in the archive"})
			continue
		}
		found, err := compareSchemas(file, before, after)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	documents, err := r.documents(ctx, ref)
	return append(findings, documents...), err
}

// cached parses each file once.
func cached(read func(file string) ([]byte, error)) schemas {
	parsed := map[string]map[string]any{}
	return func(file string) (map[string]any, error) {
		if schema, known := parsed[file]; known {
			return schema, nil
		}
		content, err := read(file)
		if err != nil {
			return nil, err
		}
		var schema map[string]any
		if err := json.Unmarshal(content, &schema); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		parsed[file] = schema
		return schema, nil
	}
}
