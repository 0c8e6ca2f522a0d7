// Package expectations reads what consumers rely on, one file for each consumer
// in this folder, and holds schemas and events to it. It is for tests: of the
// contracts, of those who publish, and of those who consume. It knows no
// service, and a file of a consumer outside the workspace is like any other.
package expectations

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"ticketmesh.dev/contracts"
)

// Folder is where the files are in contracts.Files.
const Folder = "expectations"

// Consumer is what one consumer relies on.
type Consumer struct {
	// Name is the consumer's queue, and the file's name without .yaml.
	Name string
	// Description says what the consumer does with the events.
	Description string
	Events      []Event
}

// Event is what a consumer relies on in the data of one type of event.
type Event struct {
	Type string
	// Needs lead to what is there in every event, or wherever what Uses names
	// above it is there.
	Needs []Pointer
	// Uses lead to what is read when it is there.
	Uses []Pointer
}

// Set is the expectations of all consumers, sorted by name.
type Set []Consumer

// All reads the files of this folder.
func All() (Set, error) { return Load(contracts.Files, Folder) }

// Load reads all files of a folder. The error names every file that is wrong and
// what is wrong with it.
func Load(files fs.FS, folder string) (Set, error) {
	names, err := fs.Glob(files, path.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var set Set
	var errs []error
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		c, err := Parse(text)
		if err == nil && c.Name+".yaml" != path.Base(name) {
			err = fmt.Errorf("consumer is %q, which is not the file's name", c.Name)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		set = append(set, c)
	}
	return set, errors.Join(errs...)
}

// Of returns what a consumer relies on.
func (s Set) Of(consumer string) (Consumer, error) {
	for _, c := range s {
		if c.Name == consumer {
			return c, nil
		}
	}
	return Consumer{}, fmt.Errorf("%s/%s.yaml is missing", Folder, consumer)
}

// Types returns the types of a consumer's events, sorted.
func (c Consumer) Types() []string {
	types := make([]string, len(c.Events))
	for i, e := range c.Events {
		types[i] = e.Type
	}
	slices.Sort(types)
	return types
}

var consumerName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Parse reads one file. It refuses unknown keys and whatever says nothing or
// something twice; whether there are such events is up to CheckSchemas.
func Parse(text []byte) (Consumer, error) {
	var file struct {
		Consumer    string
		Description string
		Events      []struct {
			Type        string
			Needs, Uses []string
		}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return Consumer{}, err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Consumer{}, errors.New("there is a second document")
	}
	switch {
	case !consumerName.MatchString(file.Consumer):
		return Consumer{}, fmt.Errorf("consumer is %q, want words in lower case joined by hyphens", file.Consumer)
	case strings.TrimSpace(file.Description) == "":
		return Consumer{}, errors.New("description is missing")
	case len(file.Events) == 0:
		return Consumer{}, errors.New("events are missing")
	}
	c := Consumer{Name: file.Consumer, Description: file.Description}
	for _, given := range file.Events {
		if slices.ContainsFunc(c.Events, func(e Event) bool { return e.Type == given.Type }) {
			return Consumer{}, fmt.Errorf("%s is there twice", given.Type)
		}
		e := Event{Type: given.Type}
		seen := map[Pointer]bool{}
		for _, list := range []struct {
			from []string
			to   *[]Pointer
		}{{given.Needs, &e.Needs}, {given.Uses, &e.Uses}} {
			for _, text := range list.from {
				p := Pointer(text)
				switch {
				case !p.valid():
					return Consumer{}, fmt.Errorf("%s: %q is no JSON pointer to a member", given.Type, text)
				case seen[p]:
					return Consumer{}, fmt.Errorf("%s: %s is there twice", given.Type, p)
				}
				seen[p] = true
				*list.to = append(*list.to, p)
			}
		}
		c.Events = append(c.Events, e)
	}
	return c, nil
}
