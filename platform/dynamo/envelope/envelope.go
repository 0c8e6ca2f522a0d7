// Package envelope packs the events of one commit into one attribute of an item.
// The store packs and the stream's relay unpacks, so it knows nothing of
// DynamoDB, nor of what an event says.
package envelope

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"sync"
)

// ErrMalformed reports bytes that Pack did not make.
var ErrMalformed = errors.New("malformed outbox")

// maxBytes bounds what is unpacked: more than the largest item can have been
// packed from by any of our events.
const maxBytes = 16 << 20

var writers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is one that there is
	}
	return w
}}

// Pack returns encoded CloudEvents, each one line of JSON, in DEFLATE (RFC 1951):
// they are paid for by the kilobyte, and half of an event is names that every
// event has.
func Pack(events [][]byte) ([]byte, error) {
	var packed bytes.Buffer
	w := writers.Get().(*flate.Writer)
	defer writers.Put(w)
	w.Reset(&packed)
	for _, encoded := range events {
		if len(encoded) == 0 || bytes.IndexByte(encoded, '\n') >= 0 {
			return nil, errors.New("an event is not one line")
		}
		if _, err := w.Write(append(encoded[:len(encoded):len(encoded)], '\n')); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// Unpack returns the events in the order in which they were packed, or
// ErrMalformed.
func Unpack(packed []byte) ([][]byte, error) {
	r := flate.NewReader(bytes.NewReader(packed))
	lines, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(lines) > maxBytes || len(lines) == 0 || lines[len(lines)-1] != '\n' {
		return nil, ErrMalformed
	}
	events := bytes.Split(lines[:len(lines)-1], []byte{'\n'})
	for _, encoded := range events {
		if len(encoded) == 0 {
			return nil, ErrMalformed
		}
	}
	return events, nil
}
