// Package page holds pages of content: Markdown under a slug, in several
// languages. A page in one language is an entity of its own, with its own
// version. The package must not know how pages are rendered or stored.
package page

import (
	"regexp"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/info/internal/violation"
)

const (
	// MaxMarkdown is the longest content, in bytes.
	MaxMarkdown = 200_000
	// MaxEncoded is the longest content in bytes of JSON, where some characters take
	// two: more would not fit into an event on every bus, of which the smallest takes
	// 256 KiB.
	MaxEncoded = 250_000
)

var slugs = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// Key names a page in one language.
type Key struct {
	Slug string
	// Language is in its usual case, as ParseLanguage returns it.
	Language string
}

// NewKey returns the key with the language in its usual case, or a
// *violation.Error.
func NewKey(slug, language string) (Key, error) {
	var broken violation.List
	broken.Check(len(slug) <= 128 && slugs.MatchString(slug), "slug", "must be lower-case letters, digits and hyphens")
	canonical, ok := ParseLanguage(language)
	broken.Check(ok, "language", "must be a BCP 47 language tag")
	return Key{Slug: slug, Language: canonical}, broken.Err()
}

// Content is what an editor writes.
type Content struct {
	Title    string
	Markdown string
}

// Page is one page in one language in one version. It is a value: its methods
// return the next version and leave the receiver alone.
type Page struct {
	key      Key
	content  Content
	version  int
	deleted  bool
	creation id.ID
}

// State is a page as a store keeps it.
type State struct {
	Key
	Content
	Version int
	Deleted bool
	// Creation identifies the request that made the page last, or is nil.
	Creation id.ID
}

// New returns the first version of a page, or a *violation.Error. The creation
// is remembered, so that the same request made again finds what it made.
func New(k Key, c Content, creation id.ID) (Page, error) {
	if err := c.validate(); err != nil {
		return Page{}, err
	}
	return Page{key: k, content: c, version: 1, creation: creation}, nil
}

// Restore returns the page that a store kept. Nothing is validated: what was
// valid when it was stored stays readable.
func Restore(s State) Page {
	return Page{key: s.Key, content: s.Content, version: s.Version, deleted: s.Deleted, creation: s.Creation}
}

// State returns all of the page.
func (p Page) State() State {
	return State{Key: p.key, Content: p.content, Version: p.version, Deleted: p.deleted, Creation: p.creation}
}

// Key never changes.
func (p Page) Key() Key { return p.key }

// Content returns what the editor wrote last.
func (p Page) Content() Content { return p.content }

// Version counts the changes in this language, from 1. It goes on when a deleted
// page is made again, since readers drop what has a lower version.
func (p Page) Version() int { return p.version }

// Deleted says that the page was removed in this language.
func (p Page) Deleted() bool { return p.deleted }

// MadeBy says whether the request with this id made the page.
func (p Page) MadeBy(creation id.ID) bool { return creation != id.Nil && p.creation == creation }

func (c Content) validate() error {
	var broken violation.List
	broken.Text("title", c.Title, 1, 200, false)
	broken.Text("markdown", c.Markdown, 0, MaxMarkdown, true)
	broken.Check(len(c.Markdown) <= MaxMarkdown, "markdown", "must not be longer than 200000 bytes")
	broken.Check(encodedLength(c.Markdown) <= MaxEncoded, "markdown", "must not be longer than 250000 bytes of JSON")
	return broken.Err()
}

// encodedLength counts the bytes of a valid content within a JSON string.
func encodedLength(text string) int {
	escaped := 0
	for i := range len(text) {
		switch text[i] {
		case '"', '\\', '\n', '\r', '\t':
			escaped++
		}
	}
	return len(text) + escaped
}
