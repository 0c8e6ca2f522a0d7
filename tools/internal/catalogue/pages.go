package catalogue

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed templates assets
var own embed.FS

// templates are parsed when they are first needed: every mesh command has them,
// and few render.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").ParseFS(own, "templates/*.html"))
})

// page is what the layout shows around a body.
type page struct {
	File    string // path below the catalogue's root
	Root    string // way to the root, "" or "../…"
	Title   string
	Summary string
	Class   string
	Nav     []navGroup
	Body    template.HTML
}

type navGroup struct {
	Name string
	Open bool
	List []navLink
}

type navLink struct {
	Name, Href string
	Code       bool // the name is one of a program
	Here       bool
}

// content is what a body's template gets.
type content struct {
	Root  string
	Model *model
	It    any // what the page is about
}

// render returns all files of the catalogue.
func render(m *model) ([]file, error) {
	files := slices.Clone(m.raw)
	add := func(name, title, summary, body string, it any) error {
		text, err := renderPage(m, name, title, summary, body, it)
		if err != nil {
			return of(name, err)
		}
		files = append(files, file{name, text})
		return nil
	}
	if err := add("index.html", "Events and APIs", "Who publishes, who consumes, and every API of the mesh.", "index", draw(m)); err != nil {
		return nil, err
	}
	if err := add("delivery.html", "Envelope and delivery", "The envelope of an event, and what a consumer can rely on.", "delivery", nil); err != nil {
		return nil, err
	}
	if err := add("problems.html", "Problem codes", "Every stable error code of the APIs.", "problems", nil); err != nil {
		return nil, err
	}
	for _, s := range m.Services {
		if err := add(servicePage(s.Name), s.Name, "What the service "+s.Name+" answers, publishes and listens to.", "service", s); err != nil {
			return nil, err
		}
		if s.API != nil {
			if err := add(s.API.Page, s.Name+" API", "Operations of the "+s.Name+" API.", "api", s.API); err != nil {
				return nil, err
			}
		}
	}
	for _, e := range m.Events {
		if err := add(e.Page, e.Short, e.plain, "event", e); err != nil {
			return nil, err
		}
	}
	index, err := searchIndex(m)
	if err != nil {
		return nil, err
	}
	files = append(files, file{"assets/search-index.js", index})
	err = fs.WalkDir(own, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := own.ReadFile(name)
		files = append(files, file{name, text})
		return err
	})
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files, err
}

func servicePage(name string) string { return "services/" + name + ".html" }

func renderPage(m *model, name, title, summary, body string, it any) ([]byte, error) {
	root := strings.Repeat("../", strings.Count(name, "/"))
	var b bytes.Buffer
	if err := templates().ExecuteTemplate(&b, body+".html", content{Root: root, Model: m, It: it}); err != nil {
		return nil, err
	}
	p := page{
		File: name, Root: root, Title: title, Summary: summary, Class: body, Nav: navigation(m, name),
		Body: template.HTML(b.String()), //nolint:gosec // made by a template
	}
	b.Reset()
	if err := templates().ExecuteTemplate(&b, "layout.html", p); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func navigation(m *model, here string) []navGroup {
	all := []navGroup{{Open: true, List: []navLink{
		{Name: "Overview", Href: "index.html"},
		{Name: "Envelope and delivery", Href: "delivery.html"},
		{Name: "Problem codes", Href: "problems.html"},
	}}}
	for _, s := range m.Services {
		group := navGroup{Name: s.Name, List: []navLink{{Name: "About", Href: servicePage(s.Name)}}}
		if s.API != nil {
			group.List = append(group.List, navLink{Name: "API", Href: s.API.Page})
		}
		for _, e := range s.Publishes {
			group.List = append(group.List, navLink{Name: e.Short, Href: e.Page, Code: true})
		}
		all = append(all, group)
	}
	for i := range all {
		for j := range all[i].List {
			link := &all[i].List[j]
			link.Here = link.Href == here
			all[i].Open = all[i].Open || link.Here
		}
	}
	// On the pages that belong to no service everything is in sight.
	if path.Dir(here) == "." {
		for i := range all {
			all[i].Open = true
		}
	}
	return all
}

// fieldList is tables under a name, for who only hears them.
type fieldList struct {
	Name   string
	Tables []table
}

// Fields is the fields of a shape.
func (content) Fields(name string, tables []table) fieldList {
	return fieldList{Name: name, Tables: tables}
}

// One is the fields of parameters and headers.
func (content) One(name string, fields []field) fieldList {
	return fieldList{Name: name, Tables: []table{{Rows: fields}}}
}

// Anchor makes an id of names.
func (content) Anchor(names ...any) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = fmt.Sprint(name)
	}
	return anchorOf(texts...)
}

// Operations is the list of an API's operations.
func (c content) Operations(a *api) content { return content{Root: c.Root, It: a} }

// links is a list of what has pages.
type links[T any] struct {
	Root string
	List []T
}

// Events is a list of events.
func (c content) Events(list []*event) links[*event] { return links[*event]{c.Root, list} }

// Callers is the list of operations that answer a problem.
func (c content) Callers(p *problemCode) links[*operation] {
	return links[*operation]{c.Root, p.Operations}
}
