// Package contracttest holds the tests of a service to its contracts. Every
// service's harness uses it in the same way:
//
//	api := contracttest.Document(t, "tickets")
//	handler := api.Check(t, service.API)          // every answer of every test
//	events := contracttest.Published(t, "tickets")
//	events.Check(t, record.Encoded)               // every event of every test
//
// Two tests of a service then ask for what was never seen: one has each
// operation give each of its answers (API.Unseen), one causes each event from
// outside (Events.Unseen). A third feeds the service what it subscribes to, in
// every way that the bus may deliver it (Deliveries). What it relies on in each
// event is what its expectations file states (Expectations), and its template
// has the bus send just that (Subscribed).
//
// It knows the documents and no service, and is imported by tests alone.
package contracttest

// TB is the part of testing.TB that is needed here. The tests of pgregory.net/rapid
// have it too.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}
