package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"

	"ticketmesh.dev/platform/problem"
)

const maxCursorBytes = 1 << 10

// strict refuses spare bits, so that one position has one cursor.
var cursorEncoding = base64.RawURLEncoding.Strict()

// EncodeCursor turns the position after the last item of a page, a struct of
// the sort keys, into the opaque cursor of the next page.
func EncodeCursor(position any) (string, error) {
	b, err := json.Marshal(position)
	if err != nil {
		return "", err
	}
	return cursorEncoding.EncodeToString(b), nil
}

// DecodeCursor reads a position that EncodeCursor wrote from the same type. A
// cursor that was made up is a problem; one of another list may not be noticed,
// so its values are as untrusted as any parameter.
func DecodeCursor[T any](cursor string) (T, error) {
	position, err := decodeCursor[T](cursor)
	if err != nil {
		var zero T
		return zero, problem.InvalidRequest(problem.Field{Field: "cursor", Message: "is not a cursor that this list gave"})
	}
	return position, nil
}

var errCursor = errors.New("malformed cursor")

func decodeCursor[T any](cursor string) (position T, err error) {
	if len(cursor) > maxCursorBytes {
		return position, errCursor
	}
	b, err := cursorEncoding.DecodeString(cursor)
	if err != nil {
		return position, err
	}
	if _, fault := scanJSON(b, nil); fault != "" || len(b) == 0 || (b[0] != '{' && b[0] != '[' && b[0] != '"') {
		return position, errCursor
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&position); err != nil {
		return position, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return position, errCursor
	}
	return position, nil
}
