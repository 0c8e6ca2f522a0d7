package pdf

import (
	"golang.org/x/text/encoding/charmap"
)

// face is a font as one document uses it.
type face interface {
	// name is the font's key in a page's resources.
	name() string
	// advance is a character's width in thousandths of the font's size.
	advance(r rune) int
	// show appends a text as the operand of Tj, and remembers its characters for embedding.
	show(dst []byte, text string) []byte
	// write adds the font to a document and returns its object's number.
	write(d *document) int
}

// faces chooses one pair of fonts for a whole document, so that its look doesn't change within it: the viewer's own
// when their encoding has every character (nothing to embed), embedded ones otherwise.
func faces(title string, pages []Page) (regular, bold face) {
	core := fits(title)
	for _, p := range pages {
		core = core && fits(p.Heading) && fits(p.Subheading) && fits(p.CodeCaption) && fits(p.Footer)
		for _, l := range p.Lines {
			core = core && fits(l.Label) && fits(l.Value)
		}
	}
	if core {
		return helvetica, helveticaBold
	}
	return newSubset("F1", goRegular()), newSubset("F2", goBold())
}

func fits(s string) bool {
	for _, r := range s {
		if r < 0x80 {
			continue
		}
		if _, ok := charmap.Windows1252.EncodeRune(r); !ok || r < 0xA0 {
			return false
		}
	}
	return true
}

// coreFace is one of the fonts that every PDF viewer has.
type coreFace struct {
	key    string
	base   string
	widths *[256]uint16
}

var (
	helvetica     face = &coreFace{"F1", "Helvetica", &helveticaWidths}
	helveticaBold face = &coreFace{"F2", "Helvetica-Bold", &helveticaBoldWidths}
)

func (f *coreFace) name() string { return f.key }

func (f *coreFace) advance(r rune) int {
	return int(f.widths[winAnsi(r)])
}

func (f *coreFace) show(dst []byte, text string) []byte {
	dst = append(dst, '(')
	for _, r := range text {
		b := winAnsi(r)
		if b == '(' || b == ')' || b == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, b)
	}
	return append(dst, ')')
}

func (f *coreFace) write(d *document) int {
	return d.object("<</Type/Font/Subtype/Type1/BaseFont/" + f.base + "/Encoding/WinAnsiEncoding>>")
}

func winAnsi(r rune) byte {
	if r < 0x80 {
		return byte(r)
	}
	b, ok := charmap.Windows1252.EncodeRune(r)
	if !ok {
		return '?'
	}
	return b
}
