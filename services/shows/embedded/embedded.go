// Package embedded opens the shows service over SQLite, for one process that
// runs everything. It decides nothing but which adapters are used.
package embedded

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"
	_ "time/tzdata" // the machine may have no time zone database

	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/service"
	"ticketmesh.dev/services/shows"
	"ticketmesh.dev/services/shows/internal/app"
	"ticketmesh.dev/services/shows/internal/memory"
	"ticketmesh.dev/services/shows/internal/pretix"
	"ticketmesh.dev/services/shows/internal/rrule"
	"ticketmesh.dev/services/shows/internal/sqlite"
	"ticketmesh.dev/services/shows/internal/ticketsclient"
)

// saleTimeout is how long the sale may take over a change of a seat map: it looks
// at every place.
const saleTimeout = 30 * time.Second

// Config is what the process provides. All but CORSOrigins is required.
type Config struct {
	DataDir     string // must exist; the service's file is shows.db in it
	BaseURL     string // of the mesh, where the tickets API answers
	Clock       clock.Clock
	Logger      *slog.Logger
	Verifier    auth.Verifier
	Validator   event.Validator
	CORSOrigins []string
}

// Open opens the service. Only one process may have it open: leases of requests
// that an earlier one left behind are released.
func Open(ctx context.Context, c Config) (_ *service.Service, err error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	store, err := sqlite.Open(ctx, filepath.Join(c.DataDir, "shows.db"), c.Clock, c.Validator)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, store.Close())
		}
	}()
	keys := store.Idempotency(c.Clock)
	if err := keys.ReleaseLeases(ctx); err != nil {
		return nil, err
	}
	sale, err := ticketsclient.New(c.BaseURL, &http.Client{Timeout: saleTimeout})
	if err != nil {
		return nil, err
	}
	handler, err := shows.NewAPI(shows.API{
		Store: store, Cache: memory.New(memory.DefaultBytes, c.Clock), PlanFormats: map[string]app.PlanFormat{"pretix": pretix.Format{}}, Recurrence: rrule.Rules{}, Sale: sale,
		Clock: c.Clock, Logger: c.Logger, Verifier: c.Verifier, Idempotency: keys, CORSOrigins: c.CORSOrigins,
	})
	if err != nil {
		return nil, err
	}
	return &service.Service{
		Name:          shows.Name,
		API:           handler,
		Prefixes:      []string{shows.Prefix},
		Subscriptions: shows.NewSubscriptions(store, c.Clock, c.Logger),
		Jobs: append(shows.NewJobs(store, c.Clock, c.Logger),
			service.Job{Name: "shows-retention", Run: func(ctx context.Context) error { return store.RunRetention(ctx, c.Logger) }},
		),
		Outbox: store.Outbox(),
		Ready:  store.Ready,
		Close:  store.Close,
	}, nil
}

// check reports all that is missing at once.
func (c Config) check() error {
	var errs []error
	for _, required := range []struct {
		name string
		ok   bool
	}{
		{"DataDir", c.DataDir != ""},
		{"BaseURL", c.BaseURL != ""},
		{"Clock", c.Clock != nil},
		{"Logger", c.Logger != nil},
		{"Verifier", c.Verifier != nil},
		{"Validator", c.Validator != nil},
	} {
		if !required.ok {
			errs = append(errs, errors.New("shows: Config."+required.name+" is missing"))
		}
	}
	return errors.Join(errs...)
}
