package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var platformMigrations embed.FS

// The platform's tables and the service's are numbered apart, so that either
// may be added to without the other.
const (
	platformVersions = "goose_platform_version"
	serviceVersions  = "goose_db_version"
)

// Processes that create one file together do not always wait for each other in
// SQLite: while one switches to WAL another may be told at once that the file
// is locked.
const (
	busyRetries = 100
	busyPause   = 50 * time.Millisecond
)

func migrate(ctx context.Context, db *sql.DB, c Config) error {
	for n := 0; ; n++ {
		err := migrateOnce(ctx, db, c)
		if !IsBusy(err) || n == busyRetries {
			return err
		}
		select {
		case <-time.After(busyPause):
		case <-ctx.Done():
			return err
		}
	}
}

func migrateOnce(ctx context.Context, db *sql.DB, c Config) error {
	if !c.Bare {
		own, err := fs.Sub(platformMigrations, "migrations")
		if err != nil {
			return err
		}
		if err := up(ctx, db, own, platformVersions); err != nil {
			return fmt.Errorf("migrate the platform's tables: %w", err)
		}
	}
	if c.Migrations == nil {
		return nil
	}
	if err := up(ctx, db, c.Migrations, serviceVersions); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// up applies what is missing. Most often nothing is, and one query tells so
// without goose. A failure is tried once more: when two processes open a new
// file together, one of them finds the other's tables in its way.
func up(ctx context.Context, db *sql.DB, migrations fs.FS, table string) error {
	current, err := upToDate(ctx, db, migrations, table)
	if err != nil || current {
		return err
	}
	first := apply(ctx, db, migrations, table)
	if first == nil {
		return nil
	}
	if err := apply(ctx, db, migrations, table); err != nil {
		return errors.Join(first, err)
	}
	return nil
}

func apply(ctx context.Context, db *sql.DB, migrations fs.FS, table string) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations,
		goose.WithTableName(table), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// upToDate reports whether every migration is recorded as applied.
func upToDate(ctx context.Context, db *sql.DB, migrations fs.FS, table string) (bool, error) {
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return false, err
	}
	var exists int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?`, table).Scan(&exists); err != nil {
		return false, err
	}
	if exists == 0 {
		return false, nil
	}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return false, err
		}
		var applied int
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM `+table+` WHERE version_id = ? AND is_applied`, version).Scan(&applied); err != nil {
			return false, err
		}
		if applied == 0 {
			return false, nil
		}
	}
	return true, nil
}
