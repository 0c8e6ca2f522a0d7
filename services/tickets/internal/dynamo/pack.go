package dynamo

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"ticketmesh.dev/platform/dynamo"
)

var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is one that there is
	}
	return w
}}

// pack returns a row's JSON in DEFLATE (RFC 1951). Items are paid for by the
// kilobyte, once for each time that they are written.
func pack(row any) ([]byte, error) {
	encoded, err := json.Marshal(row)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&packed)
	if _, err := w.Write(encoded); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// unpack reads what pack returned.
func unpack(packed []byte, row any) error {
	encoded, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	return json.Unmarshal(encoded, row)
}

// read reads an item whose document is a packed row.
func read(item dynamo.Item, row any) error {
	if err := unpack(item.Document, row); err != nil {
		return fmt.Errorf("item %s: %w", item.Key.PK, err)
	}
	return nil
}
