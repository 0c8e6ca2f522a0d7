package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// background is the context of every statement. The driver starts a goroutine
// for each call whose context can end, which costs more than most statements.
var background = context.Background()

// maxStatements bounds a connection's cache, for callers that compose queries.
const maxStatements = 512

// conn is one connection with its prepared statements. It is used by one
// goroutine at a time.
type conn struct {
	c     *sql.Conn
	stmts map[string]*statement
}

type statement struct {
	*sql.Stmt
	rows *sql.Rows // of the last Query, perhaps still open
}

func newConn(ctx context.Context, db *sql.DB) (*conn, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{c: c, stmts: make(map[string]*statement)}, nil
}

// prepare returns the cached statement for query.
func (c *conn) prepare(query string) (*statement, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	if len(c.stmts) >= maxStatements {
		c.evict()
	}
	p, err := c.c.PrepareContext(background, query)
	if err != nil {
		return nil, err
	}
	s := &statement{Stmt: p}
	c.stmts[query] = s
	return s, nil
}

// evict drops some statements, whichever: with that many queries none is hot.
func (c *conn) evict() {
	n := maxStatements / 4
	for q, s := range c.stmts {
		if s.open() {
			continue
		}
		s.Close()
		delete(c.stmts, q)
		if n--; n == 0 {
			return
		}
	}
}

// open reports whether the rows of the statement's last Query are still open:
// to run it again now would disturb them.
func (s *statement) open() bool {
	if s.rows == nil {
		return false
	}
	if _, err := s.rows.Columns(); err != nil { // "Rows are closed"
		s.rows = nil
		return false
	}
	return true
}

// forget closes the cached statement for query, so that the next use prepares
// it anew.
func (c *conn) forget(query string) {
	if s, ok := c.stmts[query]; ok {
		s.Close()
		delete(c.stmts, query)
	}
}

func (c *conn) exec(query string, args ...any) (int64, error) {
	for retried := false; ; retried = true {
		s, err := c.prepare(query)
		if err != nil {
			return 0, err
		}
		r, err := s.ExecContext(background, args...)
		if err != nil {
			if isMisuse(err) && !retried {
				c.forget(query)
				continue
			}
			return 0, err
		}
		return r.RowsAffected()
	}
}

func (c *conn) query(query string, args ...any) (*sql.Rows, error) {
	for retried := false; ; retried = true {
		s, err := c.prepare(query)
		if err != nil {
			return nil, err
		}
		if s.open() {
			// The same query within the rows of itself: not from the cache.
			return c.c.QueryContext(background, query, args...)
		}
		rows, err := s.QueryContext(background, args...)
		if err != nil {
			if isMisuse(err) && !retried {
				c.forget(query)
				continue
			}
			return nil, err
		}
		s.rows = rows
		return rows, nil
	}
}

func (c *conn) queryRow(query string, args ...any) *sql.Row {
	s, err := c.prepare(query)
	if err != nil || s.open() {
		return c.c.QueryRowContext(background, query, args...) // reports the error
	}
	row := s.QueryRowContext(background, args...)
	if err := row.Err(); err != nil && isMisuse(err) {
		c.forget(query)
		return c.c.QueryRowContext(background, query, args...)
	}
	return row
}

// close returns the connection to its pool.
func (c *conn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	clear(c.stmts)
	return errors.Join(append(errs, c.c.Close())...)
}

// discard makes the pool forget the connection, whose state is unknown.
func (c *conn) discard() {
	for _, s := range c.stmts {
		s.Close()
	}
	clear(c.stmts)
	_ = c.c.Raw(func(any) error { return driver.ErrBadConn })
	c.c.Close()
}
