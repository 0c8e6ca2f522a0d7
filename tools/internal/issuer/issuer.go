// Package issuer is the OIDC issuer of the embedded mode: accounts, sign-in and
// tokens that look like Cognito's, in one SQLite file. It knows no service and
// decides nothing about what a caller may do; on AWS a Cognito user pool takes
// its place.
package issuer

import (
	"context"
	"crypto"
	"crypto/rsa"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config is what an Issuer is opened with.
type Config struct {
	DataDir     string // created when missing; holds identity.db
	IssuerURL   string // `iss` of every token, without a slash at its end
	ClientID    string // the one app: `client_id` and `aud`
	CORSOrigins []string
	Clock       clock.Clock  // clock.System when nil
	Logger      *slog.Logger // slog.Default when nil
}

// Issuer signs users up and in. Its methods may be called at the same time, and
// another process may have the same data folder open.
type Issuer struct {
	url      string
	clientID string
	clock    clock.Clock
	db       *sqlite.DB

	key       *rsa.PrivateKey
	signer    jose.Signer
	jwk       jose.JSONWebKey
	passwords *hasher
	failures  *limiter
	handler   http.Handler
}

// Open opens the issuer and makes its signing key on the first start. Close it.
func Open(ctx context.Context, c Config) (_ *Issuer, err error) {
	if c.DataDir == "" || c.IssuerURL == "" || c.ClientID == "" {
		return nil, errors.New("issuer: a data folder, an issuer URL and a client id are needed")
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	tables, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	db, err := sqlite.Open(ctx, sqlite.Config{
		Path: filepath.Join(c.DataDir, "identity.db"), Migrations: tables, Readers: 2, Clock: c.Clock, Bare: true,
	})
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	i := &Issuer{
		url:      strings.TrimSuffix(c.IssuerURL, "/"),
		clientID: c.ClientID,
		clock:    c.Clock,
		db:       db,
		failures: newLimiter(c.Clock),
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("issuer: %w", err), db.Close())
		}
	}()
	if i.passwords, err = newHasher(); err != nil {
		return nil, err
	}
	if err := i.loadKey(ctx); err != nil {
		return nil, err
	}
	if err := i.forgetExpired(ctx); err != nil {
		return nil, err
	}
	if i.handler, err = newHandler(i, c.CORSOrigins, c.Logger); err != nil {
		return nil, err
	}
	return i, nil
}

// Close ends what is running and closes the file.
func (i *Issuer) Close() error { return i.db.Close() }

// Handler serves /auth/ and /.well-known/.
func (i *Issuer) Handler() http.Handler { return i.handler }

// KeySet is what the tokens are verified with in the same process.
func (i *Issuer) KeySet() oidc.KeySet {
	return &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{i.key.Public()}}
}
