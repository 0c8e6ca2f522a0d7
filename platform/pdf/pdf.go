// Package pdf renders small printable documents: A6 pages, each with a heading, labelled values, a QR code and a
// footer. It is made for volume (tens of thousands a minute beside other work) and for repeatable output: equal input
// gives equal bytes, so a document that is rendered again for a retry is the same document.
//
// Text is set in the viewer's Helvetica when Windows-1252 holds all of it, and otherwise in an embedded subset of the
// Go fonts (Latin, Greek, Cyrillic). A character that neither has, such as a Chinese one, is drawn as a box. There is no shaping
// of right-to-left or combining scripts.
//
// The package knows nothing of what is printed, and reads no files and no clock.
package pdf

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"ticketmesh.dev/platform/qr"
)

// ErrNoPages says that a document was asked for without a page.
var ErrNoPages = errors.New("pdf: a document needs at least one page")

// Page is what one page shows. Each field may be empty, and is then left out. Line breaks and control characters
// count as spaces.
type Page struct {
	// Heading is wrapped to at most three lines, Subheading to at most two; what doesn't fit ends in an ellipsis.
	Heading    string
	Subheading string
	// Lines are set in two columns, or over the whole width when a value needs it. Many lines are set smaller; what
	// doesn't fit even then is cut.
	Lines []Line
	// Code is drawn as a QR symbol, error correction level M, and CodeCaption below it.
	Code        string
	CodeCaption string
	// Footer is small print, at most three lines.
	Footer string
}

// Line is a value with a label above it.
type Line struct {
	Label string
	Value string
}

// Render draws one A6 page for each of pages. The title is the document's, and stands small at the top of each page.
// It fails with ErrNoPages, or with qr.ErrText when a code is too long. It may be called by many goroutines at once.
func Render(title string, pages []Page) ([]byte, error) {
	if len(pages) == 0 {
		return nil, ErrNoPages
	}
	title = clean(title)
	pages = cleanPages(pages)

	d := documents.Get().(*document)
	defer documents.Put(d)
	d.reset()
	d.regular, d.bold = faces(title, pages)
	for i, page := range pages {
		var symbol qr.Symbol
		if page.Code != "" {
			var err error
			if symbol, err = qr.Modules(page.Code); err != nil {
				return nil, fmt.Errorf("pdf: page %d: %w", i+1, err)
			}
		}
		d.content = d.content[:0]
		d.layOut(title, page, symbol)
		d.addPage()
	}
	return d.finish(title), nil
}

// documents keeps buffers and the compressor's tables, which cost more to allocate than a page costs to draw.
var documents = sync.Pool{New: func() any { return newDocument() }}

func cleanPages(pages []Page) []Page {
	cleaned := make([]Page, len(pages))
	for i, p := range pages {
		lines := make([]Line, 0, len(p.Lines))
		for _, l := range p.Lines {
			l = Line{Label: clean(l.Label), Value: clean(l.Value)}
			if l != (Line{}) {
				lines = append(lines, l)
			}
		}
		cleaned[i] = Page{
			Heading: clean(p.Heading), Subheading: clean(p.Subheading), Lines: lines,
			Code: p.Code, CodeCaption: clean(p.CodeCaption), Footer: clean(p.Footer),
		}
	}
	return cleaned
}

// clean makes a text drawable: composed characters, because the fonts have no combining marks, and no controls, among
// them those that would reverse the order of what follows.
func clean(s string) string {
	plain := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			plain = false
			break
		}
	}
	if !plain {
		s = norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
		s = strings.Map(func(r rune) rune {
			switch {
			case unicode.Is(unicode.Cf, r):
				return -1
			case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
				return ' '
			}
			return r
		}, s)
	}
	return strings.TrimSpace(s)
}
