// Package embedded opens info on one machine: SQLite for the state and the
// search, a folder for files. It links no client of a cloud.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	// Venues have time zones, and not every machine has a database of them.
	_ "time/tzdata"

	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/service"
	database "ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/info"
	"ticketmesh.dev/services/info/internal/eventcodec"
	"ticketmesh.dev/services/info/internal/folder"
	"ticketmesh.dev/services/info/internal/markdown"
	"ticketmesh.dev/services/info/internal/sqlite"
)

// Config says where the state is and whom the service trusts. DataDir,
// BaseURL, Verifier and Validator are needed.
type Config struct {
	// DataDir is the folder of the mesh. The service keeps info.db, info-assets
	// and info-upload-secret in it.
	DataDir string
	// BaseURL is where clients reach the mesh, for the URLs of uploads.
	BaseURL string
	// Clock is the machine's when nil.
	Clock clock.Clock
	// Logger is the process's when nil.
	Logger *slog.Logger
	// Verifier says who the bearer of a token is.
	Verifier auth.Verifier
	// Validator checks every event before it is committed.
	Validator event.Validator
	// CORSOrigins are the origins whose pages may call the API.
	CORSOrigins []string
}

// Open opens the service. No other process may have the same DataDir open.
func Open(ctx context.Context, c Config) (*service.Service, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, err
	}
	db, err := database.Open(ctx, database.Config{
		Path:       filepath.Join(c.DataDir, "info.db"),
		Migrations: sqlite.Migrations(),
		Clock:      c.Clock,
	})
	if err != nil {
		return nil, err
	}
	opened, err := open(ctx, c, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return opened, nil
}

func (c *Config) complete() error {
	var missing []error
	for name, absent := range map[string]bool{
		"DataDir": c.DataDir == "", "BaseURL": c.BaseURL == "", "Verifier": c.Verifier == nil, "Validator": c.Validator == nil,
	} {
		if absent {
			missing = append(missing, fmt.Errorf("info: the configuration lacks %s", name))
		}
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return errors.Join(missing...)
}

func open(ctx context.Context, c Config, db *database.DB) (*service.Service, error) {
	keys := db.Idempotency(c.Clock)
	// Whoever held a lease is gone: this process is the only one.
	if err := keys.ReleaseLeases(ctx); err != nil {
		return nil, err
	}
	files, err := folder.Open(filepath.Join(c.DataDir, "info-assets"), filepath.Join(c.DataDir, "info-upload-secret"), c.BaseURL, c.Clock, c.Logger)
	if err != nil {
		return nil, err
	}
	store := sqlite.New(db, eventcodec.New(c.Validator))
	api, err := info.NewAPI(info.APIConfig{
		Store:       store,
		Blobs:       files,
		Renderer:    markdown.New(),
		Clock:       c.Clock,
		Verifier:    c.Verifier,
		Idempotency: keys,
		CORSOrigins: c.CORSOrigins,
		Logger:      c.Logger,
		Uploads:     files,
	})
	if err != nil {
		return nil, errors.Join(err, files.Close())
	}
	return &service.Service{
		Name:          info.Name,
		API:           api,
		Prefixes:      []string{info.Prefix},
		Subscriptions: info.NewSubscriptions(),
		Jobs:          info.NewJobs(),
		Outbox:        db.Outbox(),
		Ready:         func(ctx context.Context) error { return errors.Join(store.Ready(ctx), files.Ready(ctx)) },
		Close:         func() error { return errors.Join(files.Close(), db.Close()) },
	}, nil
}
