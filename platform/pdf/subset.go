package pdf

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"unicode/utf16"
)

// subset is a typeface with the glyphs that one document uses, numbered in the order of their first use. Glyph 0, a
// box, stands for every character that the typeface lacks.
type subset struct {
	key    string
	from   *typeface
	number map[uint16]uint16 // by the typeface's glyph
	glyphs []uint16          // the typeface's glyph, by number
	runes  []rune            // a character for each number; 0 for the box
}

func newSubset(key string, from *typeface) face {
	return &subset{key: key, from: from, number: map[uint16]uint16{0: 0}, glyphs: []uint16{0}, runes: []rune{0}}
}

func (s *subset) name() string { return s.key }

func (s *subset) advance(r rune) int {
	return s.from.scale(int(s.from.advances[s.from.index[r]]))
}

func (s *subset) show(dst []byte, text string) []byte {
	const digits = "0123456789ABCDEF"
	dst = append(dst, '<')
	for _, r := range text {
		n := s.use(s.from.index[r], r)
		dst = append(dst, digits[n>>12], digits[n>>8&15], digits[n>>4&15], digits[n&15])
	}
	return append(dst, '>')
}

func (s *subset) use(glyph uint16, r rune) uint16 {
	n, known := s.number[glyph]
	if !known {
		n = uint16(len(s.glyphs))
		s.number[glyph] = n
		s.glyphs = append(s.glyphs, glyph)
		s.runes = append(s.runes, r)
	}
	return n
}

func (s *subset) write(d *document) int {
	program := s.program()
	file := d.stream(program, "/Length1 "+strconv.Itoa(len(program)))
	t := s.from
	base := s.tag() + "+" + t.name
	descriptor := d.object(fmt.Sprintf("<</Type/FontDescriptor/FontName/%s/Flags 32/FontBBox[%d %d %d %d]/ItalicAngle 0"+
		"/Ascent %d/Descent %d/CapHeight 720/StemV 80/FontFile2 %d 0 R>>",
		base, t.box[0], t.box[1], t.box[2], t.box[3], t.ascent, t.descent, file))
	widths := []byte("[0[")
	for _, glyph := range s.glyphs {
		widths = strconv.AppendInt(widths, int64(t.scale(int(t.advances[glyph]))), 10)
		widths = append(widths, ' ')
	}
	widths = append(widths, "]]"...)
	descendant := d.object("<</Type/Font/Subtype/CIDFontType2/BaseFont/" + base +
		"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/CIDToGIDMap/Identity/FontDescriptor " +
		ref(descriptor) + "/W" + string(widths) + ">>")
	unicode := d.stream(s.toUnicode(), "")
	return d.object("<</Type/Font/Subtype/Type0/BaseFont/" + base + "/Encoding/Identity-H/DescendantFonts[" +
		ref(descendant) + "]/ToUnicode " + ref(unicode) + ">>")
}

// tag is the prefix that tells subsets of one font apart; it depends on nothing but the subset.
func (s *subset) tag() string {
	sum := uint32(2166136261)
	for _, glyph := range s.glyphs {
		sum = (sum ^ uint32(glyph)) * 16777619
	}
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + byte(sum%26)
		sum /= 26
	}
	return string(tag)
}

// toUnicode lets viewers search and copy the text.
func (s *subset) toUnicode() []byte {
	out := []byte("/CIDInit/ProcSet findresource begin 12 dict begin begincmap/CMapName/U def/CMapType 2 def\n" +
		"1 begincodespacerange<0000><FFFF>endcodespacerange\n")
	// A section holds at most 100 characters.
	for start := 1; start < len(s.runes); start += 100 {
		section := s.runes[start:min(start+100, len(s.runes))]
		out = fmt.Appendf(out, "%d beginbfchar\n", len(section))
		for i, r := range section {
			out = fmt.Appendf(out, "<%04X><", start+i)
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, "%04X", unit)
			}
			out = append(out, ">\n"...)
		}
		out = append(out, "endbfchar\n"...)
	}
	return append(out, "endcmap end end"...)
}

// program builds a TrueType font of the used glyphs, with the tables that PDF asks for.
func (s *subset) program() []byte {
	be := binary.BigEndian
	var glyf, loca, hmtx []byte
	for _, glyph := range s.glyphs {
		loca = be.AppendUint32(loca, uint32(len(glyf)))
		hmtx = be.AppendUint16(hmtx, s.from.advances[glyph])
		hmtx = be.AppendUint16(hmtx, s.from.bearings[glyph])
		glyf = append(glyf, s.from.glyphs[glyph]...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
	}
	loca = be.AppendUint32(loca, uint32(len(glyf)))

	head := append([]byte(nil), s.from.head...)
	be.PutUint32(head[8:], 0) // the checksum of a subset is nobody's business
	be.PutUint16(head[50:], 1)
	hhea := append([]byte(nil), s.from.hhea...)
	be.PutUint16(hhea[34:], uint16(len(s.glyphs)))
	maxp := append([]byte(nil), s.from.maxp...)
	be.PutUint16(maxp[4:], uint16(len(s.glyphs)))
	be.PutUint16(maxp[26:], 0) // no instructions

	tables := []struct {
		tag  string
		data []byte
	}{{"glyf", glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}}
	font := []byte{0, 1, 0, 0, 0, byte(len(tables)), 0, 64, 0, 2, 0, 32}
	offset := 12 + 16*len(tables)
	for _, table := range tables {
		font = append(font, table.tag...)
		font = be.AppendUint32(font, checksum(table.data))
		font = be.AppendUint32(font, uint32(offset))
		font = be.AppendUint32(font, uint32(len(table.data)))
		offset += (len(table.data) + 3) &^ 3
	}
	for _, table := range tables {
		font = append(font, table.data...)
		for len(font)%4 != 0 {
			font = append(font, 0)
		}
	}
	return font
}

func checksum(data []byte) (sum uint32) {
	for i := 0; i < len(data); i += 4 {
		var word [4]byte
		copy(word[:], data[i:])
		sum += binary.BigEndian.Uint32(word[:])
	}
	return sum
}
