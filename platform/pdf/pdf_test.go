package pdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"ticketmesh.dev/platform/pdf"
	"ticketmesh.dev/platform/qr"
)

const code = "tm1.AZ3kq2xw7Yk0b1mVQJwqXvR5t8n2c4d6e8f0g1h2i3.q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6j7k8l9z0x1c2v3b4n5m6q7w8e9r0t1y2u3i4o5p6"

func latin() pdf.Page {
	return pdf.Page{
		Heading: "Die Zauberflöte", Subheading: "Freitag, 12. Februar 2027, 19:30 Uhr",
		Lines: []pdf.Line{
			{"Venue", "Opéra Garnier, Großer Saal"},
			{"Area", "Parkett"},
			{"Row", "12"},
			{"Seat", "7"},
			{"Price", "EUR 89.50"},
			{"Order", "K7QF-2M9D"},
		},
		Code: code, CodeCaption: "0190f3c2-7a1e-7bbd-8f00-5a5d3f1f9a10", Footer: "One person per ticket. Doors open an hour before.",
	}
}

func mixed() pdf.Page {
	p := latin()
	p.Heading = "Dvořák: Rusalka · Ωδή στη χαρά · Белые ночи"
	p.Subheading = "Łódź, Gdańsk, Târgu Mureș"
	return p
}

func TestRenderedTextAndCodeAreThere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give pdf.Page
		want []string // in the page's text
	}{
		{"Windows-1252", latin(), []string{"Die Zauberflöte", "Freitag, 12. Februar", "Opéra Garnier, Großer Saal", "Seat", "EUR 89.50", "One person"}},
		{"Latin-2, Greek and Cyrillic", mixed(), []string{"Dvořák: Rusalka", "Ωδή στη χαρά", "Белые", "Łódź, Gdańsk"}},
		{"parentheses and backslashes", pdf.Page{Heading: `a (b) \c) \(`}, []string{`a (b) \c) \(`}},
		{"decomposed characters", pdf.Page{Heading: "Dvor\u030ca\u0301k"}, []string{"Dvořák"}},
		{"line breaks", pdf.Page{Heading: "one\ntwo\tthree"}, []string{"one two three"}},
		{"a reversed order of reading", pdf.Page{Heading: "safe\u202Eevil"}, []string{"safeevil"}},
		{"characters no font has", pdf.Page{Heading: "千と千尋", Subheading: "beside"}, []string{"beside"}},
		{"invalid UTF-8", pdf.Page{Heading: "a\xffb"}, []string{"a"}},
		{"the euro and the quotes of Windows-1252", pdf.Page{Heading: "“€ 5” – ok…"}, []string{"“€ 5” – ok…"}},
		{"nothing at all", pdf.Page{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := render(t, "Ticketmesh", tt.give)
			text := parse(t, file).text(0)
			for _, want := range append(tt.want, "Ticketmesh") {
				if !strings.Contains(text, want) {
					t.Errorf("the page's text lacks %q, it is %q", want, text)
				}
			}
			if tt.give.Code != "" && readCode(t, parse(t, file).pages[0]) != tt.give.Code {
				t.Error("the QR symbol isn't that of the code")
			}
		})
	}
}

func TestRenderMakesAPageForEachItem(t *testing.T) {
	t.Parallel()
	pages := make([]pdf.Page, 12)
	for i := range pages {
		pages[i] = latin()
		pages[i].Code = fmt.Sprintf("%s-%d", code, i)
	}
	file := parse(t, render(t, "Twelve", pages...))
	if len(file.pages) != 12 {
		t.Fatalf("%d pages, want 12", len(file.pages))
	}
	for i, page := range file.pages {
		if got := readCode(t, page); got != pages[i].Code {
			t.Errorf("page %d holds %q, want %q", i, got, pages[i].Code)
		}
	}
}

func TestEqualInputGivesEqualBytes(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]pdf.Page{"core fonts": latin(), "embedded fonts": mixed()} {
		want := render(t, "T", page)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				// Something else in between, because buffers are reused.
				if _, err := pdf.Render("other", []pdf.Page{mixed(), latin()}); err != nil {
					t.Error(err)
				}
				got, err := pdf.Render("T", []pdf.Page{page})
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: rendered twice, different documents (%v)", name, err)
				}
			})
		}
		wg.Wait()
	}
}

func TestDocumentsAreSmall(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give pdf.Page
		want int
	}{
		{"core fonts", latin(), 6 << 10},
		{"embedded fonts", mixed(), 15 << 10},
	}
	for _, tt := range tests {
		if got := len(render(t, "Ticketmesh", tt.give)); got > tt.want {
			t.Errorf("%s: %d bytes, want at most %d", tt.name, got, tt.want)
		}
	}
}

// What is drawn must stay on the paper and off the code, whatever is given.
func TestNothingOverlapsOrLeavesThePage(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Ein sehr langer Titel mit vielen Wörtern ", 12)
	many := latin()
	for i := range 30 {
		many.Lines = append(many.Lines, pdf.Line{Label: fmt.Sprint("Label ", i), Value: long[:10+i*3]})
	}
	tests := []struct {
		name string
		give pdf.Page
	}{
		{"a usual page", latin()},
		{"embedded fonts", mixed()},
		{"long texts", pdf.Page{Heading: long, Subheading: long, Lines: []pdf.Line{{long, long}}, Code: code, CodeCaption: long, Footer: long}},
		{"one long word", pdf.Page{Heading: strings.Repeat("W", 300), Lines: []pdf.Line{{"Label", strings.Repeat("M", 200)}}, Code: code}},
		{"many lines", many},
		{"no code", pdf.Page{Heading: "x", Lines: many.Lines, Footer: long}},
		{"wide characters without spaces", pdf.Page{Heading: strings.Repeat("漢字", 100), Footer: strings.Repeat("漢字", 100), Code: "x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			page := parse(t, render(t, "Ticketmesh", tt.give)).pages[0]
			if len(page.texts) == 0 {
				t.Fatal("no text")
			}
			for _, text := range page.texts {
				if text.y < 20 || text.y > 419.53-20 || text.x < 20 || text.x > 297.64-20 {
					t.Errorf("text at %.1f, %.1f is off the page", text.x, text.y)
				}
				if c := page.code; c.side > 0 && text.y+text.size > c.y-8 && text.y < c.y+c.side+8 {
					t.Errorf("text at y=%.1f runs into the code at %.1f–%.1f", text.y, c.y, c.y+c.side)
				}
			}
			// Two texts side by side share a baseline; others keep their distance.
			slices.SortFunc(page.texts, func(a, b drawn) int { return int((b.y - a.y) * 100) })
			for i := 1; i < len(page.texts); i++ {
				above, below := page.texts[i-1], page.texts[i]
				if gap := above.y - below.y; gap > 0.01 && gap < below.size*0.8 {
					t.Errorf("lines at y=%.1f and %.1f overlap", above.y, below.y)
				}
			}
		})
	}
}

func TestLongTextsAreVisiblyCut(t *testing.T) {
	t.Parallel()
	file := parse(t, render(t, "T", pdf.Page{Footer: strings.Repeat("word ", 200)}))
	if text := file.text(0); !strings.Contains(text, "…") {
		t.Errorf("no ellipsis in %q", text)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	if _, err := pdf.Render("T", nil); !errors.Is(err, pdf.ErrNoPages) {
		t.Errorf("no pages: error = %v, want ErrNoPages", err)
	}
	if _, err := pdf.Render("T", []pdf.Page{{Code: strings.Repeat("é", 3000)}}); !errors.Is(err, qr.ErrText) {
		t.Errorf("a code too long: error = %v, want qr.ErrText", err)
	}
}

func FuzzRender(f *testing.F) {
	f.Add("Ticketmesh", "Die Zauberflöte", "Row", "12", code)
	f.Add("", "\x00\xff\u202e", "漢字", "🎭 e\u0301", "x")
	f.Add("T", strings.Repeat("W", 400), strings.Repeat("a b ", 90), "", "")
	f.Fuzz(func(t *testing.T, title, heading, label, value, code string) {
		page := pdf.Page{Heading: heading, Subheading: value, Lines: []pdf.Line{{label, value}, {value, label}}, Code: code, CodeCaption: label, Footer: heading}
		file, err := pdf.Render(title, []pdf.Page{page})
		if err != nil {
			if !errors.Is(err, qr.ErrText) {
				t.Fatal(err)
			}
			return
		}
		text := parse(t, file).text(0)
		if !utf8.ValidString(text) {
			t.Errorf("text %q isn't UTF-8", text)
		}
	})
}

func BenchmarkRender(b *testing.B) {
	for name, pages := range map[string][]pdf.Page{
		"core": {latin()}, "embedded": {mixed()}, "six": {latin(), latin(), latin(), latin(), latin(), latin()},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				file, err := pdf.Render("Ticketmesh", pages)
				if err != nil {
					b.Fatal(err)
				}
				size = len(file)
			}
			b.ReportMetric(float64(size), "size")
		})
	}
}

func render(t *testing.T, title string, pages ...pdf.Page) []byte {
	t.Helper()
	file, err := pdf.Render(title, pages)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// readCode scans the symbol that a page draws.
func readCode(t *testing.T, p page) string {
	t.Helper()
	const scale, quiet = 4, 4
	n := p.code.modules
	img := image.NewGray(image.Rect(0, 0, (n+2*quiet)*scale, (n+2*quiet)*scale))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for _, r := range p.code.runs {
		for y := range scale {
			row := (n-1-r[1]+quiet)*scale + y
			for x := (r[0] + quiet) * scale; x < (r[0]+r[2]+quiet)*scale; x++ {
				img.Pix[row*img.Stride+x] = 0
			}
		}
	}
	return scan(t, img)
}
