package rest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"

	"ticketmesh.dev/contracts/infoapi"
	"ticketmesh.dev/platform/problem"
)

// Cursors hold names, which may take more than platform/api's cursors do: 200
// characters of four bytes each.

// encodeCursor is the opaque form of a place, or nothing after the last.
func encodeCursor[T any](place *T) infoapi.OptString {
	if place == nil {
		return infoapi.OptString{}
	}
	// Places are plain structs of strings, numbers and ids.
	text, _ := json.Marshal(place)
	return infoapi.NewOptString(base64.RawURLEncoding.EncodeToString(text))
}

// decodeCursor reads what encodeCursor wrote, of the same type. Nothing is the
// beginning. Its values are as untrusted as any parameter.
func decodeCursor[T any](cursor infoapi.OptString) (*T, error) {
	text, given := cursor.Get()
	if !given {
		return nil, nil
	}
	malformed := problem.InvalidRequest(problem.Field{Field: "cursor", Message: "is not a cursor that this list gave"})
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	// Not every store can compare with a text that holds NUL.
	if err != nil || len(decoded) == 0 || decoded[0] != '{' || bytes.Contains(decoded, []byte(`\u0000`)) {
		return nil, malformed
	}
	decoder := json.NewDecoder(bytes.NewReader(decoded))
	decoder.DisallowUnknownFields()
	place := new(T)
	if err := decoder.Decode(place); err != nil {
		return nil, malformed
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, malformed
	}
	return place, nil
}
