package dynamo

import (
	"encoding/binary"
	"errors"
	"fmt"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"

	"ticketmesh.dev/services/tickets/internal/buyer"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
)

func buyerKey(performanceID id.ID, customerID string) dynamo.Key {
	return dynamo.Key{PK: "buyer#" + performanceID.String() + "#" + customerID, SK: alone}
}

// Buyer implements app.Tx.
func (t *transaction) Buyer(performanceID id.ID, customerID string) (buyer.Buyer, error) {
	b := buyer.Buyer{PerformanceID: performanceID, CustomerID: customerID}
	item, err := t.Get(buyerKey(performanceID, customerID))
	if errors.Is(err, dynamo.ErrNotFound) {
		return b, nil
	}
	if err != nil {
		return b, err
	}
	numbers := itemcodec.Numbers{Rest: item.Document}
	b.Owned, b.Version = int(numbers.Uvarint()), int(numbers.Uvarint())
	if numbers.Failed {
		return b, fmt.Errorf("item %s: %w", item.Key.PK, errMalformed)
	}
	b.Claims, err = itemcodec.DecodeBuyerClaims(numbers.Rest)
	return b, err
}

// PutBuyer implements app.Tx.
func (t *transaction) PutBuyer(b buyer.Buyer) error {
	document := binary.AppendUvarint(nil, uint64(b.Owned))
	document = binary.AppendUvarint(document, uint64(b.Version))
	t.Put(dynamo.Item{Key: buyerKey(b.PerformanceID, b.CustomerID), Document: append(document, itemcodec.EncodeBuyerClaims(b.Claims)...)})
	return nil
}

// errMalformed reports a document that this package did not write.
var errMalformed = errors.New("malformed document")
