package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"ticketmesh.dev/platform/clock"
)

// maxTokenBytes bounds what is parsed for a stranger. Cognito's access tokens
// take 1 to 2 KiB, and API Gateway lets 10 KiB of headers through.
const maxTokenBytes = 8 << 10

// leeway is how far the issuer's clock may run before ours. It never prolongs a
// token's life.
const leeway = 60 * time.Second

// Config is what an access token is checked against.
type Config struct {
	Issuer     string      // the exact `iss`
	ClientIDs  []string    // the apps whose tokens are taken
	KeySet     oidc.KeySet // see Discover, Remote and oidc.StaticKeySet
	Algorithms []string    // the signatures taken; RS256 and ES256 when empty
	Clock      clock.Clock // clock.System when nil
}

type verifier struct {
	tokens    *oidc.IDTokenVerifier
	clientIDs []string
	clock     clock.Clock
}

// NewVerifier returns a Verifier of access tokens. It refuses a configuration
// that would take tokens of any app or issuer, or unsigned ones.
func NewVerifier(c Config) (Verifier, error) {
	var missing []error
	if c.Issuer == "" {
		missing = append(missing, errors.New("an issuer is needed"))
	}
	if len(c.ClientIDs) == 0 || slices.Contains(c.ClientIDs, "") {
		missing = append(missing, errors.New("at least one client id is needed, and none may be empty"))
	}
	if c.KeySet == nil {
		missing = append(missing, errors.New("a key set is needed"))
	}
	algorithms := c.Algorithms
	if len(algorithms) == 0 {
		algorithms = []string{oidc.RS256, oidc.ES256}
	}
	for _, algorithm := range algorithms {
		if !asymmetric(algorithm) {
			missing = append(missing, fmt.Errorf("algorithm %q is not one of a public key", algorithm))
		}
	}
	if err := errors.Join(missing...); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	return &verifier{
		tokens: oidc.NewVerifier(c.Issuer, c.KeySet, &oidc.Config{
			SkipClientIDCheck:    true, // access tokens have no audience, Verify compares client_id
			SupportedSigningAlgs: slices.Clone(algorithms),
			Now:                  c.Clock.Now,
		}),
		clientIDs: slices.Clone(c.ClientIDs),
		clock:     c.Clock,
	}, nil
}

// asymmetric keeps HMAC out, with which the public key would be the secret.
func asymmetric(algorithm string) bool {
	switch algorithm {
	case oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512,
		oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA:
		return true
	}
	return false
}

type claims struct {
	TokenUse  string   `json:"token_use"`
	ClientID  string   `json:"client_id"`
	Email     string   `json:"email"`
	Groups    []string `json:"cognito:groups"`
	NotBefore *float64 `json:"nbf"`
}

// Verify implements Verifier.
func (v *verifier) Verify(ctx context.Context, bearerToken string) (Caller, error) {
	if bearerToken == "" || len(bearerToken) > maxTokenBytes {
		return Caller{}, refuse("the token has %d bytes", len(bearerToken))
	}
	if !compact(bearerToken) {
		return Caller{}, refuse("not the compact serialisation of a JWS")
	}
	var outage error
	token, err := v.tokens.Verify(context.WithValue(ctx, outageKey{}, &outage), bearerToken)
	switch {
	case err != nil && outage != nil:
		return Caller{}, fmt.Errorf("%w: %w", ErrUnavailable, outage)
	case err != nil && ctx.Err() != nil:
		return Caller{}, ctx.Err()
	case err != nil:
		return Caller{}, refuse("%s", err)
	}
	var c claims
	if err := token.Claims(&c); err != nil {
		return Caller{}, refuse("%s", err)
	}
	now := v.clock.Now()
	switch {
	case c.TokenUse != "access":
		return Caller{}, refuse("token_use is %q, not access", c.TokenUse)
	case !slices.Contains(v.clientIDs, c.ClientID):
		return Caller{}, refuse("client_id %q is not ours", c.ClientID)
	case token.Subject == "":
		return Caller{}, refuse("sub is missing")
	case !now.Before(token.Expiry): // go-oidc takes a token in its very last moment
		return Caller{}, refuse("expired at %s", token.Expiry)
	case token.IssuedAt.After(now.Add(leeway)):
		return Caller{}, refuse("issued in the future, at %s", token.IssuedAt)
	case c.NotBefore != nil && *c.NotBefore > float64(now.Add(leeway).Unix()): // go-oidc allows five minutes
		return Caller{}, refuse("not valid yet")
	}
	return Caller{Sub: token.Subject, ClientID: c.ClientID, Email: c.Email, Groups: c.Groups}, nil
}

// compact reports whether the token is three parts of base64url. The library
// would also take a signed token in its JSON forms, which no issuer gives and
// which has headers that are not signed.
func compact(token string) bool {
	dots := 0
	for i := range len(token) {
		switch c := token[i]; {
		case c == '.':
			dots++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return dots == 2
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnauthenticated, fmt.Sprintf(format, args...))
}
