// Package envelope packs the events of one commit into one attribute of an item.
// The store packs and the stream's relay unpacks, so it knows nothing of
// DynamoDB, nor of what an event says.
package envelope

import (
	"bytes"
	"errors"
	"fmt"

	"ticketmesh.dev/platform/dynamo/deflate"
)

// ErrMalformed reports bytes that Pack did not make.
var ErrMalformed = errors.New("malformed outbox")

// maxBytes bounds what is unpacked: more than the largest item can have been
// packed from by any of our events.
const maxBytes = 16 << 20

// Pack returns encoded CloudEvents, each one line of JSON, in DEFLATE (RFC 1951):
// they are paid for by the kilobyte, and half of an event is names that every
// event has.
func Pack(events [][]byte) ([]byte, error) {
	var lines []byte
	for _, encoded := range events {
		if len(encoded) == 0 || bytes.IndexByte(encoded, '\n') >= 0 {
			return nil, errors.New("an event is not one line")
		}
		lines = append(lines, encoded...)
		lines = append(lines, '\n')
	}
	return deflate.Pack(lines)
}

// Unpack returns the events in the order in which they were packed, or
// ErrMalformed.
func Unpack(packed []byte) ([][]byte, error) {
	lines, err := deflate.Unpack(packed, maxBytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(lines) == 0 || lines[len(lines)-1] != '\n' {
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
