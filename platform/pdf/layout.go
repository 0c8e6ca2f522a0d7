package pdf

import (
	"strconv"
	"unicode/utf8"

	"ticketmesh.dev/platform/qr"
)

// All lengths are points (1/72 inch), measured from the page's top left corner; emit turns them around.
const (
	pageWidth  = 297.64
	pageHeight = 419.53
	margin     = 24.0
	textWidth  = pageWidth - 2*margin
	columnGap  = 12.0
	codeSide   = 132.0
	codeGap    = 14.0 // over 4 modules of the smallest symbol worth scanning: its quiet zone
	smallest   = 0.6
)

type colour string

const (
	ink    colour = "0.09 0.11 0.16"
	muted  colour = "0.38 0.41 0.47"
	accent colour = "0.11 0.22 0.47"
	hair   colour = "0.78 0.80 0.84"
)

// run is one line of text at its baseline.
type run struct {
	text   string
	face   face
	size   float64
	x, y   float64
	colour colour
}

// layOut draws a page: the code and the small print at the bottom, where scanners and eyes expect them, and the text
// in what is left, set smaller step by step until it fits.
func (d *document) layOut(title string, p Page, symbol qr.Symbol) {
	d.fill(accent)
	d.rect(margin, margin, textWidth, 2.2)
	bottom := d.layOutBottom(p, symbol)

	for scale := 1.0; ; scale -= 0.08 {
		last := scale-0.08 < smallest
		fits := d.layOutText(title, p, scale, bottom)
		if fits || last {
			break
		}
	}
	for _, r := range d.runs {
		d.text(r)
	}
}

// layOutBottom draws footer, caption and code from the bottom up, and returns the lowest place that text above them
// may reach.
func (d *document) layOutBottom(p Page, symbol qr.Symbol) float64 {
	y := pageHeight - margin
	if p.Footer != "" {
		const size, leading = 6.6, 8.4
		lines := d.wrap(p.Footer, d.regular, size, textWidth, 3)
		y -= leading * float64(len(lines))
		for i, line := range lines {
			d.text(run{line, d.regular, size, margin + (textWidth-width(d.regular, line, size))/2, y + leading*float64(i+1) - 2, muted})
		}
		y -= 6
		d.fill(hair)
		d.rect(margin, y, textWidth, 0.5)
		y -= 4
	}
	if p.CodeCaption != "" {
		const size, leading = 7.6, 10.0
		line := d.wrap(p.CodeCaption, d.regular, size, textWidth, 1)[0]
		d.text(run{line, d.regular, size, margin + (textWidth-width(d.regular, line, size))/2, y - 2.5, ink})
		y -= leading
	}
	if symbol.Size() > 0 {
		module := codeSide / float64(symbol.Size())
		quiet := max(codeGap, module*qr.QuietZone)
		// Text below keeps its distance by the rule of the quiet zone too.
		if y < pageHeight-margin {
			y -= quiet - 4
		}
		y -= codeSide
		d.symbol(symbol, (pageWidth-codeSide)/2, y, module)
		y -= quiet
	}
	return y
}

// layOutText fills d.runs with what stands above bottom, and says whether all of it fits. What doesn't is left out.
func (d *document) layOutText(title string, p Page, scale, bottom float64) bool {
	d.runs = d.runs[:0]
	y := margin + 5.0
	fits := true
	block := func(text string, f face, size, leading float64, c colour, maxLines int) {
		if text == "" {
			return
		}
		size, leading = size*scale, leading*scale
		lines := d.wrap(text, f, size, textWidth, maxLines)
		for i, line := range lines {
			if y+leading > bottom {
				fits = false
				return
			}
			// A cut heading could still fit when set smaller.
			if i == maxLines-1 && len(line) > 0 && scale > 0.75 && isCut(line, text) {
				fits = false
			}
			y += leading
			d.runs = append(d.runs, run{line, f, size, margin, y - (leading-size)/2 - size*0.16, c})
		}
	}
	block(title, d.bold, 7.4, 13, accent, 1)
	block(p.Heading, d.bold, 18, 21, ink, 3)
	block(p.Subheading, d.regular, 10.4, 14, muted, 2)
	y += 5 * scale

	column := (textWidth - columnGap) / 2
	for i := 0; i < len(p.Lines); {
		left := p.Lines[i]
		n, w := 1, textWidth
		if i+1 < len(p.Lines) && d.narrow(left, scale, column) && d.narrow(p.Lines[i+1], scale, column) {
			n, w = 2, column
		}
		height := 0.0
		for j, line := range p.Lines[i : i+n] {
			height = max(height, d.layOutLine(line, margin+float64(j)*(column+columnGap), y, w, scale))
		}
		if y+height > bottom {
			d.dropBelow(y)
			return false
		}
		y += height
		i += n
	}
	return fits
}

const (
	labelSize, labelLeading = 7.0, 9.6
	valueSize, valueLeading = 11.0, 13.2
	lineGap                 = 4.4
)

func (d *document) narrow(l Line, scale, column float64) bool {
	return width(d.bold, l.Value, valueSize*scale) <= column && width(d.regular, l.Label, labelSize*scale) <= column
}

func (d *document) layOutLine(l Line, x, y, w, scale float64) (height float64) {
	start := y
	if l.Label != "" {
		y += labelLeading * scale
		d.runs = append(d.runs, run{d.wrap(l.Label, d.regular, labelSize*scale, w, 1)[0], d.regular, labelSize * scale, x, y - 2*scale, muted})
	}
	if l.Value != "" {
		for _, line := range d.wrap(l.Value, d.bold, valueSize*scale, w, 2) {
			y += valueLeading * scale
			d.runs = append(d.runs, run{line, d.bold, valueSize * scale, x, y - 2.6*scale, ink})
		}
	}
	return y + lineGap*scale - start
}

func (d *document) dropBelow(y float64) {
	for len(d.runs) > 0 && d.runs[len(d.runs)-1].y > y {
		d.runs = d.runs[:len(d.runs)-1]
	}
}

const ellipsis = "…"

func isCut(line, text string) bool {
	return len(line) >= len(ellipsis) && line[len(line)-len(ellipsis):] == ellipsis &&
		text[max(0, len(text)-len(ellipsis)):] != ellipsis
}

// wrap breaks a text at spaces, or within a word that is wider than a line, into at least one and at most maxLines
// lines; what is left over is replaced by an ellipsis. The result is valid until the next call.
func (d *document) wrap(text string, f face, size, w float64, maxLines int) []string {
	d.lines = d.lines[:0]
	for len(d.lines) < maxLines-1 {
		end, next := breakAt(text, f, size, w)
		d.lines = append(d.lines, text[:end])
		text = text[next:]
		if text == "" {
			return d.lines
		}
	}
	if width(f, text, size) > w {
		text = cut(text, f, size, w)
	}
	return append(d.lines, text)
}

// breakAt returns where the first line of a text ends and where the second begins.
func breakAt(text string, f face, size, w float64) (end, next int) {
	budget, used := w*1000/size, 0.0
	space := -1
	for i, r := range text {
		if r == ' ' {
			space = i
		}
		used += float64(f.advance(r))
		if used > budget && r != ' ' {
			switch {
			case space > 0:
				end, next = space, space+1
			case i > 0:
				end, next = i, i
			default: // one character wider than a line
				end, next = utf8.RuneLen(r), utf8.RuneLen(r)
			}
			for next < len(text) && text[next] == ' ' {
				next++
			}
			for end > 0 && text[end-1] == ' ' {
				end--
			}
			return end, next
		}
	}
	return len(text), len(text)
}

func cut(text string, f face, size, w float64) string {
	budget, used := w*1000/size-float64(f.advance('…')), 0.0
	for i, r := range text {
		used += float64(f.advance(r))
		if used > budget {
			return text[:i] + ellipsis
		}
	}
	return text
}

func width(f face, text string, size float64) float64 {
	sum := 0
	for _, r := range text {
		sum += f.advance(r)
	}
	return float64(sum) * size / 1000
}

// What follows writes the page's content stream.

func (d *document) fill(c colour) {
	d.content = append(append(d.content, c...), " rg\n"...)
}

func (d *document) rect(x, y, w, h float64) {
	d.numbers(x, pageHeight-y-h, w, h)
	d.content = append(d.content, "re f\n"...)
}

func (d *document) text(r run) {
	if r.text == "" {
		return
	}
	d.fill(r.colour)
	d.content = append(d.content, "BT /"...)
	d.content = append(d.content, r.face.name()...)
	d.content = append(d.content, ' ')
	d.numbers(r.size)
	d.content = append(d.content, "Tf "...)
	d.numbers(r.x, pageHeight-r.y)
	d.content = append(d.content, "Td "...)
	d.content = r.face.show(d.content, r.text)
	d.content = append(d.content, " Tj ET\n"...)
}

// symbol draws a QR symbol in module coordinates as one path of horizontal runs: vectors stay sharp at any scale,
// which an image does not in every viewer, and within one path neighbouring rows leave no hairlines between them.
func (d *document) symbol(s qr.Symbol, x, y, module float64) {
	n := s.Size()
	d.content = append(d.content, "q 0 g "...)
	d.content = strconv.AppendFloat(d.content, module, 'f', 5, 64)
	d.content = append(d.content, " 0 0 "...)
	d.content = strconv.AppendFloat(d.content, module, 'f', 5, 64)
	d.content = append(d.content, ' ')
	d.numbers(x, pageHeight-y-module*float64(n))
	d.content = append(d.content, "cm\n"...)
	for row := range n {
		for column := 0; column < n; column++ {
			if !s.Dark(column, row) {
				continue
			}
			start := column
			for s.Dark(column, row) {
				column++
			}
			d.content = strconv.AppendInt(d.content, int64(start), 10)
			d.content = append(d.content, ' ')
			d.content = strconv.AppendInt(d.content, int64(n-1-row), 10)
			d.content = append(d.content, ' ')
			d.content = strconv.AppendInt(d.content, int64(column-start), 10)
			d.content = append(d.content, " 1 re\n"...)
		}
	}
	d.content = append(d.content, "f Q\n"...)
}

func (d *document) numbers(values ...float64) {
	for _, v := range values {
		d.content = strconv.AppendFloat(d.content, v, 'f', 2, 64)
		d.content = append(d.content, ' ')
	}
}
