package catalogue

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// event is one version of an event type.
type event struct {
	Type        string // ticketmesh.tickets.order.confirmed.v1
	Short       string // order.confirmed.v1
	Version     int
	Service     string
	State       bool // it carries state, and replaces what is older; else it is a fact
	Summary     template.HTML
	Subject     string // the member of the data that is the subject, "" when it is none alone
	Sample      string // a subject
	Queues      []*queue
	Fields      []table
	Examples    []example
	Pattern     template.HTML // of EventBridge
	Versions    []*event      // of the same fact, newest first, this one among them
	History     []change
	Page        string
	Schema      string // file
	SchemaID    string
	plain       string // summary as text
	fieldsNamed []string
}

// example is a whole CloudEvent.
type example struct {
	Name string // what is special about it
	File string
	JSON template.HTML
	size int
}

func (e *event) fact() string { return e.Type[:strings.LastIndexByte(e.Type, '.')] }

// Sensitive tells whether any field is.
func (e *event) Sensitive() bool {
	return slices.ContainsFunc(e.Fields, func(t table) bool {
		return slices.ContainsFunc(t.Rows, func(f field) bool { return f.Sensitive })
	})
}

const asyncAPI = "asyncapi.yaml"

// kind is how a message's summary says what the event is.
var kind = regexp.MustCompile(`\s*A (state event|fact):[^.]*\.`)

func (m *model) readEvents(mask func([]byte) ([]byte, error)) error {
	document, err := m.documents.open(asyncAPI)
	if err != nil {
		return err
	}
	info := document.child("info")
	m.Title, m.Summary = info.text("title"), prose(info.text("description"))
	for _, name := range document.child("servers").all() {
		s := document.child("servers").child(name)
		m.Servers = append(m.Servers, server{Name: name, Description: prose(s.text("description"))})
	}
	envelope, err := m.documents.follow(asyncAPI, document.child("components").child("schemas").get("Envelope"))
	if err != nil {
		return of("Envelope", err)
	}
	if m.Envelope, err = m.documents.tables("envelope", envelope); err != nil {
		return err
	}
	messages := map[*object]*event{}
	for _, name := range document.child("components").child("messages").all() {
		message := document.child("components").child("messages").child(name)
		e, err := m.readEvent(message, mask)
		if err != nil {
			return of(name, err)
		}
		messages[message] = e
		m.Events = append(m.Events, e)
	}
	if err := m.readOperations(document, messages); err != nil {
		return err
	}
	slices.SortFunc(m.Events, func(a, b *event) int { return strings.Compare(a.Type, b.Type) })
	for _, e := range m.Events {
		for _, other := range m.Events {
			if e.fact() == other.fact() {
				e.Versions = append(e.Versions, other)
			}
		}
		slices.SortFunc(e.Versions, func(a, b *event) int { return b.Version - a.Version })
	}
	return nil
}

func (m *model) readEvent(message *object, mask func([]byte) ([]byte, error)) (*event, error) {
	e := &event{Type: message.text("name")}
	parts := strings.SplitN(e.Type, ".", 3)
	dot := strings.LastIndex(e.Type, ".v")
	if len(parts) != 3 || dot < 0 {
		return nil, fmt.Errorf("%q is no event type", e.Type)
	}
	e.Service, e.Short = parts[1], parts[2]
	var err error
	if e.Version, err = strconv.Atoi(e.Type[dot+2:]); err != nil {
		return nil, fmt.Errorf("%q is no event type", e.Type)
	}
	said := message.text("summary")
	found := kind.FindStringSubmatch(said)
	if found == nil {
		return nil, errors.New("the summary tells neither a state event nor a fact")
	}
	e.State = found[1] == "state event"
	e.plain = strings.TrimSpace(kind.ReplaceAllString(said, ""))
	e.Summary = prose(e.plain)
	e.Page = "events/" + e.Service + "/" + e.Short + ".html"

	own, err := m.documents.target(asyncAPI, message.child("payload").child("schema").text("$ref"))
	if err != nil {
		return nil, err
	}
	schema, err := m.documents.follow(own.file, own.object)
	if err != nil {
		return nil, err
	}
	e.Schema, e.SchemaID = own.file, own.text("$id")
	if e.Fields, err = m.documents.tables("field", schema); err != nil {
		return nil, err
	}
	for _, t := range e.Fields {
		for _, f := range t.Rows {
			e.fieldsNamed = append(e.fieldsNamed, f.Name)
		}
	}
	if e.History, err = history(own.object); err != nil {
		return nil, err
	}
	pattern := newObject()
	pattern.set("source", []any{"ticketmesh." + e.Service})
	pattern.set("detail-type", []any{e.Type})
	if e.Pattern, err = highlight(pattern); err != nil {
		return nil, err
	}
	return e, m.readExamples(e, mask)
}

// readExamples reads the examples, the shortest first: it shows best what the
// event is.
func (m *model) readExamples(e *event, mask func([]byte) ([]byte, error)) error {
	files, err := fs.Glob(m.documents.files, path.Join(path.Dir(e.Schema), "examples", e.Short+".*.json"))
	if err != nil {
		return err
	}
	candidates := map[string]int{}
	for _, name := range files {
		text, err := fs.ReadFile(m.documents.files, name)
		if err != nil {
			return err
		}
		value, err := readJSON(text)
		if err != nil {
			return of(name, err)
		}
		hidden, err := mask(text)
		if err != nil {
			return of(name, err)
		}
		without, err := readJSON(hidden)
		if err != nil {
			return of(name, err)
		}
		shown := as(value, without)
		envelope, ok := shown.(*object)
		if !ok {
			return fmt.Errorf("%s: no CloudEvent", name)
		}
		data := envelope.child("data")
		for _, member := range data.all() {
			if data.text(member) == envelope.text("subject") {
				candidates[member]++
			}
		}
		if e.Sample == "" {
			e.Sample = envelope.text("subject")
		}
		html, err := highlight(shown)
		if err != nil {
			return err
		}
		label := strings.TrimSuffix(strings.TrimPrefix(path.Base(name), e.Short+"."), ".json")
		e.Examples = append(e.Examples, example{Name: strings.ReplaceAll(label, "-", " "), File: name, JSON: html, size: len(html)})
		file := file{name: name}
		if file.text, err = indented(shown); err != nil {
			return err
		}
		file.text = append(file.text, '\n')
		m.raw = append(m.raw, file)
	}
	for member, times := range candidates {
		if times == len(files) && (e.Subject == "" || member < e.Subject) {
			e.Subject = member
		}
	}
	slices.SortStableFunc(e.Examples, func(a, b example) int { return a.size - b.size })
	return nil
}

func (m *model) readOperations(document *object, messages map[*object]*event) error {
	operations := document.child("operations")
	for _, name := range operations.all() {
		operation := operations.child(name)
		if operation.child("channel").text("$ref") != "#/channels/events" {
			continue // it passes on what services have told each other
		}
		tags := operation.list("tags")
		if len(tags) == 0 {
			return fmt.Errorf("%s: no tag names its service", name)
		}
		tag, err := m.documents.follow(asyncAPI, tags[0])
		if err != nil {
			return of(name, err)
		}
		if tag.text("name") == "" {
			return fmt.Errorf("%s: its tag has no name", name)
		}
		s := m.service(tag.text("name"))
		var events []*event
		for _, reference := range operation.list("messages") {
			message, err := m.documents.follow(asyncAPI, reference)
			if err != nil {
				return of(name, err)
			}
			e := messages[message.object]
			if e == nil {
				return fmt.Errorf("%s: %v is no message of components", name, reference)
			}
			events = append(events, e)
		}
		if operation.text("action") == "send" {
			s.Publishes = append(s.Publishes, events...)
			continue
		}
		q := &queue{Name: operation.text("x-consumer"), Service: s.Name, Summary: prose(operation.text("summary")), Events: events}
		s.Queues = append(s.Queues, q)
		for _, e := range events {
			e.Queues = append(e.Queues, q)
		}
	}
	return nil
}
