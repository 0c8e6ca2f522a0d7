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

const (
	eventsFolder   = "contracts/events"
	apiFolder      = "contracts/api"
	schemaSuffix   = ".schema.json"
	documentSuffix = ".openapi.yaml"
)

// isContract tells files that are compared from examples and the like.
func isContract(file string) bool { return isEvents(file) || isDocument(file) }

func isEvents(file string) bool {
	return strings.HasPrefix(file, eventsFolder+"/") && strings.HasSuffix(file, schemaSuffix)
}

func isDocument(file string) bool {
	return strings.HasPrefix(file, apiFolder+"/") && strings.HasSuffix(file, documentSuffix)
}

// isShared tells the schemas that no event has itself: they are compared where
// events refer to them.
func isShared(file string) bool { return isEvents(file) && path.Dir(file) == eventsFolder }

// repository is a git work tree, or a folder in one. Paths are relative to it.
type repository struct{ root string }

func (r repository) git(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", r.root}, args...)...)
	var failure bytes.Buffer
	command.Stderr = &failure
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(failure.Bytes()))
	}
	return output, nil
}

// commit is the hash of the ref, or ErrUnknownRef.
func (r repository) commit(ctx context.Context, ref string) (string, error) {
	// With what follows it, no ref is taken for an option.
	hash, err := r.git(ctx, "rev-parse", "--verify", "--quiet", ref+"^{commit}")
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("%w: %s", ErrUnknownRef, ref)
	}
	return string(bytes.TrimSpace(hash)), err
}

// releases are the tags v* that the work tree descends from, the first one first.
func (r repository) releases(ctx context.Context) ([]string, error) {
	tags, err := r.git(ctx, "tag", "--list", "v*", "--merged", "HEAD", "--sort", "version:refname")
	return strings.Fields(string(tags)), err
}

// state is the contracts at one time: what each file says, each parsed once.
type state struct {
	files  []string // sorted
	source func(file string) ([]byte, error)
	parsed map[string]parsed
}

func newState(files []string, source func(file string) ([]byte, error)) *state {
	files = slices.DeleteFunc(files, func(file string) bool { return !isContract(file) })
	slices.Sort(files)
	return &state{files, source, map[string]parsed{}}
}

// at is the state at a commit.
func (r repository) at(ctx context.Context, commit string) (*state, error) {
	listed, err := r.git(ctx, "ls-tree", "-r", "-z", "--name-only", commit, "--", eventsFolder+"/", apiFolder+"/")
	if err != nil {
		return nil, err
	}
	files := strings.FieldsFunc(string(listed), func(r rune) bool { return r == 0 })
	return newState(files, func(file string) ([]byte, error) { return r.git(ctx, "show", commit+":./"+file) }), nil
}

// workTree is the state as it is now, committed or not.
func (r repository) workTree() (*state, error) {
	var files []string
	for _, folder := range []string{eventsFolder, apiFolder} {
		err := filepath.WalkDir(r.path(folder), func(found string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || entry.IsDir() {
				return err
			}
			file, err := filepath.Rel(r.root, found)
			files = append(files, filepath.ToSlash(file))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return newState(files, func(file string) ([]byte, error) { return os.ReadFile(r.path(file)) }), nil
}

func (r repository) path(file string) string {
	return filepath.Join(r.root, filepath.FromSlash(file))
}

func (s *state) has(file string) bool { return slices.Contains(s.files, file) }

// read parses a file.
func (s *state) read(file string) (parsed, error) {
	if known, ok := s.parsed[file]; ok {
		return known, nil
	}
	content, err := s.source(file)
	if err != nil {
		return parsed{}, err
	}
	if path.Ext(file) == ".json" && !json.Valid(content) {
		return parsed{}, fmt.Errorf("%s is no JSON", file)
	}
	result, err := parse(content)
	if err != nil {
		return parsed{}, fmt.Errorf("%s: %w", file, err)
	}
	s.parsed[file] = result
	return result, nil
}
