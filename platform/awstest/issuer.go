// Package awstest plays to tests of functions what is around them on AWS: an issuer of
// tokens, a bus whose events can be looked at, and what API Gateway and the mappings of
// queues and streams pass on. Where AWS has an API, an emulator plays that. It knows no
// service, and is for tests alone.
package awstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Issuer is an issuer of tokens at an address of its own.
type Issuer struct {
	URL string

	keys jose.Signer
}

// NewIssuer serves the documents of an issuer until the test ends.
func NewIssuer(tb testing.TB) *Issuer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	tb.Cleanup(server.Close)
	answer := func(path string, document any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			if err := json.NewEncoder(w).Encode(document); err != nil {
				tb.Error(err)
			}
		})
	}
	answer("/.well-known/openid-configuration", map[string]any{"issuer": server.URL, "jwks_uri": server.URL + "/keys"})
	answer("/keys", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	return &Issuer{server.URL, signer}
}

// Token returns an access token that is valid for an hour, of a user of a client, with
// further claims.
func (i *Issuer) Token(tb testing.TB, sub, clientID string, further map[string]any) string {
	tb.Helper()
	now := time.Now()
	claims := map[string]any{
		"iss": i.URL, "sub": sub, "client_id": clientID, "token_use": "access", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, further)
	token, err := jwt.Signed(i.keys).Claims(claims).Serialize()
	if err != nil {
		tb.Fatal(err)
	}
	return token
}
