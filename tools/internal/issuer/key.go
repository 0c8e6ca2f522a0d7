package issuer

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"ticketmesh.dev/platform/sqlite"
)

// RS256, because every request verifies and few sign: an RSA signature of 2048
// bits is verified in two thirds of the time of one on P-256. Cognito signs the
// same way.
const keyBits = 2048

// loadKey reads the signing key, or makes it. Of two processes that start at
// the same time the one that is first makes it for both. The file is readable
// by its owner only.
func (i *Issuer) loadKey(ctx context.Context) error {
	key, err := i.storedKey(ctx)
	if err != nil {
		return err
	}
	if key == nil {
		if key, err = i.makeKey(ctx); err != nil {
			return err
		}
	}
	kid, err := thumbprint(key)
	if err != nil {
		return err
	}
	i.key = key
	i.jwk = jose.JSONWebKey{Key: key.Public(), KeyID: kid, Algorithm: string(jose.RS256), Use: "sig"}
	i.signer, err = jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: kid}},
		(&jose.SignerOptions{}).WithType("JWT"))
	return err
}

const selectKey = `SELECT pkcs8 FROM signing_keys ORDER BY created_at DESC, kid LIMIT 1`

func (i *Issuer) storedKey(ctx context.Context) (*rsa.PrivateKey, error) {
	var der []byte
	err := i.db.Read(ctx, func(tx *sqlite.Tx) error { return tx.QueryRow(selectKey).Scan(&der) })
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseKey(der)
}

func (i *Issuer) makeKey(ctx context.Context) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	kid, err := thumbprint(key)
	if err != nil {
		return nil, err
	}
	now := i.clock.Now().UnixMilli()
	err = i.db.Write(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec(`INSERT INTO signing_keys (kid, pkcs8, created_at)
			SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM signing_keys)`, kid, der, now); err != nil {
			return err
		}
		return tx.QueryRow(selectKey).Scan(&der)
	})
	if err != nil {
		return nil, err
	}
	return parseKey(der)
}

func parseKey(der []byte) (*rsa.PrivateKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("signing key: %T is not an RSA key", key)
	}
	return rsaKey, nil
}

// thumbprint names a key by what it is (RFC 7638).
func thumbprint(key *rsa.PrivateKey) (string, error) {
	digest, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(digest), nil
}
