package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"ticketmesh.dev/platform/dynamo"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
)

// Return implements app.Returns.
func (s *Store) Return(ctx context.Context, messageID id.ID, change func(m message.Message) (message.Message, bool)) error {
	return s.table.Update(ctx, func(tx *dynamo.Tx) error {
		item, err := tx.Get(messageKey(messageID))
		if errors.Is(err, dynamo.ErrNotFound) {
			return app.ErrNotFound
		}
		if err != nil {
			return err
		}
		m, err := readMessage(item)
		if err != nil {
			return err
		}
		m, changed := change(m)
		if !changed {
			return nil
		}
		facts, err := s.facts(m)
		if err != nil {
			return err
		}
		if item, err = messageItem(m); err != nil {
			return err
		}
		tx.Put(item)
		return tx.Publish(facts...)
	})
}

// Block implements app.Returns. An address that may be written to again needs no item.
func (s *Store) Block(ctx context.Context, address string, till time.Time) error {
	return s.table.Update(ctx, func(tx *dynamo.Tx) error {
		tx.Put(dynamo.Item{Key: blockKey(address), Document: strconv.AppendInt(nil, till.UnixMilli(), 10), Expires: till})
		return nil
	})
}

// blockKey has a digest, because addresses may be longer than keys.
func blockKey(address string) dynamo.Key {
	sum := sha256.Sum256([]byte(strings.ToLower(address)))
	return dynamo.Key{PK: "block#" + hex.EncodeToString(sum[:]), SK: alone}
}
