// Package selling opens selling for the functions of tickets that sign codes and move money.
package selling

import (
	"ticketmesh.dev/platform/lambda"
	"ticketmesh.dev/services/tickets/aws"
	"ticketmesh.dev/services/tickets/aws/state"
	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/rest"
)

// Selling is the use cases over the table, and what the API answers with beside them.
type Selling struct {
	*app.Selling
	state.State
	Codes    Codes
	Webhooks map[string]rest.Webhooks // by payment provider
}

// Open opens selling. No secret is read before it is needed. The needed variables are the function's own.
func Open(rt lambda.Runtime, needed ...string) (Selling, error) {
	s, err := state.Open(rt, append(needed, aws.VarCodeKeySecret, aws.VarPayments, aws.VarPaymentsSecret)...)
	if err != nil {
		return Selling{}, err
	}
	payments, webhooks, err := openPayments(s, rt.Logger)
	if err != nil {
		return Selling{}, err
	}
	codes := newCodes(s)
	store := app.Counted(s.Store, rt.Metrics)
	return Selling{Selling: app.New(store, codes, payments, s.Clock, rt.Logger), State: s, Codes: codes, Webhooks: webhooks}, nil
}
