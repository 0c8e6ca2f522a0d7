package issuer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/sqlite"
)

const (
	accessLifetime  = time.Hour
	refreshLifetime = 30 * 24 * time.Hour
	scope           = "openid email"
)

// Tokens is a sign-in.
type Tokens struct {
	Access, ID, Refresh string
	ExpiresIn           time.Duration
}

// RateLimitedError: too many sign-ins with this address have failed.
type RateLimitedError struct{ After time.Duration }

func (e *RateLimitedError) Error() string {
	return fmt.Sprintf("too many failed sign-ins, again in %s", e.After)
}

// SignIn checks a password. Wrong ones are ErrCredentials, too many of them a
// *RateLimitedError.
func (i *Issuer) SignIn(ctx context.Context, email, password string) (Tokens, error) {
	email, err := normalize(email)
	if err != nil {
		return Tokens{}, ErrCredentials // there is no account with such an address
	}
	u, err := i.userByEmail(ctx, email)
	if err != nil && !errors.Is(err, errNoUser) {
		return Tokens{}, err
	}
	if err := i.checkPassword(ctx, email, password, u.passwordHash); err != nil {
		return Tokens{}, err
	}

	now := i.clock.Now()
	refresh := rand.Text() + rand.Text() // 2 x 130 bits
	hash := sha256.Sum256([]byte(refresh))
	err = i.db.Write(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec(`DELETE FROM refresh_tokens WHERE user_id = ? AND expires_at <= ?`, u.ID.String(), now.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO refresh_tokens (hash, user_id, auth_time, expires_at) VALUES (?, ?, ?, ?)`,
			hash[:], u.ID.String(), now.UnixMilli(), now.Add(refreshLifetime).UnixMilli())
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	return i.issue(u, now, now, refresh)
}

// checkPassword counts failures while it has one of the few turns, so that of
// many guesses sent at once no more get through than of many in a row.
func (i *Issuer) checkPassword(ctx context.Context, email, password, hash string) error {
	return i.passwords.inTurn(ctx, func() error {
		if wait := i.failures.wait(email); wait > 0 {
			return &RateLimitedError{wait}
		}
		matches, err := i.passwords.compare(password, hash)
		switch {
		case err != nil:
			return err
		case !matches:
			i.failures.failed(email)
			return ErrCredentials
		}
		i.failures.succeeded(email)
		return nil
	})
}

// Renew issues new tokens, with the groups of now, for a refresh token. One that
// is unknown, expired or revoked is ErrCredentials. As with Cognito it stays the
// same: were it replaced, an answer that got lost would end the sign-in.
func (i *Issuer) Renew(ctx context.Context, refresh string) (Tokens, error) {
	now := i.clock.Now()
	hash := sha256.Sum256([]byte(refresh))
	var u User
	var authTime int64
	err := i.db.Read(ctx, func(tx *sqlite.Tx) (err error) {
		var user string
		err = tx.QueryRow(`SELECT user_id, auth_time FROM refresh_tokens WHERE hash = ? AND expires_at > ?`, hash[:], now.UnixMilli()).
			Scan(&user, &authTime)
		if err != nil {
			return orNoUser(err)
		}
		u, err = scanUser(tx.QueryRow(selectUser+` WHERE u.id = ?`, user))
		return err
	})
	switch {
	case errors.Is(err, errNoUser):
		return Tokens{}, ErrCredentials
	case err != nil:
		return Tokens{}, err
	}
	return i.issue(u, now, time.UnixMilli(authTime), refresh)
}

// claims are those of Cognito's tokens that the API or a client may look at.
type claims struct {
	Subject  string   `json:"sub"`
	Issuer   string   `json:"iss"`
	TokenUse string   `json:"token_use"`
	Email    string   `json:"email"`
	Groups   []string `json:"cognito:groups,omitempty"`
	AuthTime int64    `json:"auth_time"`
	IssuedAt int64    `json:"iat"`
	Expiry   int64    `json:"exp"`
	ID       string   `json:"jti"`

	ClientID string `json:"client_id,omitempty"` // access tokens
	Username string `json:"username,omitempty"`
	Scope    string `json:"scope,omitempty"`

	Audience        string `json:"aud,omitempty"` // id tokens
	CognitoUsername string `json:"cognito:username,omitempty"`
	EmailVerified   *bool  `json:"email_verified,omitempty"`
}

func (i *Issuer) issue(u User, now, authTime time.Time, refresh string) (Tokens, error) {
	common := claims{
		Subject: u.ID.String(), Issuer: i.url, Email: u.Email, Groups: u.Groups,
		AuthTime: authTime.Unix(), IssuedAt: now.Unix(), Expiry: now.Add(accessLifetime).Unix(),
	}
	access := common
	access.TokenUse, access.ID = "access", id.New().String()
	access.ClientID, access.Username, access.Scope = i.clientID, common.Subject, scope
	accessToken, err := i.sign(access)
	if err != nil {
		return Tokens{}, err
	}
	identity := common
	identity.TokenUse, identity.ID = "id", id.New().String()
	identity.Audience, identity.CognitoUsername, identity.EmailVerified = i.clientID, common.Subject, &u.EmailVerified
	idToken, err := i.sign(identity)
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{Access: accessToken, ID: idToken, Refresh: refresh, ExpiresIn: accessLifetime}, nil
}

func (i *Issuer) sign(c claims) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	token, err := i.signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return token.CompactSerialize()
}

func (i *Issuer) forgetExpired(ctx context.Context) error {
	now := i.clock.Now().UnixMilli()
	return i.db.Write(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec(`DELETE FROM refresh_tokens WHERE expires_at <= ?`, now); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM signup_keys WHERE expires_at <= ?`, now)
		return err
	})
}
