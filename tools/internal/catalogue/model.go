package catalogue

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"slices"
	"strings"
)

// model is everything that the pages say.
type model struct {
	Title     string
	Summary   template.HTML // of the AsyncAPI document
	Servers   []server
	Envelope  []table
	Services  []*service
	Events    []*event // sorted by type
	Problems  []*problemCode
	raw       []file
	documents *documents
}

// service is who has an API, publishes or consumes.
type service struct {
	Name      string
	API       *api // nil when it has none
	Publishes []*event
	Queues    []*queue
}

// operations are all of the service's API.
func (s *service) operations() []*operation {
	var all []*operation
	if s.API != nil {
		for _, group := range s.API.Groups {
			all = append(all, group.List...)
		}
	}
	return all
}

// queue is one consumer's.
type queue struct {
	Name    string
	Service string
	Summary template.HTML
	Events  []*event
}

// server is where the bus is.
type server struct {
	Name        string
	Description template.HTML
}

// change is an entry of x-history.
type change struct {
	Date string
	Text template.HTML
}

func (m *model) service(name string) *service {
	for _, s := range m.Services {
		if s.Name == name {
			return s
		}
	}
	s := &service{Name: name}
	m.Services = append(m.Services, s)
	return s
}

// read makes the model of the contracts in files. mask hides what is sensitive
// in a CloudEvent.
func read(files fs.FS, mask func([]byte) ([]byte, error)) (*model, error) {
	m := &model{documents: &documents{files: files, read: map[string]*object{}}}
	if err := m.readEvents(mask); err != nil {
		return nil, err
	}
	if err := m.readAPIs(); err != nil {
		return nil, err
	}
	if err := m.collectProblems(); err != nil {
		return nil, err
	}
	return m, m.copyDocuments()
}

// copyDocuments takes over the documents and schemas as they are; the examples
// were, masked, when they were read.
func (m *model) copyDocuments() error {
	return fs.WalkDir(m.documents.files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !(strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".schema.json")) {
			return err
		}
		text, err := fs.ReadFile(m.documents.files, name)
		if err != nil {
			return err
		}
		m.raw = append(m.raw, file{name, text})
		return nil
	})
}

// history reads x-history, newest first.
func history(o *object) ([]change, error) {
	var changes []change
	for _, item := range o.list("x-history") {
		entry, ok := item.(*object)
		if !ok || entry.text("date") == "" || entry.text("change") == "" {
			return nil, errors.New("x-history: an entry is {date, change}")
		}
		changes = append(changes, change{Date: entry.text("date"), Text: prose(entry.text("change"))})
	}
	// Entries of one day stand in the order they were added, so the last is the newest.
	slices.Reverse(changes)
	slices.SortStableFunc(changes, func(a, b change) int { return strings.Compare(b.Date, a.Date) })
	return changes, nil
}

// of names what an error is about.
func of(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
