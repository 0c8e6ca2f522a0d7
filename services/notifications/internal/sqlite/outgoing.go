package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/notifications/internal/jsoncodec"
	"ticketmesh.dev/services/notifications/internal/message"
)

const messageColumns = `id, event_id, correlation_id, trace_parent, template, customer_id, email, language, performance_id, order_id,
	subject, content, status, reason, attempts, created_at, due_at, ended_at, version`

func scanMessage(row interface{ Scan(into ...any) error }) (m message.Message, err error) {
	var messageID, eventID, performanceID, orderID, content []byte
	var template, status, reason string
	var created, due int64
	var ended sql.NullInt64
	if err := row.Scan(&messageID, &eventID, &m.Origin.CorrelationID, &m.Origin.TraceParent, &template, &m.Recipient.CustomerID,
		&m.Recipient.Email, &m.Recipient.Language, &performanceID, &orderID, &m.Subject, &content, &status, &reason, &m.Attempts,
		&created, &due, &ended, &m.Version); err != nil {
		return m, err
	}
	m.ID, m.Origin.EventID, m.PerformanceID, m.OrderID = toID(messageID), toID(eventID), toID(performanceID), toID(orderID)
	m.Template, m.Status, m.Reason = message.Template(template), message.Status(status), message.Reason(reason)
	m.CreatedAt, m.DueAt = fromMillis(created), fromMillis(due)
	if ended.Valid {
		m.EndedAt = fromMillis(ended.Int64)
	}
	if len(content) > 0 {
		m.Content, err = jsoncodec.DecodeContent(content)
	}
	return m, err
}

// Claim implements app.Outgoing.
func (s *Store) Claim(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]message.Message, error) {
	// Most calls find nothing, and need not wait for the writer.
	var due int
	err := s.db.Read(ctx, func(tx *sqlite.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM (SELECT 1 FROM messages WHERE status = 'queued' AND due_at <= ? LIMIT 1)`, millis(now)).Scan(&due)
	})
	if err != nil || due == 0 {
		return nil, err
	}
	var claimed []message.Message
	err = s.db.Write(ctx, func(tx *sqlite.Tx) error {
		claimed = claimed[:0]
		rows, err := tx.Query(`SELECT `+messageColumns+` FROM messages WHERE status = 'queued' AND due_at <= ? ORDER BY due_at LIMIT ?`, millis(now), limit)
		if err != nil {
			return err
		}
		for rows.Next() {
			m, err := scanMessage(rows)
			if err != nil {
				return err
			}
			claimed = append(claimed, m)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		until := millis(now.Add(lease))
		for _, m := range claimed {
			if _, err := tx.Exec(`UPDATE messages SET claimed = 1, due_at = ? WHERE id = ?`, until, m.ID[:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// Settle implements app.Outgoing. Its events are made before the transaction, so that the writer's time is not spent on
// them.
func (s *Store) Settle(ctx context.Context, messages []message.Message) error {
	type outcome struct {
		message message.Message
		content []byte
	}
	outcomes := make([]outcome, len(messages))
	publish := make([]func(tx *sqlite.Tx) error, len(messages))
	for i, m := range messages {
		outcomes[i].message = m
		if !m.Status.Final() {
			content, err := jsoncodec.EncodeContent(m.Content)
			if err != nil {
				return err
			}
			outcomes[i].content = content
			continue
		}
		if fact, ok := m.Fact(); ok {
			e, err := s.codec.Event(fact)
			if err != nil {
				return err
			}
			publish[i] = func(tx *sqlite.Tx) error { return tx.Publish(ctx, e) }
		}
	}
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		for i, o := range outcomes {
			m := o.message
			var ended any
			if m.Status.Final() {
				ended = millis(m.EndedAt)
			}
			n, err := tx.Exec(`UPDATE messages SET status = ?, reason = ?, attempts = ?, subject = ?, content = ?, due_at = ?, ended_at = ?, version = ?, claimed = 0
				WHERE id = ? AND status = 'queued'`,
				string(m.Status), string(m.Reason), m.Attempts, m.Subject, o.content, millis(m.DueAt), ended, m.Version, m.ID[:])
			if err != nil {
				return err
			}
			if n == 1 && publish[i] != nil {
				if err := publish[i](tx); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Backgrounds implements app.Outgoing.
func (s *Store) Backgrounds(ctx context.Context, messages []message.Message) ([]message.Background, error) {
	found := make([]message.Background, len(messages))
	err := s.db.Read(ctx, func(tx *sqlite.Tx) error {
		// Most messages of a batch are about the same few performances.
		stages := map[id.ID]message.Background{}
		for i, m := range messages {
			b, known := stages[m.PerformanceID]
			if !known {
				var err error
				if b, err = stage(tx, m.PerformanceID); err != nil {
					return err
				}
				stages[m.PerformanceID] = b
			}
			var err error
			if m.OrderID != id.Nil {
				if b.Purchase, err = purchase(tx, m.PerformanceID, m.OrderID); err != nil {
					return err
				}
			}
			if b.Preferences, err = preferences(tx, m.Recipient.CustomerID); err != nil {
				return err
			}
			if b.BlockedTill, err = blockedTill(tx, m.Recipient.Email); err != nil {
				return err
			}
			err = tx.QueryRow(`SELECT token FROM subscriptions WHERE customer_id = ? AND category = ?`,
				m.Recipient.CustomerID, string(m.Template.Category())).Scan(&b.Token)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			found[i] = b
		}
		return nil
	})
	return found, err
}

// stage reads a performance with its show and venue.
func stage(tx *sqlite.Tx, performanceID id.ID) (b message.Background, err error) {
	p, err := performance(tx, performanceID)
	if err != nil || p == nil {
		return b, err
	}
	b.Performance = *p
	var state []byte
	var version int
	switch err := tx.QueryRow(`SELECT version, state FROM shows WHERE id = ?`, p.ShowID[:]).Scan(&version, &state); {
	case err == nil:
		show, err := jsoncodec.DecodeShow(p.ShowID, version, state)
		if err != nil {
			return b, err
		}
		b.Show = &show
	case !errors.Is(err, sql.ErrNoRows):
		return b, err
	}
	venueID := b.VenueID()
	switch err := tx.QueryRow(`SELECT version, state FROM venues WHERE id = ?`, venueID[:]).Scan(&version, &state); {
	case err == nil:
		venue, err := jsoncodec.DecodeVenue(venueID, version, state)
		if err != nil {
			return b, err
		}
		b.Venue = &venue
	case !errors.Is(err, sql.ErrNoRows):
		return b, err
	}
	return b, nil
}
