package pdf_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"unicode"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"

	"ticketmesh.dev/platform/pdf"
)

// outlines reads glyphs of a TrueType font as deep as a renderer does.
type outlines struct {
	glyf, loca []byte
	long       bool
}

func openOutlines(font []byte) outlines {
	be := binary.BigEndian
	var o outlines
	for i := range int(be.Uint16(font[4:])) {
		entry := font[12+16*i:]
		data := font[be.Uint32(entry[8:]):][:be.Uint32(entry[12:])]
		switch string(entry[:4]) {
		case "glyf":
			o.glyf = data
		case "loca":
			o.loca = data
		case "head":
			o.long = be.Uint16(data[50:]) == 1
		}
	}
	return o
}

// shape is the outline of a glyph as text, without hints.
func (o outlines) shape(glyph int) string {
	be := binary.BigEndian
	at := func(i int) int {
		if o.long {
			return int(be.Uint32(o.loca[4*i:]))
		}
		return 2 * int(be.Uint16(o.loca[2*i:]))
	}
	data := o.glyf[at(glyph):at(glyph+1)]
	if len(data) == 0 {
		return "empty"
	}
	end := 10 + 2*int(be.Uint16(data))
	points := int(be.Uint16(data[end-2:])) + 1
	rest := data[end+2+int(be.Uint16(data[end:])):]
	return fmt.Sprintf("%d points %x %x", points, data[:end], rest[:points/2]) // the padding at the end differs
}

func TestEmbeddedGlyphsAreThoseOfTheFont(t *testing.T) {
	t.Parallel()
	for key, font := range map[string][]byte{"F1": goregular.TTF, "F2": gobold.TTF} {
		original, err := sfnt.Parse(font)
		if err != nil {
			t.Fatal(err)
		}
		// Every character of the font, some on each page.
		index := map[rune]int{}
		var pages []pdf.Page
		var chars []rune
		for char := '!'; char < 0xFFFE; char++ {
			glyph, err := original.GlyphIndex(nil, char)
			if err != nil {
				t.Fatal(err)
			}
			if glyph == 0 || norm.NFC.String(string(char)) != string(char) || unicode.Is(unicode.C, char) || unicode.IsSpace(char) {
				continue
			}
			index[char], chars = int(glyph), append(chars, char)
			if len(chars) == 10 {
				pages = append(pages, pdf.Page{Heading: string(chars), Subheading: string(chars)})
				chars = nil
			}
		}
		if len(index) < 600 {
			t.Fatalf("%d characters", len(index))
		}
		r := newReader(t, render(t, "", pages...))
		object := r.follow(r.objects[3], "/"+key)
		subset := openOutlines([]byte(r.stream(r.follow(r.follow(r.follow(object, "/DescendantFonts"), "/FontDescriptor"), "/FontFile2"))))
		whole := openOutlines(font)
		checked := 0
		for _, m := range charPattern.FindAllStringSubmatch(r.stream(r.follow(object, "/ToUnicode")), -1) {
			var number int
			var char rune
			if _, err := fmt.Sscanf(m[1]+" "+m[2], "%04X %04X", &number, &char); err != nil {
				t.Fatal(err)
			}
			if got, want := subset.shape(number), whole.shape(index[char]); got != want {
				t.Errorf("%s: %q is drawn as\n%s, want\n%s", key, char, got, want)
			}
			checked++
		}
		// Characters that share a glyph are embedded once.
		if checked < 550 {
			t.Errorf("%s: %d glyphs embedded for %d characters", key, checked, len(index))
		}
	}
}
