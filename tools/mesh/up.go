package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"ticketmesh.dev/platform/clock"
	notifications "ticketmesh.dev/services/notifications/embedded"

	"ticketmesh.dev/tools/internal/demo"
	"ticketmesh.dev/tools/internal/mesh"
)

// What lives in Go's heap is small, so collecting whenever it has doubled would
// be nearly always: a sixth of an on-sale's time. It may grow fivefold, but not
// past the limit, from which on the collector works harder; SQLite's caches and
// the program itself come on top. GOGC and GOMEMLIMIT say otherwise.
const (
	memoryLimitBytes = 80 << 20
	gcPercent        = 400
)

type upFlags struct {
	addr, data, baseURL         string
	logLevel, debugAddr         string
	demo                        bool
	corsOrigins                 []string
	oidcIssuer                  string
	oidcClientIDs               []string
	smtpHost, smtpUser, smtpTLS string
	smtpPasswordFile, mailFrom  string
	smtpPort                    int
	payments                    paymentFlags
}

func newUp() *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use: "up", Short: "Run the whole mesh in this process", Args: cobra.NoArgs,
		RunE: does(func(cmd *cobra.Command, _ []string) error {
			f.payments.testGiven = cmd.Flags().Changed(testPaymentsFlag)
			return up(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:8080", "address to listen on")
	flags.StringVar(&f.data, "data", ".mesh", "folder to keep the data in")
	flags.StringVar(&f.baseURL, "base-url", "", "where clients reach the mesh (default http://<addr>)")
	flags.StringVar(&f.logLevel, "log-level", "warn", "debug, info, warn or error")
	flags.StringVar(&f.debugAddr, "debug-addr", "", "serve profiles (net/http/pprof) at this address")
	flags.BoolVar(&f.demo, "demo", false, "load a season of shows and three users")
	flags.StringSliceVar(&f.corsOrigins, "cors-origin", nil, "origin whose pages may call the API; may be repeated")
	flags.StringVar(&f.oidcIssuer, "oidc-issuer", "", "issuer of access tokens, instead of the built-in one")
	flags.StringSliceVar(&f.oidcClientIDs, "oidc-client-id", nil, "client id whose tokens are taken, with --oidc-issuer; may be repeated")
	flags.StringVar(&f.smtpHost, "smtp-host", "", "mail server, instead of the built-in mailbox")
	flags.IntVar(&f.smtpPort, "smtp-port", 587, "port of the mail server")
	flags.StringVar(&f.smtpUser, "smtp-user", "", "user at the mail server")
	flags.StringVar(&f.smtpPasswordFile, "smtp-password-file", "", "file with the password at the mail server")
	flags.StringVar(&f.smtpTLS, "smtp-tls", "starttls", "starttls, tls or none")
	flags.StringVar(&f.mailFrom, "mail-from", "", "sender of mails, with --smtp-host")
	f.payments.define(flags)
	return cmd
}

func (f upFlags) config(stderr io.Writer) (mesh.Config, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return mesh.Config{}, usageError{fmt.Errorf("--log-level: %q is none of debug, info, warn and error", f.logLevel)}
	}
	c := mesh.Config{
		Addr: f.addr, DataDir: f.data, BaseURL: f.baseURL, CORSOrigins: f.corsOrigins,
		OIDC:   mesh.OIDCConfig{Issuer: f.oidcIssuer, ClientIDs: f.oidcClientIDs},
		Clock:  clock.System{},
		Logger: slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level})),
	}
	if (f.oidcIssuer == "") != (len(f.oidcClientIDs) == 0) {
		return mesh.Config{}, usageError{errors.New("--oidc-issuer and --oidc-client-id go together")}
	}
	if f.oidcIssuer != "" && f.demo {
		return mesh.Config{}, usageError{errors.New("--demo needs the built-in issuer")}
	}
	payments, err := f.payments.config()
	if err != nil {
		return mesh.Config{}, usageError{err}
	}
	c.Payments = payments
	if f.smtpHost == "" {
		return c, nil
	}
	c.SMTP = &notifications.SMTP{Host: f.smtpHost, Port: f.smtpPort, Username: f.smtpUser, TLS: f.smtpTLS, From: f.mailFrom}
	if f.smtpPasswordFile != "" {
		password, err := os.ReadFile(f.smtpPasswordFile)
		if err != nil {
			return mesh.Config{}, usageError{fmt.Errorf("--smtp-password-file: %w", err)}
		}
		c.SMTP.Password = string(trimNewline(password))
	}
	return c, nil
}

// up runs until ctx ends, which is SIGTERM or SIGINT.
func up(ctx context.Context, f upFlags, stdout, stderr io.Writer) error {
	config, err := f.config(stderr)
	if err != nil {
		return err
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimitBytes)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if f.debugAddr != "" {
		if err := serveProfiles(f.debugAddr); err != nil {
			return err
		}
	}
	opened, err := mesh.Open(ctx, config)
	if err != nil && ctx.Err() != nil {
		return nil // told to stop before it ran, and there is nothing to drain
	}
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	running, stop := context.WithCancel(ctx)
	defer stop()
	err = opened.Run(running, func() {
		go func() {
			if f.demo {
				if err := demo.Load(running, opened, config.Clock); err != nil {
					failed <- fmt.Errorf("demo data: %w", err)
					stop()
					return
				}
			}
			fmt.Fprintln(stdout, "ready", opened.URL())
		}()
	})
	select {
	case demoFailed := <-failed:
		if ctx.Err() == nil {
			return errors.Join(demoFailed, err)
		}
	default:
	}
	return err
}

// serveProfiles answers on an address of its own, for whoever may reach that.
func serveProfiles(addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	go func() {
		server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
		_ = server.Serve(listener) // ends with the process
	}()
	return nil
}

func trimNewline(text []byte) []byte {
	for len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r') {
		text = text[:len(text)-1]
	}
	return text
}
