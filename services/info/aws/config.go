// Package aws reads what the template sets in the environment of info's functions, and
// opens the database, which all of them have. Each function has its composition root in a
// package below this one, which links what it needs and nothing else: a library costs
// each cold start what it prepares, used or not. What not every invocation needs is made
// at first need.
package aws

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The variables of the environment that the template sets.
const (
	VarIssuer   = "TICKETMESH_ISSUER"
	VarAudience = "TICKETMESH_AUDIENCE"     // client ids, with commas between
	VarOrigins  = "TICKETMESH_CORS_ORIGINS" // with commas between; none: no CORS
	VarBus      = "TICKETMESH_BUS"
	VarBucket   = "TICKETMESH_BUCKET"

	// The secret has all that is needed to connect, or what of it is not in the other
	// variables. Without one the user signs in by IAM, and the others are needed.
	VarDatabaseSecret = "TICKETMESH_DATABASE_SECRET"
	VarDatabaseHost   = "TICKETMESH_DATABASE_HOST"
	VarDatabasePort   = "TICKETMESH_DATABASE_PORT" // 5432 without
	VarDatabaseName   = "TICKETMESH_DATABASE_NAME"
	VarDatabaseUser   = "TICKETMESH_DATABASE_USER"
	// A file of the authorities (PEM) that sign for the server, or "system" for those of the
	// machine, who sign for RDS Proxy. Without it, those of RDS in the region.
	VarDatabaseAuthorities = "TICKETMESH_DATABASE_CA"
	// "false" is for servers on the same machine.
	VarDatabaseTLS = "TICKETMESH_DATABASE_TLS"
)

// Config is what the environment says.
type Config struct {
	Issuer   string
	Audience []string
	Origins  []string
	Bus      string
	Bucket   string
	Database Database
}

// Database says where the database is and who signs in.
type Database struct {
	secret      string
	host        string
	port        uint16
	name        string
	user        string
	authorities string
	plain       bool
}

const defaultPort = 5432

// Read reads the environment. The error names everything that is wrong, and what is
// missing of the needed variables and of the database's.
func Read(getenv func(string) string, needed ...string) (Config, error) {
	if getenv(VarDatabaseSecret) == "" {
		needed = append(needed, VarDatabaseHost, VarDatabaseName, VarDatabaseUser)
	}
	var wrong []error
	for _, name := range needed {
		if getenv(name) == "" {
			wrong = append(wrong, fmt.Errorf("%s is not set", name))
		}
	}
	port := uint64(defaultPort)
	if text := getenv(VarDatabasePort); text != "" {
		var err error
		if port, err = strconv.ParseUint(text, 10, 16); err != nil || port == 0 {
			wrong = append(wrong, fmt.Errorf("%s: %q is not a port", VarDatabasePort, text))
		}
	}
	if tls := getenv(VarDatabaseTLS); tls != "" && tls != "true" && tls != "false" {
		wrong = append(wrong, fmt.Errorf("%s: %q is neither true nor false", VarDatabaseTLS, tls))
	}
	return Config{
		Issuer:   getenv(VarIssuer),
		Audience: list(getenv(VarAudience)),
		Origins:  list(getenv(VarOrigins)),
		Bus:      getenv(VarBus),
		Bucket:   getenv(VarBucket),
		Database: Database{
			secret:      getenv(VarDatabaseSecret),
			host:        getenv(VarDatabaseHost),
			port:        uint16(port),
			name:        getenv(VarDatabaseName),
			user:        getenv(VarDatabaseUser),
			authorities: getenv(VarDatabaseAuthorities),
			plain:       getenv(VarDatabaseTLS) == "false",
		},
	}, errors.Join(wrong...)
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
