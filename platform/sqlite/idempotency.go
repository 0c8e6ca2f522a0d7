package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
)

// Idempotency returns the store of idempotency keys in this file. Leases and
// expiry are judged by c.
func (d *DB) Idempotency(c clock.Clock) idempotency.Store { return keyStore{d, c} }

type keyStore struct {
	db    *DB
	clock clock.Clock
}

const (
	running = iota
	abandoned
	finished
)

// pruneKeys is how many of the oldest keys a claim looks at to drop those that
// have expired: more than it adds, so that the table shrinks, and few enough
// not to be felt.
const pruneKeys = 4

// scope hashes the key with lengths, so that no two keys run together.
func scope(k idempotency.Key) []byte {
	var buf []byte
	for _, s := range []string{k.Caller, k.Method, k.Path, k.Key} {
		buf = binary.AppendUvarint(buf, uint64(len(s)))
		buf = append(buf, s...)
	}
	sum := sha256.Sum256(buf)
	return sum[:]
}

// Claim implements idempotency.Store.
func (s keyStore) Claim(ctx context.Context, k idempotency.Key, bodyHash [32]byte, lease time.Duration) (idempotency.Claim, error) {
	key, fresh := scope(k), id.New()
	var claim idempotency.Claim
	err := s.db.Write(ctx, func(tx *Tx) error {
		now := s.clock.Now()
		var (
			row                 int64
			hash, resource      []byte
			state, until, dies  int64
			status              sql.NullInt64
			contentType, target sql.NullString
			body                []byte
		)
		err := tx.QueryRow(`SELECT id, body_hash, resource_id, state, lease_until, expires_at, status, content_type, location, body
			FROM idempotency WHERE scope = ?`, key).
			Scan(&row, &hash, &resource, &state, &until, &dies, &status, &contentType, &target, &body)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			claim = idempotency.Claim{ResourceID: fresh}
			return s.insert(tx, key, bodyHash, fresh, now, lease)
		case err != nil:
			return err
		}
		same := string(hash) == string(bodyHash[:])
		if dies <= now.UnixMilli() || state == abandoned && !same {
			if _, err := tx.Exec(`DELETE FROM idempotency WHERE id = ?`, row); err != nil {
				return err
			}
			claim = idempotency.Claim{ResourceID: fresh}
			return s.insert(tx, key, bodyHash, fresh, now, lease)
		}
		if !same {
			return idempotency.ErrReused
		}
		copy(claim.ResourceID[:], resource)
		if state == finished {
			claim.Replay = &idempotency.Response{
				Status:      int(status.Int64),
				ContentType: contentType.String,
				Location:    target.String,
				Body:        body,
			}
			return nil
		}
		if state == running && until > now.UnixMilli() {
			return idempotency.ErrInProgress
		}
		_, err = tx.Exec(`UPDATE idempotency SET state = ?, lease_until = ?, expires_at = ? WHERE id = ?`,
			running, now.Add(lease).UnixMilli(), now.Add(idempotency.TTL).UnixMilli(), row)
		return err
	})
	if err != nil {
		return idempotency.Claim{}, err
	}
	return claim, nil
}

func (s keyStore) insert(tx *Tx, key []byte, bodyHash [32]byte, resource id.ID, now time.Time, lease time.Duration) error {
	_, err := tx.Exec(`INSERT INTO idempotency (scope, body_hash, resource_id, state, lease_until, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
		key, bodyHash[:], resource[:], running, now.Add(lease).UnixMilli(), now.Add(idempotency.TTL).UnixMilli())
	if err != nil {
		return err
	}
	_, err = tx.Exec(`DELETE FROM idempotency WHERE id IN (SELECT id FROM idempotency ORDER BY id LIMIT ?) AND expires_at <= ?`,
		pruneKeys, now.UnixMilli())
	return err
}

// Finish implements idempotency.Store.
func (s keyStore) Finish(ctx context.Context, k idempotency.Key, r idempotency.Response) error {
	key := scope(k)
	return s.db.Write(ctx, func(tx *Tx) error {
		now := s.clock.Now()
		n, err := tx.Exec(`UPDATE idempotency SET state = ?, expires_at = ?, status = ?, content_type = ?, location = ?, body = ?
			WHERE scope = ? AND state = ? AND expires_at > ?`,
			finished, now.Add(idempotency.TTL).UnixMilli(), r.Status, r.ContentType, r.Location, r.Body,
			key, running, now.UnixMilli())
		if err == nil && n == 0 {
			return idempotency.ErrNotClaimed
		}
		return err
	})
}

// Abandon implements idempotency.Store.
func (s keyStore) Abandon(ctx context.Context, k idempotency.Key) error {
	key := scope(k)
	return s.db.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec(`UPDATE idempotency SET state = ? WHERE scope = ? AND state = ?`, abandoned, key, running)
		return err
	})
}

// ReleaseLeases implements idempotency.Store.
func (s keyStore) ReleaseLeases(ctx context.Context) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec(`UPDATE idempotency SET lease_until = 0 WHERE state = 0`)
		return err
	})
}
