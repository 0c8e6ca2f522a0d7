// Package embedded is the composition root for one machine: everything in files below a folder, mails into the built-in
// mailbox or to a mail server. It wires and decides nothing.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"

	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/service"
	platformsqlite "ticketmesh.dev/platform/sqlite"
	"ticketmesh.dev/services/notifications"
	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/compose"
	"ticketmesh.dev/services/notifications/internal/eventcodec"
	"ticketmesh.dev/services/notifications/internal/mailbox"
	"ticketmesh.dev/services/notifications/internal/smtp"
	"ticketmesh.dev/services/notifications/internal/sqlite"
)

// Config is what the service needs from its process.
type Config struct {
	DataDir     string // holds notifications.db and mailbox.db
	BaseURL     string // how customers reach the API, for links in mails
	Clock       clock.Clock
	Logger      *slog.Logger
	Verifier    auth.Verifier
	Validator   event.Validator
	CORSOrigins []string
	SMTP        *SMTP // nil: mails go to the built-in mailbox
}

// SMTP says which mail server to use.
type SMTP struct {
	Host     string
	Port     int
	Username string // empty: no authentication
	Password string
	TLS      string // starttls, tls or none
	From     string
}

// Open opens the service, and the pages of the built-in mailbox for /dev/mailbox, which are nil when mails go to a mail
// server. Only one process at a time may have the folder open. The service's Close closes both.
func Open(ctx context.Context, c Config) (_ *service.Service, box http.Handler, err error) {
	if err := c.validate(); err != nil {
		return nil, nil, err
	}
	var closers []func() error
	closeAll := func() error {
		var errs []error
		for i := len(closers) - 1; i >= 0; i-- {
			errs = append(errs, closers[i]())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("notifications: %w", err), closeAll())
		}
	}()

	var mailer app.Mailer
	if c.SMTP != nil {
		mailer, err = smtp.New(smtp.Config{
			Host: c.SMTP.Host, Port: c.SMTP.Port, Username: c.SMTP.Username, Password: c.SMTP.Password,
			TLS: smtp.TLS(c.SMTP.TLS), From: c.SMTP.From,
		})
		if err != nil {
			return nil, nil, err
		}
	} else {
		opened, err := mailbox.Open(ctx, filepath.Join(c.DataDir, "mailbox.db"), c.Clock)
		if err != nil {
			return nil, nil, err
		}
		closers = append(closers, opened.Close)
		mailer, box = opened, opened.Handler(c.Logger)
	}
	composer, err := compose.New(c.BaseURL)
	if err != nil {
		return nil, nil, err
	}
	db, err := platformsqlite.Open(ctx, platformsqlite.Config{
		Path: filepath.Join(c.DataDir, "notifications.db"), Migrations: sqlite.Migrations(), Clock: c.Clock,
	})
	if err != nil {
		return nil, nil, err
	}
	closers = append(closers, db.Close)
	codec := eventcodec.New(c.Validator)
	store := sqlite.New(db, codec)
	// This process is the only one with the file: what an earlier one had claimed is free.
	if err := store.ReleaseClaims(ctx); err != nil {
		return nil, nil, err
	}
	keys := db.Idempotency(c.Clock)
	if err := keys.ReleaseLeases(ctx); err != nil {
		return nil, nil, err
	}
	handler, err := notifications.NewAPI(store, store.Ready, api.Options{
		Verifier: c.Verifier, Idempotency: keys, CORSOrigins: c.CORSOrigins, Logger: c.Logger, Clock: c.Clock,
	})
	if err != nil {
		return nil, nil, err
	}
	return &service.Service{
		Name: notifications.Name, API: handler, Prefixes: notifications.Prefixes(),
		Subscriptions: notifications.NewSubscriptions(store, composer, c.Clock),
		Jobs: []service.Job{
			// One sender: it is fast enough for an on-sale, and writing mails must not take the machine from selling.
			notifications.NewSenderJob(store, composer, mailer, codec, c.Clock, c.Logger),
			notifications.NewSpreaderJob(store, composer, c.Clock, c.Logger),
			{Name: "notifications-retention", Run: func(ctx context.Context) error { return db.RunRetention(ctx, c.Logger) }},
		},
		Outbox: db.Outbox(),
		Ready:  store.Ready,
		Close:  closeAll,
	}, box, nil
}

func (c Config) validate() error {
	var missing []error
	for name, given := range map[string]bool{
		"DataDir": c.DataDir != "", "BaseURL": c.BaseURL != "", "Clock": c.Clock != nil, "Logger": c.Logger != nil,
		"Verifier": c.Verifier != nil, "Validator": c.Validator != nil,
	} {
		if !given {
			missing = append(missing, fmt.Errorf("notifications: %s is missing", name))
		}
	}
	return errors.Join(missing...)
}
