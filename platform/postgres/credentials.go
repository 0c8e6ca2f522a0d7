package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// Credentials are what a connection is made with.
type Credentials struct {
	Host     string
	Port     uint16
	Database string
	User     string
	Password string
}

// Source knows the credentials. It is asked for every connection, may be asked
// concurrently, and should remember what is expensive to find out.
type Source interface {
	// Credentials returns what to connect with. When a server has turned some down,
	// refused are those: a source that still holds them finds out anew.
	Credentials(ctx context.Context, refused *Credentials) (Credentials, error)
}

// Fixed is a Source of credentials that never change.
type Fixed Credentials

// Credentials implements Source.
func (f Fixed) Credentials(context.Context, *Credentials) (Credentials, error) {
	return Credentials(f), nil
}

// FromURL returns the credentials in a URL postgres://user:password@host:port/database.
func FromURL(url string) (Fixed, error) {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return Fixed{}, err
	}
	return Fixed{Host: config.Host, Port: config.Port, Database: config.Database, User: config.User, Password: config.Password}, nil
}

// refusal returns the credentials that err, of connecting, says the server turned
// down. A password that is not right any more is 28P01; a token, or a role that was
// replaced, is 28000.
func refusal(err error) *Credentials {
	var attempt *pgconn.ConnectError
	var answer *pgconn.PgError
	if !errors.As(err, &attempt) || !errors.As(err, &answer) || answer.Code != "28P01" && answer.Code != "28000" {
		return nil
	}
	c := attempt.Config
	return &Credentials{Host: c.Host, Port: c.Port, Database: c.Database, User: c.User, Password: c.Password}
}
