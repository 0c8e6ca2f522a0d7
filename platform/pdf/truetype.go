package pdf

import (
	"encoding/binary"
	"sync"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// The fonts are parsed at their first use: a process that never meets a text beyond Windows-1252 doesn't pay for it.
var (
	goRegular = sync.OnceValue(func() *typeface { return mustParse("GoRegular", goregular.TTF) })
	goBold    = sync.OnceValue(func() *typeface { return mustParse("GoBold", gobold.TTF) })
)

// typeface is a TrueType font taken apart once, ready for quick subsetting. It is read-only.
type typeface struct {
	name       string
	unitsPerEm int
	ascent     int
	descent    int
	box        [4]int
	head       []byte
	hhea       []byte
	maxp       []byte
	glyphs     [][]byte // outlines without hinting programs, by glyph
	advances   []uint16
	bearings   []uint16
	index      map[rune]uint16
}

func mustParse(name string, data []byte) *typeface {
	t, ok := parse(name, data)
	if !ok {
		// The fonts are compiled in, and a test parses both; a face without glyphs draws nothing but breaks nothing.
		return &typeface{name: name, unitsPerEm: 1000, glyphs: [][]byte{nil}, advances: []uint16{500}, bearings: []uint16{0}}
	}
	return t
}

func parse(name string, data []byte) (*typeface, bool) {
	be := binary.BigEndian
	tables := map[string][]byte{}
	if len(data) < 12 {
		return nil, false
	}
	for i := range int(be.Uint16(data[4:])) {
		entry := data[12+16*i:]
		start, size := be.Uint32(entry[8:]), be.Uint32(entry[12:])
		if uint64(start)+uint64(size) > uint64(len(data)) {
			return nil, false
		}
		tables[string(entry[:4])] = data[start : start+size]
	}
	head, hhea, maxp, hmtx, loca, glyf := tables["head"], tables["hhea"], tables["maxp"], tables["hmtx"], tables["loca"], tables["glyf"]
	if len(head) < 54 || len(hhea) < 36 || len(maxp) < 32 || len(hmtx) == 0 || len(loca) == 0 || len(glyf) == 0 {
		return nil, false
	}
	t := &typeface{name: name, head: head, hhea: hhea, maxp: maxp, index: map[rune]uint16{}}
	t.unitsPerEm = int(be.Uint16(head[18:]))
	for i := range t.box {
		t.box[i] = t.scale(int(int16(be.Uint16(head[36+2*i:]))))
	}
	t.ascent = t.scale(int(int16(be.Uint16(hhea[4:]))))
	t.descent = t.scale(int(int16(be.Uint16(hhea[6:]))))

	count, metrics := int(be.Uint16(maxp[4:])), int(be.Uint16(hhea[34:]))
	long := be.Uint16(head[50:]) == 1
	at := func(i int) int {
		if long {
			return int(be.Uint32(loca[4*i:]))
		}
		return 2 * int(be.Uint16(loca[2*i:]))
	}
	for g := range count {
		outline, ok := unhinted(glyf[at(g):at(g+1)])
		if !ok {
			return nil, false
		}
		t.glyphs = append(t.glyphs, outline)
		if g < metrics {
			t.advances = append(t.advances, be.Uint16(hmtx[4*g:]))
			t.bearings = append(t.bearings, be.Uint16(hmtx[4*g+2:]))
		} else {
			t.advances = append(t.advances, t.advances[metrics-1])
			t.bearings = append(t.bearings, be.Uint16(hmtx[4*metrics+2*(g-metrics):]))
		}
	}

	font, err := sfnt.Parse(data)
	if err != nil {
		return nil, false
	}
	var buffer sfnt.Buffer
	for r := rune(' '); r < 0xFFFE; r++ {
		if g, err := font.GlyphIndex(&buffer, r); err == nil && g != 0 {
			t.index[r] = uint16(g)
		}
	}
	return t, true
}

func (t *typeface) scale(units int) int { return units * 1000 / t.unitsPerEm }

// unhinted returns a glyph's outline without its instructions: they are half of a font's bytes, only help at sizes
// that nobody prints, and would need the font's shared programs beside them. It is false for a glyph that is composed
// of others; the Go fonts have none.
func unhinted(glyph []byte) ([]byte, bool) {
	if len(glyph) < 10 {
		return nil, true
	}
	be := binary.BigEndian
	contours := int(int16(be.Uint16(glyph)))
	if contours < 0 {
		return nil, false
	}
	end := 10 + 2*contours
	instructions := int(be.Uint16(glyph[end:]))
	plain := append([]byte(nil), glyph[:end]...)
	plain = append(plain, 0, 0)
	return append(plain, glyph[end+2+instructions:]...), true
}
