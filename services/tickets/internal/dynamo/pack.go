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

// dictionary is what rows are likely to have, so that no item has to spell it: half
// of a small row is the names of its members. What is likeliest stands last. It must
// never change: what was packed by it is unpacked by it.
const dictionary = `"reason":"performance_cancelled","failure":"","surplus":true,"before":,"charge":"","attempt":1,"due":,` +
	`"quantity":"status":"waiting"|"offered"|"taken"|"expired"|"left"|"released"|"awaiting"|"used"|"active",` +
	`"declined","cancelled","partially_refunded","refunded","secret":"","reference":"","token":"tok_ok","provider":"stripe","status":"pending",` +
	`"organizer":"","code":"","hold":"","extras":{"fees":[{"id":"service","name":"","amount":}],"tax":{"name":"","percent":,"included":true,"amount":},` +
	`"returnable":},"total":,"refunded":,"currency":"EUR","placed":,"expires":,"created":,"payment":{"provider":"test","token":"pm_",` +
	`"status":"captured","reference":"pi_","requested":,"check":},"status":"pending_payment","status":"confirmed",` +
	`"transferred":true,"issue":2,"admitted":17,"gate":"","scan":"","status":"admitted","status":"void",` +
	`"items":[{"area":"","category":"","amount":,"currency":"EUR","refund":,"tier":"","concession":"","seats":["1-1","1-2"],"places":[0,1,0,2]}],` +
	`{"order":"","performance":"","show":"","tickets":[{"id":"","area":"stalls","seat":"1-1","partition":1,"slot":1,"category":"","tier":"",` +
	`"concession":"","price":,"refund":,"currency":"EUR","status":"valid","customer":"","email":"@example.com","language":"en","issue":1,"version":1},{"id":"`

var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriterDict(io.Discard, flate.DefaultCompression, []byte(dictionary))
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
	encoded, err := io.ReadAll(flate.NewReaderDict(bytes.NewReader(packed), []byte(dictionary)))
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
