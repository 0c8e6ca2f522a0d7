package sqlite

import (
	"context"

	"ticketmesh.dev/platform/sqlite"

	"ticketmesh.dev/services/tickets/internal/inventory"
)

// announce has the partition announced once the change is durable, unless it is
// a quota's.
func (t *transaction) announce(key inventory.Key) {
	if inventory.IsQuota(key.AreaID) {
		return
	}
	s := t.store
	t.AfterCommit(func() {
		s.unannounced.Lock()
		s.unannounced.keys[key] = struct{}{}
		s.unannounced.Unlock()
		select {
		case s.changed <- struct{}{}:
		default: // it is awake already
		}
	})
}

// Changed receives when a partition changed that has not been announced.
func (s *Store) Changed() <-chan struct{} { return s.changed }

// recallUnannounced finds what an earlier process changed and did not announce.
func (s *Store) recallUnannounced(ctx context.Context) error {
	return s.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT ` + partitionColumns + ` FROM partitions WHERE version > announced`)
		if err != nil {
			return err
		}
		for rows.Next() {
			p, err := scanPartition(rows)
			if err != nil {
				return err
			}
			if !inventory.IsQuota(p.AreaID) {
				s.unannounced.keys[p.Key] = struct{}{}
			}
		}
		return rows.Err()
	})
}

// takeUnannounced returns up to limit partitions to announce and forgets them.
func (s *Store) takeUnannounced(limit int) []inventory.Key {
	s.unannounced.Lock()
	defer s.unannounced.Unlock()
	taken := make([]inventory.Key, 0, min(limit, len(s.unannounced.keys)))
	for key := range s.unannounced.keys {
		if len(taken) == limit {
			break
		}
		taken = append(taken, key)
		delete(s.unannounced.keys, key)
	}
	return taken
}

func (s *Store) returnUnannounced(keys []inventory.Key) {
	s.unannounced.Lock()
	defer s.unannounced.Unlock()
	for _, key := range keys {
		s.unannounced.keys[key] = struct{}{}
	}
}

// Announce commits an availability.changed event for up to limit partitions
// whose newest version has none, and returns how many it looked at. A
// partition's row is its own outbox entry: version and announced commit with the
// state, and however often a partition changes between two calls it is announced
// once, with its newest state. What is to be announced is also kept in memory,
// so that no sale has to write an index for it.
func (s *Store) Announce(ctx context.Context, limit int) (int, error) {
	due := s.takeUnannounced(limit)
	if len(due) == 0 {
		return 0, nil
	}
	err := s.db.Write(ctx, func(tx *sqlite.Tx) error {
		t := &transaction{Tx: tx, ctx: ctx, store: s}
		for _, key := range due {
			p, err := t.Partition(key)
			if err != nil {
				return err
			}
			marked, err := tx.Exec(`UPDATE partitions SET announced = version WHERE performance_id = ? AND area_id = ? AND number = ? AND announced < version`,
				key.PerformanceID[:], key.AreaID, key.Number)
			if err != nil {
				return err
			}
			if marked == 0 {
				continue
			}
			if err := t.Record(inventory.ChangedFact{Partition: p}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.returnUnannounced(due)
	}
	return len(due), err
}
