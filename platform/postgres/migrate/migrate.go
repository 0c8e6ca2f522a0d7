// Package migrate brings the tables of a database up to date. It is apart from package
// postgres so that functions that only use the tables do not link it.
package migrate

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"ticketmesh.dev/platform/postgres"
)

//go:embed migrations/*.sql
var platformMigrations embed.FS

// The platform's tables and the service's are numbered apart, so that either may be
// added to without the other.
const (
	platformVersions = "goose_platform_version"
	serviceVersions  = "goose_db_version"
)

// Another process that migrates is asked about every second, for a quarter of an hour.
const (
	lockSeconds = 1
	lockTries   = 900
)

// Up applies what is missing of the platform's migrations, and then of the service's,
// goose *.sql at the root of migrations. Each is a transaction of its own: a failure
// leaves those before it. It may be repeated, and run by several processes at once,
// which then wait for each other. It returns how many it has applied.
func Up(ctx context.Context, db *postgres.DB, migrations fs.FS) (applied int, err error) {
	own, err := fs.Sub(platformMigrations, "migrations")
	if err != nil {
		return 0, err
	}
	// goose's connections are not tried with other credentials when some are refused.
	if err := db.Ready(ctx); err != nil {
		return 0, err
	}
	connections := stdlib.OpenDBFromPool(db.Pool())
	defer connections.Close()
	for _, part := range []struct {
		migrations fs.FS
		table      string
	}{{own, platformVersions}, {migrations, serviceVersions}} {
		n, err := up(ctx, connections, part.migrations, part.table)
		applied += n
		if err != nil {
			return applied, fmt.Errorf("migrate by %s: %w", part.table, err)
		}
	}
	return applied, nil
}

func up(ctx context.Context, connections *sql.DB, migrations fs.FS, table string) (int, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockSeconds, lockTries))
	if err != nil {
		return 0, err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, connections, migrations,
		goose.WithTableName(table), goose.WithDisableGlobalRegistry(true), goose.WithSessionLocker(locker))
	if err != nil {
		return 0, err
	}
	results, err := provider.Up(ctx)
	return len(results), err
}
