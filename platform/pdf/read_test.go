package pdf_test

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"image"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/text/encoding/charmap"
)

// A reader of just what Render writes. It goes through the cross-reference table as a viewer does, so a wrong offset
// or length fails.

type file struct {
	pages []page
}

type page struct {
	texts []drawn
	code  symbol
}

type drawn struct {
	text       string
	x, y, size float64
}

type symbol struct {
	x, y, side float64
	modules    int
	runs       [][3]int // x, y from below, length
}

func (f file) text(n int) string {
	var parts []string
	for _, d := range f.pages[n].texts {
		parts = append(parts, d.text)
	}
	return strings.Join(parts, " ")
}

var (
	startPattern  = regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`)
	sizePattern   = regexp.MustCompile(`^xref\n0 (\d+)\n`)
	kidsPattern   = regexp.MustCompile(`/Count (\d+)/Kids\[((?:\d+ 0 R )*)\]`)
	refPattern    = regexp.MustCompile(`(\d+) 0 R`)
	lengthPattern = regexp.MustCompile(`/Length (\d+)`)
	textPattern   = regexp.MustCompile(`(?s)BT /(F\d) ([\d.]+) Tf ([-\d.]+) ([-\d.]+) Td (\((?:[^\\)]|\\.)*\)|<[0-9A-F]*>) Tj ET`)
	codePattern   = regexp.MustCompile(`(?s)q 0 g ([\d.]+) 0 0 [\d.]+ ([\d.]+) ([\d.]+) cm\n(.*?)f Q`)
	runPattern    = regexp.MustCompile(`(\d+) (\d+) (\d+) 1 re`)
	charPattern   = regexp.MustCompile(`<([0-9A-F]{4})><([0-9A-F]+)>`)
)

type reader struct {
	t       *testing.T
	objects map[int]string
}

// newReader reads a file's objects.
func newReader(t *testing.T, data []byte) reader {
	t.Helper()
	r := reader{t: t, objects: map[int]string{}}
	if !bytes.HasPrefix(data, []byte("%PDF-1.")) {
		t.Fatal("no PDF header")
	}
	start := startPattern.FindSubmatch(data)
	if start == nil {
		t.Fatal("no startxref at the end")
	}
	offset, _ := strconv.Atoi(string(start[1]))
	table := data[offset:]
	size := sizePattern.FindSubmatch(table)
	if size == nil {
		t.Fatal("startxref doesn't point to the cross-reference table")
	}
	count, _ := strconv.Atoi(string(size[1]))
	table = table[len(size[0]):]
	for i := 1; i < count; i++ {
		entry := string(table[20*i : 20*i+20])
		at, err := strconv.Atoi(entry[:10])
		if err != nil || !strings.HasSuffix(entry, " 00000 n \n") {
			t.Fatalf("cross-reference entry %d is %q", i, entry)
		}
		head := strconv.Itoa(i) + " 0 obj\n"
		if !bytes.HasPrefix(data[at:], []byte(head)) {
			t.Fatalf("object %d isn't at its offset", i)
		}
		body := data[at+len(head):]
		if end := bytes.Index(body, []byte(">>stream\n")); end >= 0 && !bytes.Contains(body[:end], []byte("endobj")) {
			length, _ := strconv.Atoi(lengthPattern.FindStringSubmatch(string(body[:end]))[1])
			r.objects[i] = string(body[:end+9+length])
			if !bytes.HasPrefix(body[end+9+length:], []byte("\nendstream\nendobj\n")) {
				t.Fatalf("object %d: wrong stream length", i)
			}
			continue
		}
		r.objects[i] = string(body[:bytes.Index(body, []byte("\nendobj\n"))])
	}
	return r
}

func parse(t *testing.T, data []byte) file {
	t.Helper()
	r := newReader(t, data)
	kids := kidsPattern.FindStringSubmatch(r.objects[2])
	if kids == nil {
		t.Fatalf("no page tree in %q", r.objects[2])
	}
	fonts := map[string]func(string) string{}
	for _, key := range []string{"F1", "F2"} {
		fonts[key] = r.decoder(r.follow(r.objects[3], "/"+key))
	}
	var f file
	for _, kid := range refPattern.FindAllStringSubmatch(kids[2], -1) {
		n, _ := strconv.Atoi(kid[1])
		f.pages = append(f.pages, r.page(r.stream(r.follow(r.objects[n], "/Contents")), fonts))
	}
	if strconv.Itoa(len(f.pages)) != kids[1] {
		t.Fatalf("%d kids, count %s", len(f.pages), kids[1])
	}
	return f
}

func (r reader) follow(object, key string) string {
	r.t.Helper()
	m := regexp.MustCompile(regexp.QuoteMeta(key) + `\[? ?(\d+) 0 R`).FindStringSubmatch(object)
	if m == nil {
		r.t.Fatalf("no %s in %q", key, object)
	}
	n, _ := strconv.Atoi(m[1])
	return r.objects[n]
}

func (r reader) stream(object string) string {
	r.t.Helper()
	_, packed, _ := strings.Cut(object, ">>stream\n")
	z, err := zlib.NewReader(strings.NewReader(packed))
	if err != nil {
		r.t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}

// decoder turns shown strings of a font back into text, and checks that an embedded font has the glyphs shown.
func (r reader) decoder(font string) func(string) string {
	r.t.Helper()
	if strings.Contains(font, "/Subtype/Type1") {
		unescape := regexp.MustCompile(`(?s)\\(.)`)
		return func(shown string) string {
			raw := unescape.ReplaceAllString(shown[1:len(shown)-1], "$1")
			text, err := charmap.Windows1252.NewDecoder().String(raw)
			if err != nil {
				r.t.Fatal(err)
			}
			return text
		}
	}
	program := r.stream(r.follow(r.follow(r.follow(font, "/DescendantFonts"), "/FontDescriptor"), "/FontFile2"))
	glyphs := 0
	for i := range int(program[5]) {
		entry := program[12+16*i:]
		if entry[:4] == "maxp" {
			at := int(entry[8])<<24 | int(entry[9])<<16 | int(entry[10])<<8 | int(entry[11])
			glyphs = int(program[at+4])<<8 | int(program[at+5])
		}
	}
	chars := map[string]string{}
	for _, m := range charPattern.FindAllStringSubmatch(r.stream(r.follow(font, "/ToUnicode")), -1) {
		raw, err := hex.DecodeString(m[2])
		if err != nil {
			r.t.Fatal(err)
		}
		var units []uint16
		for i := 0; i < len(raw); i += 2 {
			units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
		}
		chars[m[1]] = string(utf16.Decode(units))
	}
	return func(shown string) string {
		var text strings.Builder
		for digits := shown[1 : len(shown)-1]; digits != ""; digits = digits[4:] {
			if n, _ := strconv.ParseInt(digits[:4], 16, 32); int(n) >= glyphs {
				r.t.Errorf("glyph %d of %d shown", n, glyphs)
			}
			text.WriteString(chars[digits[:4]])
		}
		return text.String()
	}
}

func (r reader) page(content string, fonts map[string]func(string) string) page {
	var p page
	for _, m := range textPattern.FindAllStringSubmatch(content, -1) {
		d := drawn{text: fonts[m[1]](m[5])}
		d.size, _ = strconv.ParseFloat(m[2], 64)
		d.x, _ = strconv.ParseFloat(m[3], 64)
		d.y, _ = strconv.ParseFloat(m[4], 64)
		p.texts = append(p.texts, d)
	}
	if m := codePattern.FindStringSubmatch(content); m != nil {
		module, _ := strconv.ParseFloat(m[1], 64)
		p.code.x, _ = strconv.ParseFloat(m[2], 64)
		p.code.y, _ = strconv.ParseFloat(m[3], 64)
		for _, m := range runPattern.FindAllStringSubmatch(m[4], -1) {
			var run [3]int
			for i := range run {
				run[i], _ = strconv.Atoi(m[i+1])
			}
			p.code.modules = max(p.code.modules, run[0]+run[2], run[1]+1)
			p.code.runs = append(p.code.runs, run)
		}
		p.code.side = module * float64(p.code.modules)
	}
	return p
}

func scan(t *testing.T, img image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		t.Fatalf("no reader can read it: %v", err)
	}
	return result.GetText()
}
