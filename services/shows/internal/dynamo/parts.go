package dynamo

import (
	"context"
	"fmt"
	"slices"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/dynamo/deflate"
)

const (
	// partBytes keeps a part below DynamoDB's 400 KB for an item.
	partBytes = 350 << 10
	// documentBytes is more than a document can have: requests have 1 MiB.
	documentBytes = 16 << 20
)

// parts returns a document, packed, as the items that whole reads. They carry no
// events: whoever reads them would pay for those every time.
func parts(pk, sk string, document []byte) ([]dynamo.Item, error) {
	packed, err := deflate.Pack(document)
	if err != nil {
		return nil, err
	}
	var items []dynamo.Item
	for part := range slices.Chunk(packed, partBytes) {
		key := dynamo.Key{PK: pk, SK: fmt.Sprintf("%s%02d", partsPrefix(sk), len(items))}
		items = append(items, dynamo.Item{Key: key, Document: part, Bulk: true})
	}
	return items, nil
}

// whole returns a document, or dynamo.ErrNotFound.
func (s *Store) whole(ctx context.Context, pk, sk string) ([]byte, error) {
	items, err := s.table.Query(ctx, dynamo.Query{PK: pk, Prefix: partsPrefix(sk)})
	if err != nil {
		return nil, err
	}
	return join(items)
}

func partsPrefix(sk string) string { return sk + "#" }

// join reads a document from its parts in their order.
func join(items []dynamo.Item) ([]byte, error) {
	if len(items) == 0 {
		return nil, dynamo.ErrNotFound
	}
	var packed []byte
	for _, item := range items {
		packed = append(packed, item.Document...)
	}
	document, err := deflate.Unpack(packed, documentBytes)
	if err != nil {
		return nil, fmt.Errorf("item %q: %w", items[0].Key.PK, err)
	}
	return document, nil
}
