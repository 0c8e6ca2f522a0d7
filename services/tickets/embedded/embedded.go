// Package embedded is the composition root of the tickets service in a process
// of its own data: SQLite, payment providers, keys in files.
package embedded

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/service"
	"ticketmesh.dev/platform/sqlite"

	"ticketmesh.dev/services/tickets"
	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/jose"
	"ticketmesh.dev/services/tickets/internal/showsclient"
	store "ticketmesh.dev/services/tickets/internal/sqlite"
)

// Config says where the service keeps its data and whom it works with.
type Config struct {
	DataDir     string
	BaseURL     string // of the mesh, where the shows API answers
	CORSOrigins []string
	Clock       clock.Clock
	Logger      *slog.Logger
	Verifier    auth.Verifier
	Payments    Payments
}

// Open opens the store and returns the service, ready to be run.
func Open(ctx context.Context, c Config) (*service.Service, error) {
	db, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(c.DataDir, "tickets.db"), Migrations: store.Migrations(), Clock: c.Clock})
	if err != nil {
		return nil, err
	}
	opened, err := open(ctx, c, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return opened, nil
}

func open(ctx context.Context, c Config, db *sqlite.DB) (*service.Service, error) {
	codes, err := jose.Load(filepath.Join(c.DataDir, "ticket-code-key"))
	if err != nil {
		return nil, err
	}
	payments, webhooks, err := openPayments(c)
	if err != nil {
		return nil, err
	}
	seatMaps, err := showsclient.New(c.BaseURL, &http.Client{Timeout: 10 * time.Second})
	if err != nil {
		return nil, err
	}
	// No other process works on this store, so requests that a crash cut off
	// are nobody's any more.
	keys := db.Idempotency(c.Clock)
	if err := keys.ReleaseLeases(ctx); err != nil {
		return nil, err
	}
	inventory, err := store.New(ctx, db, c.Clock)
	if err != nil {
		return nil, err
	}
	selling := app.New(inventory, codes, payments, c.Clock, c.Logger)
	ready := func(ctx context.Context) error { return db.Read(ctx, func(*sqlite.Tx) error { return nil }) }
	deps := tickets.APIDeps{Selling: selling, CodeKeys: codes, Webhooks: webhooks, Ready: ready, Clock: c.Clock, Logger: c.Logger}
	if c.Payments.Stripe != nil {
		deps.StripeKey = c.Payments.Stripe.PublishableKey
	}
	handler, err := tickets.NewAPI(deps)
	if err != nil {
		return nil, err
	}
	jobs := append(tickets.NewJobs(selling, c.Logger),
		service.Job{Name: "tickets-announcer", Run: announcer(inventory, c.Logger)},
		service.Job{Name: "tickets-retention", Run: func(ctx context.Context) error { return db.RunRetention(ctx, c.Logger) }},
	)
	return &service.Service{
		Name:          "tickets",
		API:           api.Wrap(handler, api.Options{Verifier: c.Verifier, Idempotency: keys, CORSOrigins: c.CORSOrigins, Logger: c.Logger, Clock: c.Clock}),
		Prefixes:      []string{tickets.Prefix},
		Subscriptions: tickets.NewSubscriptions(selling, seatMaps),
		Jobs:          jobs,
		Outbox:        db.Outbox(),
		Ready:         ready,
		Close:         db.Close,
	}, nil
}

const (
	// announceInterval is how long changes of a partition are gathered into one
	// event. It bounds how far read models of availability lag behind.
	announceInterval = 100 * time.Millisecond
	announceBatch    = 128
	// announceRetry is how soon an attempt that failed is repeated.
	announceRetry = time.Second
)

// announcer turns changed partitions into availability.changed events.
func announcer(inventory *store.Store, logger *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			announced, err := inventory.Announce(context.WithoutCancel(ctx), announceBatch)
			if err != nil {
				logger.ErrorContext(ctx, "availability was not announced and will be", "error", err)
			}
			if announced == announceBatch {
				continue
			}
			select {
			case <-ctx.Done():
				return nil
			case <-inventory.Changed():
			case <-time.After(announceRetry):
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(announceInterval):
			}
		}
	}
}
