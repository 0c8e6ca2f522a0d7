package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
)

// Idempotency returns the store of idempotency keys in this database. Leases and expiry
// are judged by c.
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

// scope hashes the key with lengths, so that no two keys run together.
func scope(k idempotency.Key) []byte {
	var text []byte
	for _, s := range []string{k.Caller, k.Method, k.Path, k.Key} {
		text = binary.AppendUvarint(text, uint64(len(s)))
		text = append(text, s...)
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// stored is a row.
type stored struct {
	hash       []byte
	resource   id.ID
	state      int
	leaseUntil time.Time
	expiresAt  time.Time
	answer     idempotency.Response
}

// Claim implements idempotency.Store. Of claims that meet, the transaction repeats the
// later, which then finds the earlier.
func (s keyStore) Claim(ctx context.Context, k idempotency.Key, bodyHash [32]byte, lease time.Duration) (idempotency.Claim, error) {
	key, fresh := scope(k), id.New()
	var claim idempotency.Claim
	err := s.db.Write(ctx, func(tx *Tx) error {
		now := s.clock.Now()
		claim = idempotency.Claim{ResourceID: fresh}
		n, err := tx.Exec(ctx, `INSERT INTO idempotency (scope, body_hash, resource_id, state, lease_until, expires_at)
			VALUES ($1, $2, $3::uuid, $4, $5, $6) ON CONFLICT DO NOTHING`,
			key, bodyHash[:], fresh.String(), running, now.Add(lease), now.Add(idempotency.TTL))
		if err != nil || n == 1 {
			return err
		}
		var row stored
		if err := tx.QueryRow(ctx, `SELECT body_hash, resource_id, state, lease_until, expires_at, status, content_type, location, body
			FROM idempotency WHERE scope = $1`, key).
			Scan(&row.hash, &row.resource, &row.state, &row.leaseUntil, &row.expiresAt,
				&row.answer.Status, &row.answer.ContentType, &row.answer.Location, &row.answer.Body); err != nil {
			return err
		}
		same := string(row.hash) == string(bodyHash[:])
		expired := !row.expiresAt.After(now)
		switch {
		case expired, row.state == abandoned && !same:
			// As new.
		case !same:
			return idempotency.ErrReused
		case row.state == finished:
			claim = idempotency.Claim{ResourceID: row.resource, Replay: &row.answer}
			return nil
		case row.state == running && row.leaseUntil.After(now):
			return idempotency.ErrInProgress
		default:
			claim.ResourceID = row.resource
		}
		_, err = tx.Exec(ctx, `UPDATE idempotency SET body_hash = $2, resource_id = $3::uuid, state = $4, lease_until = $5, expires_at = $6
			WHERE scope = $1`, key, bodyHash[:], claim.ResourceID.String(), running, now.Add(lease), now.Add(idempotency.TTL))
		return err
	})
	if err != nil {
		return idempotency.Claim{}, err
	}
	return claim, nil
}

// Finish implements idempotency.Store.
func (s keyStore) Finish(ctx context.Context, k idempotency.Key, r idempotency.Response) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		now := s.clock.Now()
		n, err := tx.Exec(ctx, `UPDATE idempotency SET state = $2, expires_at = $3, status = $4, content_type = $5, location = $6, body = $7
			WHERE scope = $1 AND state = $8 AND expires_at > $9`,
			scope(k), finished, now.Add(idempotency.TTL), r.Status, r.ContentType, r.Location, r.Body, running, now)
		if err == nil && n == 0 {
			return idempotency.ErrNotClaimed
		}
		return err
	})
}

// Abandon implements idempotency.Store.
func (s keyStore) Abandon(ctx context.Context, k idempotency.Key) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `UPDATE idempotency SET state = $2 WHERE scope = $1 AND state = $3`, scope(k), abandoned, running)
		return err
	})
}

// ReleaseLeases implements idempotency.Store.
func (s keyStore) ReleaseLeases(ctx context.Context) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `UPDATE idempotency SET lease_until = 'epoch' WHERE state = $1`, running)
		return err
	})
}
