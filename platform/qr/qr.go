// Package qr turns short texts into QR symbols (ISO/IEC 18004, error correction level M) and small PNG images of
// them. It knows nothing of what the text means, and it does not read symbols.
package qr

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"sync"

	"rsc.io/qr"
)

// QuietZone is the number of light modules that must surround a symbol on each side for scanners to find it.
const QuietZone = 4

// maxPixels bounds the side of an image, so that a request's parameter can't ask for gigabytes.
const maxPixels = 4096

var (
	// ErrText says that a text is empty or longer than the largest symbol holds (about 2,300 bytes).
	ErrText = errors.New("qr: text is empty or too long")
	// ErrPixels says that the asked size can't show the symbol with one pixel for each module, or is over 4096.
	ErrPixels = errors.New("qr: size in pixels out of range")
)

// Symbol is a square of dark and light modules without its quiet zone. The zero Symbol has no modules.
// It is immutable, so many goroutines may read it.
type Symbol struct {
	code *qr.Code
}

// Modules encodes text at level M in the smallest symbol that holds it; equal texts give equal symbols.
// It fails with ErrText.
func Modules(text string) (Symbol, error) {
	if text == "" {
		return Symbol{}, ErrText
	}
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return Symbol{}, fmt.Errorf("%w: %d bytes", ErrText, len(text))
	}
	return Symbol{code: code}, nil
}

// Size is the number of modules on a side.
func (s Symbol) Size() int {
	if s.code == nil {
		return 0
	}
	return s.code.Size
}

// Dark says whether the module in column x and row y, counted from the top left, is dark. Outside the symbol all is
// light.
func (s Symbol) Dark(x, y int) bool {
	return s.code != nil && s.code.Black(x, y)
}

// PNG draws text as a black and white image, pixels wide and high, with a quiet zone of at least four modules. Each
// module is a whole number of pixels; what is left over widens the quiet zone. Equal arguments give equal bytes.
// It fails with ErrText or ErrPixels.
func PNG(text string, pixels int) ([]byte, error) {
	symbol, err := Modules(text)
	if err != nil {
		return nil, err
	}
	scale := pixels / (symbol.Size() + 2*QuietZone)
	if scale < 1 || pixels > maxPixels {
		return nil, fmt.Errorf("%w: %d for %d modules", ErrPixels, pixels, symbol.Size())
	}
	// A palette of two colours makes the encoder write one bit a pixel.
	img := image.NewPaletted(image.Rect(0, 0, pixels, pixels), color.Palette{color.White, color.Black})
	offset := (pixels - symbol.Size()*scale) / 2
	for y := range symbol.Size() {
		first := img.Pix[(offset+y*scale)*img.Stride:][:pixels]
		for x := range symbol.Size() {
			if !symbol.Dark(x, y) {
				continue
			}
			for i := range scale {
				first[offset+x*scale+i] = 1
			}
		}
		for i := 1; i < scale; i++ {
			copy(img.Pix[(offset+y*scale+i)*img.Stride:], first)
		}
	}
	var out bytes.Buffer
	out.Grow(2048)
	if err := encoder.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("qr: %w", err)
	}
	return out.Bytes(), nil
}

// encoder keeps its compressor's tables between images: allocating them costs more than the image does.
var encoder = png.Encoder{CompressionLevel: png.DefaultCompression, BufferPool: &buffers{}}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() *png.EncoderBuffer {
	buffer, _ := b.pool.Get().(*png.EncoderBuffer)
	return buffer
}

func (b *buffers) Put(buffer *png.EncoderBuffer) { b.pool.Put(buffer) }
