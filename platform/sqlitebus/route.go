package sqlitebus

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"ticketmesh.dev/platform/sqlite"
)

// routes says which queues get what. The version is a random number, drawn with
// every change: equal versions mean equal routes, also when a change was rolled
// back or another process made it.
type routes struct {
	version int64
	topics  map[string]*topic
}

type topic struct {
	id     int64
	queues []queue
}

type queue struct {
	id    int64
	types map[string]struct{} // empty means all
}

func (q queue) wants(eventType string) bool {
	if len(q.types) == 0 {
		return true
	}
	_, ok := q.types[eventType]
	return ok
}

// loadRoutes makes b.routes current; it runs on the writer's goroutine.
func (b *Bus) loadRoutes(tx *sqlite.Tx) error {
	var version int64
	if err := tx.QueryRow(`SELECT value FROM meta WHERE name = 'routes'`).Scan(&version); err != nil {
		return err
	}
	if version == b.routes.version {
		return nil
	}
	topics := make(map[string]*topic)
	byID := make(map[int64]*topic)
	rows, err := tx.Query(`SELECT id, name FROM topics`)
	if err != nil {
		return err
	}
	for rows.Next() {
		t := &topic{}
		var name string
		if err := rows.Scan(&t.id, &name); err != nil {
			return err
		}
		topics[name], byID[t.id] = t, t
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if rows, err = tx.Query(`SELECT id, topic, types FROM queues ORDER BY id`); err != nil {
		return err
	}
	for rows.Next() {
		var q queue
		var topicID int64
		var types string
		if err := rows.Scan(&q.id, &topicID, &types); err != nil {
			return err
		}
		names, err := parseTypes(types)
		if err != nil {
			return err
		}
		q.types = make(map[string]struct{}, len(names))
		for _, n := range names {
			q.types[n] = struct{}{}
		}
		if t := byID[topicID]; t != nil {
			t.queues = append(t.queues, q)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	b.routes = routes{version: version, topics: topics}
	return nil
}

func parseTypes(s string) ([]string, error) {
	var names []string
	if err := json.Unmarshal([]byte(s), &names); err != nil {
		return nil, fmt.Errorf("types of a queue: %w", err)
	}
	return names, nil
}

// encodeTypes is what parseTypes reads: equal sets of types are equal texts.
func encodeTypes(types []string) (string, error) {
	types = slices.Clone(types)
	slices.Sort(types)
	types = slices.Compact(types)
	if types == nil {
		types = []string{}
	}
	encoded, err := json.Marshal(types)
	return string(encoded), err
}

// changed tells every handle on the file to load the routes again.
func changed(tx *sqlite.Tx) error {
	_, err := tx.Exec(`UPDATE meta SET value = random() WHERE name = 'routes'`)
	return err
}

// topicFor returns the topic, made if need be.
func (b *Bus) topicFor(tx *sqlite.Tx, name string) (*topic, error) {
	if err := b.loadRoutes(tx); err != nil {
		return nil, err
	}
	if t, ok := b.routes.topics[name]; ok {
		return t, nil
	}
	if _, err := tx.Exec(`INSERT INTO topics (name) VALUES (?) ON CONFLICT DO NOTHING`, name); err != nil {
		return nil, err
	}
	if err := changed(tx); err != nil {
		return nil, err
	}
	t := &topic{}
	return t, tx.QueryRow(`SELECT id FROM topics WHERE name = ?`, name).Scan(&t.id)
}

// register makes the durable queue, or sets its types, and returns its id.
// From its commit on the queue gets what is published.
func (b *Bus) register(ctx context.Context, name, topicName string, types []string) (int64, error) {
	encoded, err := encodeTypes(types)
	if err != nil {
		return 0, err
	}
	var queueID int64
	err = b.db.Write(ctx, func(tx *sqlite.Tx) error {
		t, err := b.topicFor(tx, topicName)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`INSERT INTO queues (name, topic, types) VALUES (?, ?, ?)
			ON CONFLICT (name, topic) DO UPDATE SET types = excluded.types WHERE types <> excluded.types`,
			name, t.id, encoded)
		if err != nil {
			return err
		}
		if n > 0 {
			if err := changed(tx); err != nil {
				return err
			}
		}
		var owner string
		if err := tx.QueryRow(`SELECT id, owner FROM queues WHERE name = ? AND topic = ?`, name, t.id).Scan(&queueID, &owner); err != nil {
			return err
		}
		if owner != "" {
			return ErrTaken
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("register queue %s: %w", name, err)
	}
	return queueID, nil
}
