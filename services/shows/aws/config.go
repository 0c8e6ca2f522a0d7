// Package aws reads what the template sets in the environment of the functions of
// shows. Each function has its composition root in a package below this one, which
// links what it needs and nothing else: a client costs each cold start its schemas,
// used or not. What not every invocation needs is made at first need.
package aws

import (
	"errors"
	"fmt"
	"strings"
)

// The variables of the environment.
const (
	VarStage      = "TICKETMESH_STAGE"
	VarTable      = "TICKETMESH_TABLE"
	VarBus        = "TICKETMESH_BUS"
	VarIssuer     = "TICKETMESH_ISSUER"
	VarAudience   = "TICKETMESH_AUDIENCE"     // client ids, with commas between
	VarOrigins    = "TICKETMESH_CORS_ORIGINS" // with commas between; none: no CORS
	VarParameters = "TICKETMESH_PARAMETERS"   // what the names of the stage's parameters begin with
	VarCache      = "TICKETMESH_CACHE"        // host:port of Redis or Valkey; none: no cache
	VarCacheTLS   = "TICKETMESH_CACHE_TLS"    // "true" or "false", which it is without
)

// Config is what the environment says.
type Config struct {
	Stage      string
	Table      string
	Bus        string
	Issuer     string
	Audience   []string
	Origins    []string
	Parameters string
	Cache      string
	CacheTLS   bool
}

// Read reads the environment. The error names everything that is wrong, and what is
// missing of the needed variables.
func Read(getenv func(string) string, needed ...string) (Config, error) {
	var wrong []error
	for _, name := range needed {
		if getenv(name) == "" {
			wrong = append(wrong, fmt.Errorf("%s is not set", name))
		}
	}
	if tls := getenv(VarCacheTLS); tls != "" && tls != "true" && tls != "false" {
		wrong = append(wrong, fmt.Errorf("%s: %q is neither true nor false", VarCacheTLS, tls))
	}
	return Config{
		Stage:      getenv(VarStage),
		Table:      getenv(VarTable),
		Bus:        getenv(VarBus),
		Issuer:     getenv(VarIssuer),
		Audience:   list(getenv(VarAudience)),
		Origins:    list(getenv(VarOrigins)),
		Parameters: getenv(VarParameters),
		Cache:      getenv(VarCache),
		CacheTLS:   getenv(VarCacheTLS) == "true",
	}, errors.Join(wrong...)
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
