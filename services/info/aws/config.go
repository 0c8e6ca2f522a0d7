// Package aws opens info on AWS: PostgreSQL for the state and the search, S3 for files,
// EventBridge for what is announced. It has a root for each function, which opens what
// that function needs and nothing else; what not every request needs, at first need.
package aws

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The variables of the environment that the template sets.
const (
	envIssuer   = "TICKETMESH_ISSUER"
	envAudience = "TICKETMESH_AUDIENCE"     // client ids, with commas between
	envOrigins  = "TICKETMESH_CORS_ORIGINS" // with commas between; none: no CORS
	envBus      = "TICKETMESH_BUS"
	envBucket   = "TICKETMESH_BUCKET"

	// The secret has all that is needed to connect, or what of it is not in the other
	// variables. Without one the user signs in by IAM, and the others are needed.
	envDatabaseSecret = "TICKETMESH_DATABASE_SECRET"
	envDatabaseHost   = "TICKETMESH_DATABASE_HOST"
	envDatabasePort   = "TICKETMESH_DATABASE_PORT" // 5432 without
	envDatabaseName   = "TICKETMESH_DATABASE_NAME"
	envDatabaseUser   = "TICKETMESH_DATABASE_USER"
	// A file of certificates (PEM) that are trusted in the place of the system's.
	envDatabaseAuthorities = "TICKETMESH_DATABASE_CA"
	// "false" is for servers on the same machine.
	envDatabaseTLS = "TICKETMESH_DATABASE_TLS"
)

// config is what the environment says.
type config struct {
	issuer   string
	audience []string
	origins  []string
	bus      string
	bucket   string
	database databaseConfig
}

type databaseConfig struct {
	secret      string
	host        string
	port        uint16
	name        string
	user        string
	authorities string
	plain       bool
}

const defaultPort = 5432

// read reads the environment. The error names everything that is wrong, and what is
// missing of the needed variables and of the database's.
func read(getenv func(string) string, needed ...string) (config, error) {
	if getenv(envDatabaseSecret) == "" {
		needed = append(needed, envDatabaseHost, envDatabaseName, envDatabaseUser)
	}
	var wrong []error
	for _, name := range needed {
		if getenv(name) == "" {
			wrong = append(wrong, fmt.Errorf("%s is not set", name))
		}
	}
	port := uint64(defaultPort)
	if text := getenv(envDatabasePort); text != "" {
		var err error
		if port, err = strconv.ParseUint(text, 10, 16); err != nil || port == 0 {
			wrong = append(wrong, fmt.Errorf("%s: %q is not a port", envDatabasePort, text))
		}
	}
	if tls := getenv(envDatabaseTLS); tls != "" && tls != "true" && tls != "false" {
		wrong = append(wrong, fmt.Errorf("%s: %q is neither true nor false", envDatabaseTLS, tls))
	}
	return config{
		issuer:   getenv(envIssuer),
		audience: list(getenv(envAudience)),
		origins:  list(getenv(envOrigins)),
		bus:      getenv(envBus),
		bucket:   getenv(envBucket),
		database: databaseConfig{
			secret:      getenv(envDatabaseSecret),
			host:        getenv(envDatabaseHost),
			port:        uint16(port),
			name:        getenv(envDatabaseName),
			user:        getenv(envDatabaseUser),
			authorities: getenv(envDatabaseAuthorities),
			plain:       getenv(envDatabaseTLS) == "false",
		},
	}, errors.Join(wrong...)
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
