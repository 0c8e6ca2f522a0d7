package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"

	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/itemcodec"
	"ticketmesh.dev/services/tickets/internal/seatmap"
)

const partitionColumns = `performance_id, area_id, number, capacity, sold, closed, claims, version, kept`

type scanner interface{ Scan(dest ...any) error }

func scanPartition(row scanner) (inventory.Partition, error) {
	// In one piece, since partitions are read with every sale.
	var scanned struct {
		inventory.Partition
		id, claims         []byte
		sold, closed, kept int64
	}
	p := &scanned.Partition
	if err := row.Scan(&scanned.id, &p.AreaID, &p.Number, &p.Capacity, &scanned.sold, &scanned.closed, &scanned.claims, &p.Version, &scanned.kept); err != nil {
		return *p, err
	}
	p.PerformanceID, p.Sold = id.ID(scanned.id), inventory.Slots(scanned.sold)
	p.Closed, p.Kept = inventory.Slots(scanned.closed), inventory.Slots(scanned.kept)
	var err error
	p.Claims, err = itemcodec.DecodeClaims(scanned.claims)
	return *p, err
}

func freshPartition(performanceID id.ID, areaID string, number, capacity int) inventory.Partition {
	return inventory.New(inventory.Key{PerformanceID: performanceID, AreaID: areaID, Number: number}, capacity)
}

// Partition implements app.Tx.
func (t *transaction) Partition(key inventory.Key) (inventory.Partition, error) {
	p, err := scanPartition(t.QueryRow(`SELECT `+partitionColumns+` FROM partitions WHERE performance_id = ? AND area_id = ? AND number = ?`,
		key.PerformanceID[:], key.AreaID, key.Number))
	if errors.Is(err, sql.ErrNoRows) {
		return inventory.Partition{Key: key}, nil
	}
	return p, err
}

// FreePartitions implements app.Tx.
func (t *transaction) FreePartitions(area *seatmap.AreaLayout, performanceID id.ID, run, from, limit int, now time.Time) ([]inventory.Partition, error) {
	// open = 1 is the condition of the index partitions_open: partitions that are
	// sold out are not even looked at.
	const query = `SELECT ` + partitionColumns + ` FROM partitions
		WHERE performance_id = ? AND area_id = ? AND number >= ? AND number < ?
			AND open = 1 AND (run >= ? OR next_expiry > 0 AND next_expiry <= ?)
		ORDER BY number LIMIT ?`
	var found []inventory.Partition
	for _, part := range [2][2]int{{from, area.Partitions()}, {0, from}} {
		if len(found) == limit || part[0] == part[1] {
			continue
		}
		rows, err := t.Query(query, performanceID[:], area.ID, part[0], part[1], run, itemcodec.Millis(now), limit-len(found))
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			p, err := scanPartition(rows)
			if err != nil {
				return nil, err
			}
			found = append(found, p)
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// PutPartition implements app.Tx. A partition's row is made with its performance.
func (t *transaction) PutPartition(area *seatmap.AreaLayout, p inventory.Partition) error {
	run, expiry := area.Room(p.Number, p.Free(t.store.clock.Now())), itemcodec.Millis(p.NextExpiry())
	open := p.Sold|p.Closed != p.All()
	claims := itemcodec.EncodeClaims(p.Claims)
	t.announce(p.Key)
	// Without open in the SET the index partitions_open is left alone.
	changed, err := t.Exec(`UPDATE partitions SET capacity = ?, sold = ?, closed = ?, claims = ?, version = ?, kept = ?, run = ?, next_expiry = ?
		WHERE performance_id = ? AND area_id = ? AND number = ? AND open = ?`,
		p.Capacity, int64(p.Sold), int64(p.Closed), claims, p.Version, int64(p.Kept), run, expiry, p.PerformanceID[:], p.AreaID, p.Number, open)
	if err != nil || changed == 1 {
		return err
	}
	_, err = t.Exec(`INSERT INTO partitions (performance_id, area_id, number, capacity, sold, closed, claims, version, kept, announced, run, next_expiry, open)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)
		ON CONFLICT (performance_id, area_id, number) DO UPDATE SET capacity = excluded.capacity, sold = excluded.sold,
			closed = excluded.closed, claims = excluded.claims, version = excluded.version, kept = excluded.kept, run = excluded.run,
			next_expiry = excluded.next_expiry, open = excluded.open`,
		p.PerformanceID[:], p.AreaID, p.Number, p.Capacity, int64(p.Sold), int64(p.Closed), claims, p.Version, int64(p.Kept), run, expiry, open)
	return err
}

// Partitions implements app.Store.
func (s *Store) Partitions(ctx context.Context, performanceID id.ID) ([]inventory.Partition, error) {
	var found []inventory.Partition
	err := s.db.Read(ctx, func(tx *sqlite.Tx) error {
		// Areas' ids come before all quotas'.
		rows, err := tx.Query(`SELECT `+partitionColumns+` FROM partitions WHERE performance_id = ? AND area_id < ?`, performanceID[:], inventory.QuotaID())
		if err != nil {
			return err
		}
		for rows.Next() {
			p, err := scanPartition(rows)
			if err != nil {
				return err
			}
			found = append(found, p)
		}
		return rows.Err()
	})
	return found, err
}
