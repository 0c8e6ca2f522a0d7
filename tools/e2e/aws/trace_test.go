package aws_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"ticketmesh.dev/platform/tracing/daemontest"
)

// the trace in which the order is placed, begun by whoever calls.
const (
	traceRoot   = "1-5759e988-bd862e3fe1be46a994272793"
	traceHeader = "Root=" + traceRoot + ";Parent=53995c3f42cd8ad8;Sampled=1"
)

// chain is what causes what, from the request for an order to its mail.
var chain = []string{
	"ticketmesh-dev-tickets/tickets", // the gateway
	"ticketmesh-dev-tickets-api", "POST",
	"publish ticketmesh.tickets", // the relay, from the table's stream to the bus
	"notifications-orders",       // the consumer, from its queue
	"mail",                       // the sender
}

// traced has X-Ray show one trace from the request to the mail.
func traced(t *testing.T, m *mesh) {
	t.Helper()
	err := m.try(t.Context(), scenario{"a purchase that is traced", func(a *attempt) {
		h := a.openHouse()
		buyer := a.signIn()
		a.call(http.StatusCreated, "POST", "/tickets/orders", buyer, payment(a.hold(h, buyer, "A-4"), "tok_ok"), nil, "X-Amzn-Trace-Id", traceHeader)
		a.settle()
		a.mailed(buyer, 1)
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	deadline := time.Now().Add(10 * time.Second) // what was sent by UDP is on its way
	for !slices.Equal(got, chain) && time.Now().Before(deadline) {
		documents := m.xray.Wait(t, 1)
		for _, d := range documents {
			if d.Name == "mail" && d.TraceID == traceRoot {
				got = nil
				for _, each := range daemontest.Chain(t, documents, d.ID) {
					got = append(got, each.Name)
				}
			}
		}
	}
	if !slices.Equal(got, chain) {
		t.Errorf("the mail is at the end of %q, want %q", got, chain)
	}
}
