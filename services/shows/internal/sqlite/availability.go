package sqlite

import (
	"context"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/shows/internal/availability"
)

// ApplyPartition implements app.Store.
func (s *Store) ApplyPartition(ctx context.Context, p availability.Partition) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO availability (performance_id, area_id, partition, capacity, available, version) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET capacity = excluded.capacity, available = excluded.available, version = excluded.version
			WHERE excluded.version > availability.version`,
			p.PerformanceID[:], p.AreaID, p.Number, p.Capacity, p.Available, p.Version)
		return err
	})
}

// Reported implements app.Store.
func (s *Store) Reported(ctx context.Context, performanceID id.ID) (map[string]availability.Reported, error) {
	reported := make(map[string]availability.Reported)
	err := s.db.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT area_id, sum(capacity), sum(available) FROM availability WHERE performance_id = ? GROUP BY area_id`, performanceID[:])
		if err != nil {
			return err
		}
		for rows.Next() {
			var areaID string
			var sum availability.Reported
			if err := rows.Scan(&areaID, &sum.Capacity, &sum.Available); err != nil {
				return err
			}
			reported[areaID] = sum
		}
		return rows.Err()
	})
	return reported, err
}
