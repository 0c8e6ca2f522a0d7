// Package newconsumer writes a consumer of events as a Go module of its own, for
// somebody who has neither this workspace nor its modules: the events' types,
// schemas and examples are written into it. What it writes is its owner's from
// then on; there is no way back into it.
package newconsumer

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/mod/module"

	"ticketmesh.dev/contracts"
)

//go:embed template/*.tmpl
var templates embed.FS

var (
	// ErrNotEmpty: there is something in the folder.
	ErrNotEmpty = errors.New("the folder is not empty")
	// ErrOptions: the options are wrong.
	ErrOptions = errors.New("wrong options")
)

// Options say what to write.
type Options struct {
	Name   string   // of the consumer, and of its queue
	Module string   // module path; example.com/<Name> when empty
	Types  []string // event types, as the contracts have them
}

// maxName is what the longest name of an SQS queue and of a subscription allow.
const maxName = 63

var validName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Write writes the module into a folder, making it if need be, and returns the
// files, sorted. ErrOptions and ErrNotEmpty say that nothing was written.
func Write(folder string, o Options) ([]string, error) {
	files, err := Files(o)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrNotEmpty, folder)
	}
	var names []string
	for name, text := range files {
		target := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
			return nil, err
		}
		if err := os.WriteFile(target, text, 0o666); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// Files returns the module's files by their slash-separated names.
func Files(o Options) (map[string][]byte, error) {
	p, err := newPlan(o)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, entry := range must(fs.ReadDir(templates, "template")) {
		text, err := p.execute(entry.Name())
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(entry.Name(), ".tmpl")
		if name == "gitignore" {
			name = ".gitignore"
		}
		files[name] = text
	}
	if files["events.go"], err = p.types(); err != nil {
		return nil, err
	}
	return files, p.testdata(files)
}

// must is for what is embedded.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// plan is what the templates are executed with.
type plan struct {
	Name, Module, Binary string
	Sources              []string // as EventBridge has them
	Events               []*event

	schemas *schemas
}

func newPlan(o Options) (*plan, error) {
	if o.Module == "" {
		o.Module = "example.com/" + o.Name
	}
	p := &plan{Name: o.Name, Module: o.Module, Binary: path.Base(o.Module), schemas: newSchemas(contracts.Files)}
	var wrong []error
	if !validName.MatchString(o.Name) || len(o.Name) > maxName {
		wrong = append(wrong, fmt.Errorf("%w: the name %q is not of words in lower case joined by hyphens, 63 characters at most", ErrOptions, o.Name))
	} else if err := module.CheckImportPath(o.Module); err != nil {
		wrong = append(wrong, fmt.Errorf("%w: %w", ErrOptions, err))
	}
	known, err := p.schemas.byType()
	if err != nil {
		return nil, err
	}
	if len(o.Types) == 0 {
		wrong = append(wrong, fmt.Errorf("%w: no event type", ErrOptions))
	}
	for _, eventType := range slices.Compact(slices.Sorted(slices.Values(o.Types))) {
		file, ok := known[eventType]
		if !ok {
			wrong = append(wrong, fmt.Errorf("%w: there is no event type %q", ErrOptions, eventType))
			continue
		}
		e, err := p.schemas.event(eventType, file)
		if err != nil {
			return nil, err
		}
		p.Events = append(p.Events, e)
		if source := "ticketmesh." + e.service; !slices.Contains(p.Sources, source) {
			p.Sources = append(p.Sources, source)
		}
	}
	return p, errors.Join(wrong...)
}

func (p *plan) execute(name string) ([]byte, error) {
	t, err := template.New(name).Delims("[[", "]]").ParseFS(templates, "template/"+name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		return nil, err
	}
	if strings.HasSuffix(name, ".go.tmpl") {
		return format.Source(out.Bytes())
	}
	return out.Bytes(), nil
}

// testdata adds the schemas and examples of the events. The schemas stand to each
// other as in the contracts, so that their references hold.
func (p *plan) testdata(files map[string][]byte) error {
	add := func(name, from string) error {
		text, err := fs.ReadFile(contracts.Files, from)
		files[path.Join("testdata", name)] = text
		return err
	}
	if err := add("schemas/"+path.Base(sharedFile), sharedFile); err != nil {
		return err
	}
	for _, e := range p.Events {
		if err := add("schemas/"+strings.TrimPrefix(e.file, "events/"), e.file); err != nil {
			return err
		}
		examples, err := fs.Glob(contracts.Files, path.Join(path.Dir(e.file), "examples", strings.TrimSuffix(path.Base(e.file), "schema.json")+"*.json"))
		if err != nil {
			return err
		}
		for _, example := range examples {
			if err := add("examples/"+e.service+"."+path.Base(example), example); err != nil {
				return err
			}
		}
	}
	return nil
}
