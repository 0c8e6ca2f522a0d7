package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"unicode/utf16"
)

// document collects the objects of one PDF file (ISO 32000-1). It is reused, see documents.
type document struct {
	out     []byte
	offsets []int // of each object, by number; 0: not written yet
	pages   []int

	content []byte
	runs    []run
	lines   []string
	regular face
	bold    face

	packed   bytes.Buffer
	compress *zlib.Writer
}

// Objects that others refer to before they are written.
const (
	catalogObject = iota + 1
	pagesObject
	resourcesObject
	infoObject
	firstFree
)

func newDocument() *document {
	d := &document{}
	d.compress, _ = zlib.NewWriterLevel(&d.packed, zlib.BestSpeed) // the level is valid, so there is no error
	return d
}

func (d *document) reset() {
	// The comment's high bytes tell transports that the file is binary.
	d.out = append(d.out[:0], "%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"...)
	d.offsets = d.offsets[:0]
	for range firstFree {
		d.offsets = append(d.offsets, 0)
	}
	d.pages = d.pages[:0]
}

func (d *document) reserve() int {
	d.offsets = append(d.offsets, 0)
	return len(d.offsets) - 1
}

func (d *document) begin(number int) {
	d.offsets[number] = len(d.out)
	d.out = strconv.AppendInt(d.out, int64(number), 10)
	d.out = append(d.out, " 0 obj\n"...)
}

func (d *document) object(body string) int {
	number := d.reserve()
	d.put(number, body)
	return number
}

func (d *document) put(number int, body string) {
	d.begin(number)
	d.out = append(d.out, body...)
	d.out = append(d.out, "\nendobj\n"...)
}

// stream adds a compressed stream with further entries for its dictionary.
func (d *document) stream(data []byte, entries string) int {
	d.packed.Reset()
	d.compress.Reset(&d.packed)
	// Writing into a buffer doesn't fail.
	_, _ = d.compress.Write(data)
	_ = d.compress.Close()

	number := d.reserve()
	d.begin(number)
	d.out = append(d.out, "<</Filter/FlateDecode/Length "...)
	d.out = strconv.AppendInt(d.out, int64(d.packed.Len()), 10)
	d.out = append(d.out, entries...)
	d.out = append(d.out, ">>stream\n"...)
	d.out = append(d.out, d.packed.Bytes()...)
	d.out = append(d.out, "\nendstream\nendobj\n"...)
	return number
}

func (d *document) addPage() {
	content := d.stream(d.content, "")
	d.pages = append(d.pages, d.object("<</Type/Page/Parent 2 0 R/Contents "+ref(content)+">>"))
}

// finish writes what the pages share and returns a copy of the file.
func (d *document) finish(title string) []byte {
	d.begin(pagesObject)
	d.out = append(d.out, "<</Type/Pages/MediaBox[0 0 297.64 419.53]/Resources 3 0 R/Count "...)
	d.out = strconv.AppendInt(d.out, int64(len(d.pages)), 10)
	d.out = append(d.out, "/Kids["...)
	for _, page := range d.pages {
		d.out = append(append(d.out, ref(page)...), ' ')
	}
	d.out = append(d.out, "]>>\nendobj\n"...)

	regular, bold := d.regular.write(d), d.bold.write(d)
	d.put(resourcesObject, "<</Font<</F1 "+ref(regular)+"/F2 "+ref(bold)+">>>>")
	// No creation date: it would make the same document different each time.
	d.put(infoObject, "<</Title "+textString(title)+">>")
	d.put(catalogObject, "<</Type/Catalog/Pages 2 0 R/ViewerPreferences<</DisplayDocTitle true>>>>")

	sum := sha256.Sum256(d.out)
	id := "<" + hex.EncodeToString(sum[:16]) + ">"
	start := len(d.out)
	d.out = append(d.out, "xref\n0 "...)
	d.out = strconv.AppendInt(d.out, int64(len(d.offsets)), 10)
	d.out = append(d.out, "\n0000000000 65535 f \n"...)
	for _, offset := range d.offsets[1:] {
		digits := strconv.Itoa(offset)
		d.out = append(append(d.out, "0000000000"[len(digits):]...), digits...)
		d.out = append(d.out, " 00000 n \n"...)
	}
	d.out = append(d.out, "trailer\n<</Root 1 0 R/Info 4 0 R/ID["...)
	d.out = append(append(d.out, id...), id...)
	d.out = append(d.out, "]/Size "...)
	d.out = strconv.AppendInt(d.out, int64(len(d.offsets)), 10)
	d.out = append(d.out, ">>\nstartxref\n"...)
	d.out = strconv.AppendInt(d.out, int64(start), 10)
	d.out = append(d.out, "\n%%EOF\n"...)
	d.regular, d.bold = nil, nil
	return bytes.Clone(d.out)
}

func ref(number int) string { return strconv.Itoa(number) + " 0 R" }

// textString is a text outside the pages: UTF-16 with a byte order mark, in hexadecimal.
func textString(s string) string {
	raw := []byte{0xFE, 0xFF}
	for _, unit := range utf16.Encode([]rune(s)) {
		raw = append(raw, byte(unit>>8), byte(unit))
	}
	return "<" + hex.EncodeToString(raw) + ">"
}
