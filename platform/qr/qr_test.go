package qr_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	reader "github.com/makiuchi-d/gozxing/qrcode"

	"ticketmesh.dev/platform/qr"
)

const code = "tm1.AZ3kq2xw7Yk0b1mVQJwqXvR5t8n2c4d6e8f0g1h2i3.q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6j7k8l9z0x1c2v3b4n5m6q7w8e9r0t1y2u3i4o5p6"

func TestPNGIsReadBackByAReader(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		give   string
		pixels int
	}{
		{"a ticket's code", code, 300},
		{"one character", "x", 64},
		{"digits", "0123456789012345", 200},
		{"capitals", "HTTPS://EXAMPLE.COM/A", 200},
		{"the same character again and again", strings.Repeat("a", 200), 400},
		{"zeroes", strings.Repeat("0", 300), 400},
		{"UTF-8", "Dvořák, Ωδή, Ночь", 300},
		{"an address", "https://tickets.example.com/t/0190f3c2-7a1e-7bbd-8f00-5a5d3f1f9a10?k=v", 250},
		{"long", strings.Repeat(code, 8), 600},
		{"a size that no module count divides", code, 317},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			data, err := qr.PNG(tt.give, tt.pixels)
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if size := img.Bounds().Size(); size != (image.Point{X: tt.pixels, Y: tt.pixels}) {
				t.Errorf("size = %v, want %d squared", size, tt.pixels)
			}
			if depth := data[24]; depth != 1 {
				t.Errorf("bit depth = %d, want 1", depth)
			}
			if got := read(t, img); got != tt.give {
				t.Errorf("read %q, want %q", got, tt.give)
			}
		})
	}
}

func TestPNGOfATicketCodeIsSmallAndStable(t *testing.T) {
	t.Parallel()
	first, err := qr.PNG(code, 300)
	if err != nil {
		t.Fatal(err)
	}
	second, err := qr.PNG(code, 300)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the same text gave two images")
	}
	if len(first) > 2048 {
		t.Errorf("%d bytes, want at most 2048", len(first))
	}
}

func TestPNGLeavesAQuietZone(t *testing.T) {
	t.Parallel()
	symbol, err := qr.Modules(code)
	if err != nil {
		t.Fatal(err)
	}
	pixels := (symbol.Size() + 2*qr.QuietZone) * 3
	data, err := qr.PNG(code, pixels)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	zone := qr.QuietZone * 3
	for y := range pixels {
		for x := range pixels {
			inside := x >= zone && y >= zone && x < pixels-zone && y < pixels-zone
			if r, _, _, _ := img.At(x, y).RGBA(); r == 0 && !inside {
				t.Fatalf("dark pixel at %d,%d in the quiet zone", x, y)
			}
		}
	}
	if r, _, _, _ := img.At(zone, zone).RGBA(); r != 0 {
		t.Error("the finder pattern doesn't start where the quiet zone ends")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		text   string
		pixels int
		want   error
	}{
		{"no text", "", 300, qr.ErrText},
		{"more than a symbol holds", strings.Repeat("é", 3000), 300, qr.ErrText},
		{"fewer pixels than modules", code, 20, qr.ErrPixels},
		{"zero pixels", "x", 0, qr.ErrPixels},
		{"negative pixels", "x", -5, qr.ErrPixels},
		{"an enormous image", "x", 1 << 20, qr.ErrPixels},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := qr.PNG(tt.text, tt.pixels); !errors.Is(err, tt.want) {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestTheZeroSymbolIsEmpty(t *testing.T) {
	t.Parallel()
	var s qr.Symbol
	if s.Size() != 0 || s.Dark(0, 0) {
		t.Error("the zero symbol has modules")
	}
}

func FuzzModules(f *testing.F) {
	f.Add(code)
	f.Add("")
	f.Add("\x00\xff")
	f.Fuzz(func(t *testing.T, text string) {
		symbol, err := qr.Modules(text)
		if err != nil {
			return
		}
		if n := symbol.Size(); n < 21 || n > 177 || (n-17)%4 != 0 {
			t.Errorf("size = %d modules", n)
		}
	})
}

func BenchmarkModules(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := qr.Modules(code); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPNG(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := qr.PNG(code, 300); err != nil {
			b.Fatal(err)
		}
	}
}

func read(t *testing.T, img image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true, gozxing.DecodeHintType_CHARACTER_SET: "UTF-8"}
	result, err := reader.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		t.Fatalf("no reader can read it: %v", err)
	}
	return result.GetText()
}
