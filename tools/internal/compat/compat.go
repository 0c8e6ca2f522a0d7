// Package compat finds changes of the contracts that a consumer would notice:
// it compares event schemas and OpenAPI documents with an earlier state in git.
// It knows the rules of compatibility and nothing of what the contracts say.
//
// Events: within a version old consumers read new events, and new consumers read
// old ones from the archive. So what is valid must stay the same in both
// directions:
//
//   - what allows more (type-widened, bound-loosened, enum-value-added,
//     required-removed, additional-properties-opened) lets producers send what
//     old consumers refuse or do not expect;
//   - what allows less (type-narrowed, bound-tightened, enum-value-removed,
//     required-added, additional-properties-closed) refuses older events;
//   - another pattern, format, const or set of alternatives is taken to do both,
//     since it cannot be told cheaply; so is another order of alternatives;
//   - an optional property may come on top, since consumers tolerate what they
//     do not know, unless the old schema says that they do not (property-added);
//   - a property may not go, for somebody may read it (property-removed), nor may
//     x-sensitive, for what it masks would be shown (sensitive-removed);
//   - $id and x-event-type are what events are recognised by (identity-changed);
//   - titles, descriptions, examples, defaults and comments are free, and so is
//     how definitions are named and shared: a reference counts as what it leads
//     to;
//   - new schemas are free; one that is gone is found (schema-removed).
//
// OpenAPI documents: requests may allow more and answers less, see documents.
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
	"strings"
)

var (
	// ErrUnknownRef reports a git ref that the repository does not have.
	ErrUnknownRef = errors.New("unknown git ref")
	// ErrNothing reports that there are contracts neither now nor at the ref.
	ErrNothing = errors.New("no contracts to compare")
)

const (
	eventsFolder = "contracts/events"
	apiFolder    = "contracts/api"
)

// Check compares the contracts of the workspace at root with those at the ref
// and at every release before it (tags v*), and returns what is incompatible.
// What is so with several of them is found once, with the first of them.
func Check(ctx context.Context, root, ref string) ([]Finding, error) {
	repository := repository{root}
	if _, err := repository.run(ctx, "rev-parse", "--is-inside-work-tree"); err != nil {
		return nil, err
	}
	commit, err := repository.commit(ctx, ref)
	if err != nil {
		return nil, err
	}
	all, err := repository.against(ctx, ref, commit)
	if err != nil {
		return nil, err
	}
	tags, err := repository.run(ctx, "tag", "--list", "v*", "--merged", "HEAD", "--sort", "version:refname")
	if err != nil {
		return nil, err
	}
	for _, tag := range strings.Fields(string(tags)) {
		if commit, err = repository.commit(ctx, "refs/tags/"+tag); err != nil {
			return nil, err
		}
		findings, err := repository.against(ctx, tag, commit)
		if err != nil {
			return nil, err
		}
		all = append(all, findings...)
	}
	known := map[Finding]bool{}
	var findings []Finding
	for _, finding := range all {
		change := finding
		change.Against = ""
		if !known[change] {
			known[change] = true
			findings = append(findings, finding)
		}
	}
	return findings, nil
}

// repository is a git work tree, or a folder in one. Paths are relative to it.
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

func (r repository) commit(ctx context.Context, ref string) (string, error) {
	// With what follows it, no ref is taken for an option.
	hash, err := r.run(ctx, "rev-parse", "--verify", "--quiet", ref+"^{commit}")
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("%w: %s", ErrUnknownRef, ref)
	}
	return string(bytes.TrimSpace(hash)), err
}

// files lists what the commit has below the folder.
func (r repository) files(ctx context.Context, commit, folder string) ([]string, error) {
	output, err := r.run(ctx, "ls-tree", "-r", "-z", "--name-only", commit, "--", folder+"/")
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(output), func(r rune) bool { return r == 0 }), nil
}

func (r repository) show(ctx context.Context, commit, file string) ([]byte, error) {
	return r.run(ctx, "show", commit+":./"+file)
}

func (r repository) path(file string) string {
	return filepath.Join(r.root, filepath.FromSlash(file))
}

func (r repository) exists(file string) bool {
	_, err := os.Stat(r.path(file))
	return !errors.Is(err, fs.ErrNotExist)
}

func (r repository) against(ctx context.Context, ref, commit string) ([]Finding, error) {
	events, err := r.files(ctx, commit, eventsFolder)
	if err != nil {
		return nil, err
	}
	documents, err := r.files(ctx, commit, apiFolder)
	if err != nil {
		return nil, err
	}
	if len(events)+len(documents) == 0 && !r.exists(eventsFolder) && !r.exists(apiFolder) {
		return nil, fmt.Errorf("%w in %s", ErrNothing, r.root) // most likely another folder was meant
	}
	findings, err := r.events(ctx, commit, events)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	changed, err := r.documents(ctx, commit, documents)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	findings = append(findings, changed...)
	for i := range findings {
		findings[i].Against = ref
	}
	return findings, nil
}

// events compares the event schemas that the commit has.
func (r repository) events(ctx context.Context, commit string, files []string) ([]Finding, error) {
	before := cached(func(file string) ([]byte, error) { return r.show(ctx, commit, file) })
	after := cached(func(file string) ([]byte, error) { return os.ReadFile(r.path(file)) })
	var findings []Finding
	for _, file := range files {
		if !strings.HasSuffix(file, ".schema.json") || path.Dir(file) == eventsFolder {
			continue // shared definitions are compared where they are referred to
		}
		if !r.exists(file) {
			findings = append(findings, Finding{
				File: file, Rule: "schema-removed", Change: "the event is gone",
				Remedy: "keep its schema as long as its events are in the archive",
			})
			continue
		}
		found, err := compareSchemas(file, before, after)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

// cached parses each file once.
func cached(read func(file string) ([]byte, error)) schemas {
	parsed := map[string]any{}
	return func(file string) (any, error) {
		if schema, known := parsed[file]; known {
			return schema, nil
		}
		content, err := read(file)
		if err != nil {
			return nil, err
		}
		if !json.Valid(content) { // a decoder alone would stop after the first value
			return nil, fmt.Errorf("%s is no JSON", file)
		}
		decoder := json.NewDecoder(bytes.NewReader(content))
		decoder.UseNumber() // bounds of 64 bits are exact
		var schema any
		if err := decoder.Decode(&schema); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		parsed[file] = schema
		return schema, nil
	}
}
