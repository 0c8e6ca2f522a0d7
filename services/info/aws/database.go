package aws

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"

	"ticketmesh.dev/platform/awsconfig"
	"ticketmesh.dev/platform/clock"
	"ticketmesh.dev/platform/postgres"
)

// rds are the authorities of RDS by region, from AWS's bundle, without those that have
// expired. They are not among those of a function's machine.
//
//go:embed rds/*.pem
var rds embed.FS

// system are the machine's own authorities.
const system = "system"

// Open returns the database. It connects at first need.
func (c Database) Open(client sdk.Config) (*postgres.DB, error) {
	verify, err := c.tls(client.Region)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", VarDatabaseAuthorities, err)
	}
	return postgres.Open(postgres.Config{Source: c.source(client), TLS: verify, Clock: clock.System{}})
}

func (c Database) tls(region string) (*tls.Config, error) {
	if c.plain {
		return nil, nil
	}
	verify := &tls.Config{MinVersion: tls.VersionTLS12}
	var text []byte
	var err error
	switch c.authorities {
	case system:
		return verify, nil
	case "":
		if text, err = rds.ReadFile("rds/" + region + ".pem"); err != nil {
			return nil, fmt.Errorf("the authorities of RDS in %s are not known; a file is needed", region)
		}
	default:
		if text, err = os.ReadFile(c.authorities); err != nil {
			return nil, err
		}
	}
	verify.RootCAs = x509.NewCertPool()
	if !verify.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate", c.authorities)
	}
	return verify, nil
}

func (c Database) source(client sdk.Config) postgres.Source {
	if c.secret == "" {
		return signedIn{client, c}
	}
	return secret{awsconfig.NewSecret(client, c.secret, c.parse, awsconfig.Options{})}
}

// parse reads a secret as Secrets Manager's rotation keeps it; one that RDS manages has
// user and password alone.
func (c Database) parse(text string) (postgres.Credentials, error) {
	s := struct {
		Username, Password, Host string
		Database                 string `json:"dbname"`
		Port                     uint16
	}{Host: c.host, Database: c.name, Port: c.port}
	// What a decoder says may quote the secret.
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return postgres.Credentials{}, errors.New("it is not JSON of credentials")
	}
	if s.Username == "" || s.Password == "" || s.Host == "" || s.Database == "" {
		return postgres.Credentials{}, fmt.Errorf("it lacks username, password, host or dbname, of which the last two may be in %s and %s", VarDatabaseHost, VarDatabaseName)
	}
	return postgres.Credentials{Host: s.Host, Port: s.Port, Database: s.Database, User: s.Username, Password: s.Password}, nil
}

// secret is credentials in Secrets Manager.
type secret struct {
	value *awsconfig.Value[postgres.Credentials]
}

// Credentials implements postgres.Source. A secret that was rotated is read again when a
// server turns the old one down.
func (s secret) Credentials(ctx context.Context, refused *postgres.Credentials) (postgres.Credentials, error) {
	known, err := s.value.Get(ctx)
	if err == nil && refused != nil && known == *refused {
		return s.value.Refresh(ctx)
	}
	return known, err
}

// signedIn is a user who signs in by IAM: the password is a token that is signed for
// each connection, which asks nobody.
type signedIn struct {
	client sdk.Config
	config Database
}

// Credentials implements postgres.Source.
func (s signedIn) Credentials(ctx context.Context, _ *postgres.Credentials) (postgres.Credentials, error) {
	c := s.config
	address := net.JoinHostPort(c.host, strconv.Itoa(int(c.port)))
	token, err := auth.BuildAuthToken(ctx, address, s.client.Region, c.user, s.client.Credentials)
	if err != nil {
		return postgres.Credentials{}, err
	}
	return postgres.Credentials{Host: c.host, Port: c.port, Database: c.name, User: c.user, Password: token}, nil
}
