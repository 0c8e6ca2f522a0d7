package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/postgres"
	"ticketmesh.dev/platform/postgres/migrate"
	"ticketmesh.dev/platform/testserver"
)

// seats is a small service's store.
var seats = fstest.MapFS{
	"00001_seats.sql": {Data: []byte(`-- +goose Up
CREATE TABLE seats (label text PRIMARY KEY, n integer NOT NULL DEFAULT 0);
`)},
}

// database returns how to connect to a migrated database of the test's own.
func database(t *testing.T) postgres.Fixed {
	t.Helper()
	source, err := postgres.FromURL(testserver.PostgreSQL(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrate.Up(t.Context(), open(t, postgres.Config{Source: source}), seats); err != nil {
		t.Fatal(err)
	}
	return source
}

func open(t *testing.T, c postgres.Config) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// run runs one statement.
func run(t *testing.T, db *postgres.DB, query string, args ...any) {
	t.Helper()
	err := db.Write(context.Background(), func(tx *postgres.Tx) error {
		_, err := tx.Exec(context.Background(), query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// one reads one value.
func one[T any](t *testing.T, db *postgres.DB, query string, args ...any) (value T) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *postgres.Tx) error {
		return tx.QueryRow(t.Context(), query, args...).Scan(&value)
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func insert(ctx context.Context, tx *postgres.Tx, label string) error {
	_, err := tx.Exec(ctx, `INSERT INTO seats (label) VALUES ($1)`, label)
	return err
}

func labels(t *testing.T, db *postgres.DB) string {
	t.Helper()
	return one[string](t, db, `SELECT coalesce(string_agg(label, ' ' ORDER BY label), '') FROM seats`)
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come true", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// role makes a role of the test's own that may do all with the test's tables.
func role(t *testing.T, admin *postgres.DB, password string) string {
	t.Helper()
	name := "role_" + strings.ReplaceAll(id.New().String(), "-", "")
	run(t, admin, fmt.Sprintf(`CREATE ROLE %s LOGIN PASSWORD '%s'`, name, password))
	run(t, admin, `GRANT ALL ON ALL TABLES IN SCHEMA public TO `+name)
	t.Cleanup(func() { run(t, admin, fmt.Sprintf(`DROP OWNED BY %s; DROP ROLE %[1]s`, name)) })
	return name
}

// line is what lies between a database and its clients, and can be cut.
type line struct {
	listener net.Listener
	server   string

	mu   sync.Mutex
	open map[net.Conn]bool
	dead map[net.Conn]bool
	// When the server has heard the text, then happens, once.
	text string
	then func()
}

// newLine returns a line to a database and how to connect through it.
func newLine(t *testing.T, to postgres.Fixed) (*line, postgres.Fixed) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{
		listener: listener, server: net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port))),
		open: map[net.Conn]bool{}, dead: map[net.Conn]bool{},
	}
	go l.accept()
	t.Cleanup(func() {
		listener.Close()
		l.cut()
	})
	to.Host, to.Port = "127.0.0.1", uint16(listener.Addr().(*net.TCPAddr).Port)
	return l, to
}

func (l *line) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", l.server)
		if err != nil {
			client.Close()
			return
		}
		l.mu.Lock()
		l.open[client], l.open[server] = true, true
		l.mu.Unlock()
		go l.carry(server, client, true)
		go l.carry(client, server, false)
	}
}

func (l *line) carry(to, from net.Conn, request bool) {
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		// The other end of a dead connection hears nothing of the end of this one.
		if !l.dead[to] {
			to.Close()
		}
	}()
	data := make([]byte, 32<<10)
	for {
		n, err := from.Read(data)
		l.mu.Lock()
		dead := l.dead[from]
		then := l.then
		if then != nil && request && bytes.Contains(data[:n], []byte(l.text)) {
			l.then = nil
		} else {
			then = func() {}
		}
		l.mu.Unlock()
		if dead {
			_, _ = io.Copy(io.Discard, from)
			return
		}
		if _, failure := to.Write(data[:n]); failure != nil || err != nil {
			from.Close()
			return
		}
		then()
	}
}

// cut closes all connections.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.Close()
	}
	clear(l.open)
}

// kill leaves all connections open and lets nothing through any more.
func (l *line) kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		l.dead[c] = true
	}
}

// end is kill for good: nobody gets through any more.
func (l *line) end() {
	l.listener.Close()
	l.kill()
}

// when has something happen once the server has heard a text.
func (l *line) when(text string, then func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text, l.then = text, then
}
