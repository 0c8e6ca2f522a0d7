// Package postgres keeps a service's state in PostgreSQL, from functions that are
// frozen between requests and whose passwords change: a pool of few connections that
// survives both, transactions that end with their context, and the tables that every
// service needs with its state (outbox, processed events, idempotency keys). It holds
// no service's queries, and links no cloud: where credentials come from is a Source.
package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ticketmesh.dev/platform/clock"
)

const (
	// A function works on one request at a time.
	defaultMaxConns     = 2
	defaultBeginTimeout = 2 * time.Second

	connectTimeout = 3 * time.Second
	// Connections of functions that are not asked any more would use up the server's.
	idleTime = time.Minute
	// Long enough to be worth connecting, short enough to follow a failover.
	lifetime = 15 * time.Minute
)

// Config says where the database is and how it is used. Source is needed.
type Config struct {
	Source Source
	// TLS is how the server is verified; its name is filled in. Nil means no TLS, for
	// servers on the same machine.
	TLS *tls.Config
	// Clock dates processed events; nil means clock.System.
	Clock clock.Clock
	// MaxConns is how many connections are open at most; 0 means 2.
	MaxConns int
	// BeginTimeout is how long a connection may take to begin a transaction before it
	// is taken for dead; 0 means 2 seconds.
	BeginTimeout time.Duration
}

// DB is a database. Its methods may be called concurrently.
type DB struct {
	pool         *pgxpool.Pool
	source       Source
	tls          *tls.Config
	clock        clock.Clock
	beginTimeout time.Duration
	// refused are the credentials that the server turned down last.
	refused atomic.Pointer[Credentials]
	wake    chan struct{}
}

// Open returns the database. It connects at first need, so that it costs nothing
// where nobody asks.
func Open(c Config) (*DB, error) {
	if c.Source == nil {
		return nil, errors.New("postgres: the configuration lacks Source")
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.MaxConns <= 0 {
		c.MaxConns = defaultMaxConns
	}
	if c.BeginTimeout <= 0 {
		c.BeginTimeout = defaultBeginTimeout
	}
	// What is not said here, connect fills in for each connection.
	config, err := pgxpool.ParseConfig("host=localhost sslmode=disable")
	if err != nil {
		return nil, err
	}
	d := &DB{source: c.Source, tls: c.TLS, clock: c.Clock, beginTimeout: c.BeginTimeout, wake: make(chan struct{}, 1)}
	config.BeforeConnect = d.connect
	config.MaxConns = int32(c.MaxConns)
	config.MaxConnIdleTime = idleTime
	config.MaxConnLifetime = lifetime
	config.HealthCheckPeriod = idleTime / 2
	// Every transaction begins with a round trip that tells as much, and the clock of
	// a frozen function does not know how long it was.
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	config.ConnConfig.ConnectTimeout = connectTimeout
	// One round trip and nothing prepared: a function runs few statements on a
	// connection, and a proxy may give the next one to another server process.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnConfig.StatementCacheCapacity = 0
	config.ConnConfig.DescriptionCacheCapacity = 0
	if d.pool, err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
		return nil, err
	}
	return d, nil
}

// connect fills in what is to be known for one connection.
func (d *DB) connect(ctx context.Context, config *pgx.ConnConfig) error {
	credentials, err := d.source.Credentials(ctx, d.refused.Load())
	if err != nil {
		return err
	}
	config.Host, config.Port, config.Database = credentials.Host, credentials.Port, credentials.Database
	config.User, config.Password = credentials.User, credentials.Password
	config.Fallbacks = nil
	if d.tls != nil {
		config.TLSConfig = d.tls.Clone()
		config.TLSConfig.ServerName = credentials.Host
	}
	return nil
}

// Pool is for libraries that want one. What it hands out has nothing of the care of
// Write and Read.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Close closes all connections. It waits for transactions under way.
func (d *DB) Close() { d.pool.Close() }

// Ready fails when the database does not answer.
func (d *DB) Ready(ctx context.Context) error {
	return d.Read(ctx, func(tx *Tx) error {
		var one int
		return tx.QueryRow(ctx, "SELECT 1").Scan(&one)
	})
}

// signal wakes the outbox's relay.
func (d *DB) signal() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}
