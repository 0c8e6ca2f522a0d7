// Package aws reads what the template sets in the environment of the functions of notifications. Each function has its
// composition root in a package below this one, which links what it needs and nothing else: a client costs each cold
// start its schemas, used or not. What not every invocation needs is made at first need.
package aws

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The variables of the environment.
const (
	VarStage    = "TICKETMESH_STAGE"
	VarTable    = "TICKETMESH_TABLE"
	VarBus      = "TICKETMESH_BUS"
	VarIssuer   = "TICKETMESH_ISSUER"
	VarAudience = "TICKETMESH_AUDIENCE"     // client ids, with commas between
	VarOrigins  = "TICKETMESH_CORS_ORIGINS" // with commas between; none: no CORS
	// How customers reach the API, for the links in mails: what comes before /notifications.
	VarURL      = "TICKETMESH_NOTIFICATIONS_URL"
	VarMailFrom = "TICKETMESH_MAIL_FROM"
	VarMailSet  = "TICKETMESH_MAIL_SET"  // the configuration set
	VarMailRate = "TICKETMESH_MAIL_RATE" // mails a second, of one sender
)

// Config is what the environment says.
type Config struct {
	Stage    string
	Table    string
	Bus      string
	Issuer   string
	Audience []string
	Origins  []string
	URL      string
	MailFrom string
	MailSet  string
	MailRate int
}

// Read reads the environment. The error names everything that is wrong, and what is missing of the needed variables.
func Read(getenv func(string) string, needed ...string) (Config, error) {
	var wrong []error
	for _, name := range needed {
		if getenv(name) == "" {
			wrong = append(wrong, fmt.Errorf("%s is not set", name))
		}
	}
	rate := 0
	if text := getenv(VarMailRate); text != "" {
		var err error
		if rate, err = strconv.Atoi(text); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %q is no number", VarMailRate, text))
		}
	}
	return Config{
		Stage:    getenv(VarStage),
		Table:    getenv(VarTable),
		Bus:      getenv(VarBus),
		Issuer:   getenv(VarIssuer),
		Audience: list(getenv(VarAudience)),
		Origins:  list(getenv(VarOrigins)),
		URL:      getenv(VarURL),
		MailFrom: getenv(VarMailFrom),
		MailSet:  getenv(VarMailSet),
		MailRate: rate,
	}, errors.Join(wrong...)
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
