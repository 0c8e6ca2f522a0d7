package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/jsoncodec"
	"ticketmesh.dev/services/notifications/internal/message"
)

// PutShow implements app.Chronicle.
func (s *Store) PutShow(ctx context.Context, origin message.Origin, show message.Show) error {
	state, err := jsoncodec.EncodeShow(show)
	if err != nil {
		return err
	}
	return s.once(ctx, origin, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO shows (id, version, state) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state WHERE excluded.version > version`,
			show.ID[:], show.Version, state)
		return err
	})
}

// PutVenue implements app.Chronicle.
func (s *Store) PutVenue(ctx context.Context, origin message.Origin, venue message.Venue) error {
	state, err := jsoncodec.EncodeVenue(venue)
	if err != nil {
		return err
	}
	return s.once(ctx, origin, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO venues (id, version, state) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state WHERE excluded.version > version`,
			venue.ID[:], venue.Version, state)
		return err
	})
}

// PutPerformance implements app.Chronicle.
func (s *Store) PutPerformance(ctx context.Context, origin message.Origin, performanceID id.ID,
	succeed func(known *message.Performance) (message.Performance, *message.Notice, bool),
) error {
	return s.once(ctx, origin, func(tx *sqlite.Tx) error {
		known, err := performance(tx, performanceID)
		if err != nil {
			return err
		}
		next, notice, changed := succeed(known)
		if !changed {
			return nil
		}
		state, err := jsoncodec.EncodePerformance(next)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO performances (id, version, state) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state`,
			performanceID[:], next.Version, state); err != nil {
			return err
		}
		if notice != nil {
			if err := addNotice(tx, *notice); err != nil {
				return err
			}
			after(tx, s.noticesAdded)
		}
		released, err := tx.Exec(`UPDATE messages SET status = 'queued' WHERE performance_id = ? AND status = 'waiting'`, performanceID[:])
		if err != nil {
			return err
		}
		if released > 0 {
			after(tx, s.messagesAdded)
		}
		return nil
	})
}

// Record implements app.Chronicle.
func (s *Store) Record(ctx context.Context, origin message.Origin, performanceID, orderID id.ID,
	change func(p *message.Purchase) []message.Message,
) error {
	return s.once(ctx, origin, func(tx *sqlite.Tx) error {
		known, err := performance(tx, performanceID)
		if err != nil {
			return err
		}
		bought, err := purchase(tx, performanceID, orderID)
		if err != nil {
			return err
		}
		var before []byte
		if bought == nil {
			bought = &message.Purchase{PerformanceID: performanceID, OrderID: orderID}
		} else if before, err = jsoncodec.EncodePurchase(*bought); err != nil {
			return err
		}
		messages := change(bought)
		if orderID != id.Nil {
			state, err := jsoncodec.EncodePurchase(*bought)
			if err != nil {
				return err
			}
			if string(state) != string(before) && string(state) != "{}" {
				if _, err := tx.Exec(`INSERT INTO purchases (performance_id, order_id, state) VALUES (?, ?, ?)
					ON CONFLICT (performance_id, order_id) DO UPDATE SET state = excluded.state`,
					performanceID[:], orderID[:], state); err != nil {
					return err
				}
			}
		}
		return s.addMessages(tx, messages, known != nil)
	})
}

// Performance implements app.Chronicle.
func (s *Store) Performance(ctx context.Context, performanceID id.ID) (message.Performance, error) {
	var known *message.Performance
	err := s.db.Read(ctx, func(tx *sqlite.Tx) (err error) {
		known, err = performance(tx, performanceID)
		return err
	})
	if err != nil {
		return message.Performance{}, err
	}
	if known == nil {
		return message.Performance{}, app.ErrNotFound
	}
	return *known, nil
}

// Add implements app.Chronicle.
func (s *Store) Add(ctx context.Context, messages []message.Message) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error { return s.addMessages(tx, messages, true) })
}

// once runs fn in a transaction unless the event was processed before.
func (s *Store) once(ctx context.Context, origin message.Origin, fn func(tx *sqlite.Tx) error) error {
	return s.db.Write(ctx, func(tx *sqlite.Tx) error {
		first, err := tx.FirstTime(consumerName, origin.EventID)
		if err != nil || !first {
			return err
		}
		return fn(tx)
	})
}

func performance(tx *sqlite.Tx, performanceID id.ID) (*message.Performance, error) {
	var version int
	var state []byte
	err := tx.QueryRow(`SELECT version, state FROM performances WHERE id = ?`, performanceID[:]).Scan(&version, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := jsoncodec.DecodePerformance(performanceID, version, state)
	return &p, err
}

func purchase(tx *sqlite.Tx, performanceID, orderID id.ID) (*message.Purchase, error) {
	var state []byte
	err := tx.QueryRow(`SELECT state FROM purchases WHERE performance_id = ? AND order_id = ?`, performanceID[:], orderID[:]).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := jsoncodec.DecodePurchase(performanceID, orderID, state)
	return &p, err
}

// addMessages adds the messages that are not there yet, and the unsubscribe token of each recipient.
func (s *Store) addMessages(tx *sqlite.Tx, messages []message.Message, known bool) error {
	added := false
	for _, m := range messages {
		status := m.Status
		if !known {
			status = message.Waiting
		}
		content, err := jsoncodec.EncodeContent(m.Content)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`INSERT INTO messages (id, event_id, correlation_id, trace_parent, template, customer_id, email, language,
			performance_id, order_id, subject, content, status, created_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO NOTHING`,
			m.ID[:], m.Origin.EventID[:], m.Origin.CorrelationID, m.Origin.TraceParent, string(m.Template), m.Recipient.CustomerID,
			m.Recipient.Email, m.Recipient.Language, m.PerformanceID[:], nullable(m.OrderID), m.Subject, content, string(status),
			millis(m.CreatedAt), millis(m.DueAt))
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		added = added || status == message.Queued
		if _, err := tx.Exec(`INSERT INTO subscriptions (customer_id, category, token, language) VALUES (?, ?, ?, ?)
			ON CONFLICT (customer_id, category) DO NOTHING`,
			m.Recipient.CustomerID, string(m.Template.Category()), newToken(), m.Recipient.Language); err != nil {
			return err
		}
	}
	if added {
		after(tx, s.messagesAdded)
	}
	return nil
}

// newToken returns 256 random bits as text that stands in an address as it is. It is longer than an id, which is how
// logs of requests know what to leave out of a path.
func newToken() string {
	var random [32]byte
	_, _ = rand.Read(random[:]) // it never fails: the runtime ends the process first
	return base64.RawURLEncoding.EncodeToString(random[:])
}
