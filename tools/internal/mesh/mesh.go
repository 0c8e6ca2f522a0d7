// Package mesh runs all services in one process: it opens their embedded roots,
// connects them by the embedded bus and serves their APIs on one port. No
// service knows another, or that they share a process.
package mesh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/ThreeDotsLabs/watermill/message"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/auth"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/service"
	"ticketmesh.dev/platform/sqlitebus"
	infoservice "ticketmesh.dev/services/info/embedded"
	notificationsservice "ticketmesh.dev/services/notifications/embedded"
	showsservice "ticketmesh.dev/services/shows/embedded"
	ticketsservice "ticketmesh.dev/services/tickets/embedded"

	"ticketmesh.dev/tools/internal/busfeed"
	"ticketmesh.dev/tools/internal/catalogue"
	"ticketmesh.dev/tools/internal/devevents"
	"ticketmesh.dev/tools/internal/front"
	"ticketmesh.dev/tools/internal/issuer"
)

// BusFile is the bus's file in the data folder.
const BusFile = "bus.db"

// ClientID is the app that the built-in issuer gives tokens for.
const ClientID = "ticketmesh-embedded"

// Config says how a mesh runs.
type Config struct {
	Addr        string // host:port to listen on; port 0 takes a free one
	DataDir     string
	BaseURL     string // where clients reach it; http://<Addr> when empty
	CORSOrigins []string
	SMTP        *notificationsservice.SMTP // nil: the built-in mailbox
	OIDC        OIDCConfig
	Payments    ticketsservice.Payments
	Clock       clock.Clock
	Logger      *slog.Logger
}

// OIDCConfig names an issuer of access tokens other than the built-in one.
type OIDCConfig struct {
	Issuer    string // empty: the built-in one
	ClientIDs []string
}

// Mesh is everything opened and listening, ready to Run.
type Mesh struct {
	config   Config
	listener net.Listener
	url      string
	bus      *sqlitebus.Bus
	issuer   *issuer.Issuer
	services []*service.Service
	handler  http.Handler
	closers  []func() error

	endStreams context.CancelFunc // ends the event streams and what waits for events

	subscriptions []consumer.Subscription
	subscribers   map[string]message.Subscriber // by the subscription's name
}

// Open opens the bus, the issuer and all services, and listens. What fails
// leaves nothing open.
func Open(ctx context.Context, c Config) (_ *Mesh, err error) {
	m := &Mesh{config: c}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.close())
		}
	}()
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, err
	}
	release, err := lock(c.DataDir)
	if err != nil {
		return nil, err
	}
	m.closers = append(m.closers, release)
	if m.listener, err = net.Listen("tcp", c.Addr); err != nil {
		return nil, err
	}
	m.closers = append(m.closers, func() error {
		if err := m.listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	if m.url = c.BaseURL; m.url == "" {
		m.url = "http://" + reachable(m.listener.Addr())
	}
	if m.bus, err = sqlitebus.Open(ctx, filepath.Join(c.DataDir, BusFile), sqlitebus.Options{Owner: true, Clock: c.Clock, Logger: c.Logger}); err != nil {
		return nil, err
	}
	m.closers = append(m.closers, m.bus.Close)
	if err := m.openServices(ctx); err != nil {
		return nil, err
	}
	if err := m.subscribe(); err != nil {
		return nil, err
	}
	return m, nil
}

// reachable is a listener's address as clients on this machine write it: one
// that listens on all addresses is reached at localhost.
func reachable(address net.Addr) string {
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return address.String()
}

func (m *Mesh) openServices(ctx context.Context) error {
	c := m.config
	verifier, err := m.openIdentity(ctx)
	if err != nil {
		return err
	}
	validator, err := contracts.NewValidator()
	if err != nil {
		return err
	}
	shows, err := showsservice.Open(ctx, showsservice.Config{
		DataDir: c.DataDir, BaseURL: m.url, Clock: c.Clock, Logger: c.Logger, Verifier: verifier, Validator: validator, CORSOrigins: c.CORSOrigins,
	})
	if err != nil {
		return fmt.Errorf("shows: %w", err)
	}
	m.add(shows)
	tickets, err := ticketsservice.Open(ctx, ticketsservice.Config{
		DataDir: c.DataDir, BaseURL: m.url, Clock: c.Clock, Logger: c.Logger, Verifier: verifier, CORSOrigins: c.CORSOrigins,
		Payments: c.Payments,
	})
	if err != nil {
		return fmt.Errorf("tickets: %w", err)
	}
	m.add(tickets)
	info, err := infoservice.Open(ctx, infoservice.Config{
		DataDir: c.DataDir, BaseURL: m.url, Clock: c.Clock, Logger: c.Logger, Verifier: verifier, Validator: validator, CORSOrigins: c.CORSOrigins,
	})
	if err != nil {
		return fmt.Errorf("info: %w", err)
	}
	m.add(info)
	notifications, mailbox, err := notificationsservice.Open(ctx, notificationsservice.Config{
		DataDir: c.DataDir, BaseURL: m.url, Clock: c.Clock, Logger: c.Logger, Verifier: verifier, Validator: validator,
		CORSOrigins: c.CORSOrigins, SMTP: c.SMTP,
	})
	if err != nil {
		return fmt.Errorf("notifications: %w", err)
	}
	m.add(notifications)
	streams, endStreams := context.WithCancel(context.Background())
	m.endStreams = endStreams
	feed, err := busfeed.New(streams, busfeed.Config{
		Bus: m.bus, Verifier: verifier, Types: validator.Types(), Services: m.serviceNames(), CORSOrigins: c.CORSOrigins, Clock: c.Clock, Logger: c.Logger,
	})
	if err != nil {
		return fmt.Errorf("bus feed: %w", err)
	}
	m.handler = m.routes(streams, mailbox, feed)
	return nil
}

func (m *Mesh) serviceNames() []string {
	names := make([]string, len(m.services))
	for i, s := range m.services {
		names[i] = s.Name
	}
	return names
}

func (m *Mesh) add(opened *service.Service) {
	m.services = append(m.services, opened)
	if opened.Close != nil {
		m.closers = append(m.closers, opened.Close)
	}
}

// openIdentity returns what checks access tokens: of the configured issuer, else
// of the built-in one.
func (m *Mesh) openIdentity(ctx context.Context) (auth.Verifier, error) {
	c := m.config
	wanted := auth.Config{Issuer: c.OIDC.Issuer, ClientIDs: c.OIDC.ClientIDs, Clock: c.Clock}
	if wanted.Issuer == "" {
		builtIn, err := issuer.Open(ctx, issuer.Config{
			DataDir: c.DataDir, IssuerURL: m.url, ClientID: ClientID, CORSOrigins: c.CORSOrigins, Clock: c.Clock, Logger: c.Logger,
		})
		if err != nil {
			return nil, fmt.Errorf("issuer: %w", err)
		}
		m.issuer = builtIn
		m.closers = append(m.closers, builtIn.Close)
		wanted.Issuer, wanted.ClientIDs, wanted.KeySet = m.url, []string{ClientID}, builtIn.KeySet()
	} else {
		keys, err := auth.Discover(ctx, wanted.Issuer, http.DefaultClient, c.Clock)
		if err != nil {
			return nil, fmt.Errorf("OIDC issuer %s: %w", wanted.Issuer, err)
		}
		wanted.KeySet = keys
	}
	verifier, err := auth.NewVerifier(wanted)
	if err != nil {
		return nil, err
	}
	// A buyer's requests carry one token: its signature is checked once.
	return auth.Cached(verifier, verifiedTokens, c.Clock), nil
}

const verifiedTokens = 50_000

// routes puts everything on one port.
func (m *Mesh) routes(streams context.Context, mailbox, feed http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, s := range m.services {
		for _, prefix := range s.Prefixes {
			mux.Handle(prefix, s.API)
			mux.Handle(prefix+"/", s.API)
		}
	}
	if m.issuer != nil {
		mux.Handle("/auth", m.issuer.Handler())
		mux.Handle("/auth/", m.issuer.Handler())
		mux.Handle("/.well-known/", m.issuer.Handler())
	}
	if mailbox != nil {
		mux.Handle("/dev/mailbox", mailbox)
		mux.Handle("/dev/mailbox/", mailbox)
	}
	mux.Handle(busfeed.Prefix, feed)
	mux.Handle(busfeed.Prefix+"/", feed)
	mux.Handle("/dev/events", devevents.Handler(streams, m.bus))
	mux.HandleFunc("/healthz", m.health)
	mux.Handle("/docs/", catalogue.Handler("/docs/"))
	mux.Handle("/", front.Handler())
	return mux
}

// URL is where the mesh answers.
func (m *Mesh) URL() string { return m.url }

// Handler answers what the mesh's port does.
func (m *Mesh) Handler() http.Handler { return m.handler }

// Issuer is the built-in issuer, or nil when another is configured.
func (m *Mesh) Issuer() *issuer.Issuer { return m.issuer }

// Consumers returns the event types that each consumer's queue receives.
func (m *Mesh) Consumers() map[string][]string {
	consumers := make(map[string][]string, len(m.subscriptions))
	for _, s := range m.subscriptions {
		consumers[s.Name] = slices.Clone(s.Types)
	}
	return consumers
}

// Close closes a mesh that does not Run; Run closes what it ran.
func (m *Mesh) Close() error { return m.close() }

// close closes everything in the reverse order of opening.
func (m *Mesh) close() error {
	var failures []error
	for i := len(m.closers) - 1; i >= 0; i-- {
		failures = append(failures, m.closers[i]())
	}
	m.closers = nil
	return errors.Join(failures...)
}
