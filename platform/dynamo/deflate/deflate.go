// Package deflate makes bytes small that are paid for by the kilobyte. It knows
// nothing of what they say, nor of DynamoDB.
package deflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"sync"
)

// ErrMalformed reports bytes that Pack did not make, or that are larger than
// expected.
var ErrMalformed = errors.New("malformed packed bytes")

var writers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is one that there is
	}
	return w
}}

// A reader's window is 40 KB, which is more than most that is read through it.
var readers = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// Pack returns b in DEFLATE (RFC 1951).
func Pack(b []byte) ([]byte, error) {
	var packed bytes.Buffer
	w := writers.Get().(*flate.Writer)
	defer writers.Put(w)
	w.Reset(&packed)
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// Unpack returns what was packed, of most bytes at most, or ErrMalformed.
func Unpack(packed []byte, most int64) ([]byte, error) {
	r := readers.Get().(io.ReadCloser)
	defer readers.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(packed), nil); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrMalformed, most)
	}
	return b, nil
}
