package stacks

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"ticketmesh.dev/tools/internal/python"
	"ticketmesh.dev/tools/internal/sam"
)

// patterns are where stacks have their templates, below the root.
var patterns = []string{"deploy/*/template.yaml", "services/*/template.yaml"}

//go:embed translate.py
var script []byte

// source is where templates come from.
type source struct {
	workspace string // has the pinned tools, and the cache of what they said
	root      string // has the templates
}

// job is a template to be translated for a stage.
type job struct {
	Root      string            `json:"root"`
	Folder    string            `json:"folder"`
	Stage     string            `json:"stage"`
	Overrides map[string]string `json:"overrides,omitempty"`
}

// template is plain CloudFormation.
type template struct {
	Parameters map[string]parameter
	Mappings   map[string]map[string]map[string]any
	Conditions map[string]any
	Resources  map[string]resource
	Outputs    map[string]output
}

type parameter struct {
	Type                  string
	Default               any
	AllowedValues         []any
	AllowedPattern        string
	MinLength, MaxLength  *json.Number
	MinValue, MaxValue    *json.Number
	NoEcho                any
	ConstraintDescription string
}

type resource struct {
	Type           string
	Condition      string
	DependsOn      any
	DeletionPolicy string
	Properties     map[string]any
}

type output struct {
	Value     any
	Condition string
	Export    struct{ Name any }
}

// folders are those with a template, by their absolute paths.
func (s source) folders() ([]string, error) {
	var folders []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(s.root, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		for _, file := range found {
			folders = append(folders, filepath.Dir(file))
		}
	}
	if len(folders) == 0 {
		return nil, fmt.Errorf("there is no template in %s", s.root)
	}
	return folders, nil
}

// folder is that of a stack.
func (s source) folder(stack string) string {
	folders, err := s.folders()
	if err != nil {
		return stack
	}
	i := slices.IndexFunc(folders, func(f string) bool { return filepath.Base(f) == stack })
	if i < 0 {
		return stack
	}
	return folders[i]
}

// translate returns the stacks of the jobs. What was said before of the same files, by
// the same tools, is said again.
func (s source) translate(ctx context.Context, jobs []job) ([]*stack, error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	root, err := filepath.Abs(s.root)
	if err != nil {
		return nil, err
	}
	for i := range jobs {
		jobs[i].Root = root
		if jobs[i].Folder, err = filepath.Abs(jobs[i].Folder); err != nil {
			return nil, err
		}
	}
	task, err := json.Marshal(struct {
		Region string `json:"region"`
		Jobs   []job  `json:"jobs"`
	}{Region, jobs})
	if err != nil {
		return nil, err
	}
	key, err := s.key(task, jobs)
	if err != nil {
		return nil, err
	}
	cached := filepath.Join(s.workspace, ".cache", "stacks", key+".json")
	said, err := os.ReadFile(cached)
	if err == nil {
		return read(said, jobs)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if said, err = s.run(ctx, task); err != nil {
		return nil, err
	}
	stacks, err := read(said, jobs)
	if err != nil {
		return nil, err
	}
	return stacks, keep(cached, said)
}

// key is of everything that a translation depends on.
func (s source) key(task []byte, jobs []job) (string, error) {
	files := []string{filepath.Join(s.workspace, "tools", "pinned", "python", sam.Set+".txt")}
	for _, j := range jobs {
		for _, pattern := range []string{"*.yaml", "samconfig.toml"} {
			found, err := filepath.Glob(filepath.Join(j.Folder, pattern))
			if err != nil {
				return "", err
			}
			files = append(files, found...)
		}
	}
	slices.Sort(files)
	h := sha256.New()
	for _, part := range [][]byte{script, task} {
		fmt.Fprintf(h, "%d\n%s", len(part), part)
	}
	for _, file := range slices.Compact(files) {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s\n%d\n%s", file, len(content), content)
	}
	return hex.EncodeToString(h.Sum(nil))[:32], nil
}

func (s source) run(ctx context.Context, task []byte) ([]byte, error) {
	programs, err := python.Install(ctx, s.workspace, sam.Set)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, filepath.Join(programs, "python"), "-c", string(script))
	command.Stdin = bytes.NewReader(task)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	said, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("translating templates: %w\n%s", err, stderr.String())
	}
	return said, nil
}

// keep writes the file whole or not at all: tests of several packages run at once.
func keep(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func read(said []byte, jobs []job) ([]*stack, error) {
	var results []struct {
		Error, Stack, Region string
		Parameters           map[string]string
		Template             template
	}
	if err := json.Unmarshal(said, &results); err != nil {
		return nil, fmt.Errorf("translated templates: %w", err)
	}
	stacks := make([]*stack, len(results))
	var problems []error
	for i, r := range results {
		folder := filepath.Base(jobs[i].Folder)
		if r.Error != "" {
			problems = append(problems, fmt.Errorf("%s: %s: %s", jobs[i].Stage, folder, r.Error))
		}
		stacks[i] = &stack{folder: folder, name: r.Stack, region: r.Region, parameters: r.Parameters, template: r.Template}
	}
	return stacks, errors.Join(problems...)
}
