// Package service is the shape in which a service's composition root hands
// itself to the process that runs it. It runs nothing.
package service

import (
	"context"
	"net/http"

	"ticketmesh.dev/platform/consumer"
	"ticketmesh.dev/platform/outbox"
)

// Job is work that goes on beside the API: a relay, a sweeper, a scheduler.
type Job struct {
	Name string
	// Run works until ctx ends and then returns nil, having finished or left
	// for the next start what it was at. It returns an error only when it
	// cannot go on.
	Run func(ctx context.Context) error
}

// Service is one microservice, opened and ready to be run.
type Service struct {
	Name string // "tickets"
	// API serves the routes under Prefixes, e.g. "/tickets"; nil for none.
	API           http.Handler
	Prefixes      []string
	Subscriptions []consumer.Subscription
	Jobs          []Job
	// Outbox is what the service has to publish; the process relays it. Nil for
	// none.
	Outbox outbox.Source
	// Ready tells whether the service's own parts answer; nil means always.
	Ready func(ctx context.Context) error
	// Close releases what the root opened. It is called once, after API,
	// subscriptions and jobs have stopped; nil means nothing to release.
	Close func() error
}
