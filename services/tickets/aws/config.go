// Package aws reads what the template sets in the environment of the functions of tickets. Each function has its
// composition root in a package below this one, which links what it needs and nothing else: a client costs each cold
// start its schemas, used or not. What not every invocation needs is made at first need.
package aws

import (
	"errors"
	"fmt"
	"strings"
)

// The variables of the environment.
const (
	VarStage          = "TICKETMESH_STAGE"
	VarTable          = "TICKETMESH_TABLE"
	VarBus            = "TICKETMESH_BUS"
	VarIssuer         = "TICKETMESH_ISSUER"
	VarAudience       = "TICKETMESH_AUDIENCE"     // client ids, with commas between
	VarOrigins        = "TICKETMESH_CORS_ORIGINS" // with commas between; none: no CORS
	VarShowsURL       = "TICKETMESH_SHOWS_URL"    // what comes before /shows
	VarCodeKeySecret  = "TICKETMESH_CODE_KEY_SECRET"
	VarPayments       = "TICKETMESH_PAYMENTS" // the providers that new orders may name, with commas between
	VarPaymentsSecret = "TICKETMESH_PAYMENTS_SECRET"
	// Stripe's publishable key, for buyers' clients; may be empty.
	VarStripeKey = "TICKETMESH_STRIPE_PUBLISHABLE_KEY"
	// Where Stripe's API is when it is not Stripe's own, as in tests.
	VarStripeURL = "TICKETMESH_STRIPE_URL"
)

// Config is what the environment says.
type Config struct {
	Stage          string
	Table          string
	Bus            string
	Issuer         string
	Audience       []string
	Origins        []string
	ShowsURL       string
	CodeKeySecret  string
	Payments       []string
	PaymentsSecret string
	StripeKey      string
	StripeURL      string
}

// Read reads the environment. The error names everything that is wrong, and what is missing of the needed variables.
func Read(getenv func(string) string, needed ...string) (Config, error) {
	var wrong []error
	for _, name := range needed {
		if getenv(name) == "" {
			wrong = append(wrong, fmt.Errorf("%s is not set", name))
		}
	}
	return Config{
		Stage:          getenv(VarStage),
		Table:          getenv(VarTable),
		Bus:            getenv(VarBus),
		Issuer:         getenv(VarIssuer),
		Audience:       list(getenv(VarAudience)),
		Origins:        list(getenv(VarOrigins)),
		ShowsURL:       getenv(VarShowsURL),
		CodeKeySecret:  getenv(VarCodeKeySecret),
		Payments:       list(getenv(VarPayments)),
		PaymentsSecret: getenv(VarPaymentsSecret),
		StripeKey:      getenv(VarStripeKey),
		StripeURL:      getenv(VarStripeURL),
	}, errors.Join(wrong...)
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
