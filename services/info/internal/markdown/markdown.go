// Package markdown renders pages. It implements app.Renderer: CommonMark with
// tables, strikethrough and bare links, cleaned of everything that could run.
package markdown

import (
	"bytes"
	"html"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"ticketmesh.dev/services/info/internal/app"
)

// Renderer implements app.Renderer.
type Renderer struct {
	markdown goldmark.Markdown
	page     *bluemonday.Policy
	text     *bluemonday.Policy
}

var _ app.Renderer = (*Renderer)(nil)

// New returns a renderer.
func New() *Renderer {
	page := bluemonday.UGCPolicy()
	page.RequireNoFollowOnLinks(false)
	page.RequireNoFollowOnFullyQualifiedLinks(true)
	page.RequireNoReferrerOnFullyQualifiedLinks(true)
	text := bluemonday.StrictPolicy()
	text.AddSpaceWhenStrippingTag(true)
	return &Renderer{
		// Raw HTML is left out by the first and would be cleaned by the second.
		markdown: goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify)),
		page:     page,
		text:     text,
	}
}

// HTML implements app.Renderer.
func (r *Renderer) HTML(markdown string) (string, error) {
	var rendered bytes.Buffer
	if err := r.markdown.Convert([]byte(markdown), &rendered); err != nil {
		return "", err
	}
	return r.page.SanitizeReader(&rendered).String(), nil
}

// Text implements app.Renderer.
func (r *Renderer) Text(markdown string) (string, error) {
	rendered, err := r.HTML(markdown)
	if err != nil {
		return "", err
	}
	text := html.UnescapeString(r.text.Sanitize(rendered))
	return strings.Join(strings.Fields(text), " "), nil
}
