package dynamo

import (
	"errors"
	"time"

	"ticketmesh.dev/platform/id"
)

// processedFor is how long processed events are remembered: twice as long as the
// bus archives events, so that a replay never finds one forgotten.
const processedFor = 60 * 24 * time.Hour

// FirstTime records with this unit that consumer has processed an event. It is
// false when that was so already: the event's effects are committed, and the
// caller returns without doing anything.
func (tx *Tx) FirstTime(consumer string, eventID id.ID) (bool, error) {
	key, now := Key{PK: "processed#" + consumer + "#" + eventID.String(), SK: "-"}, tx.table.clock.Now()
	switch item, err := tx.Get(key); {
	case err == nil && item.Expires.After(now):
		return false, nil
	case err != nil && !errors.Is(err, ErrNotFound):
		return false, err
	}
	tx.Put(Item{Key: key, Expires: now.Add(processedFor)})
	return true, nil
}
