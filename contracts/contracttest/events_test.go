package contracttest_test

import (
	"strings"
	"testing"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/contracts/contracttest"
)

// published is an event of tickets as it ought to be.
func published(t *testing.T) string {
	t.Helper()
	text, err := contracts.Files.ReadFile("events/tickets/examples/hold.placed.v1.one-place.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAPublishedEventIsHeldToItsContract(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, new, want string }{
		{"right", "", "", ""},
		{"trace", `"specversion"`, `"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "specversion"`, ""},
		{"not JSON", "{", "", "invalid character"},
		{"of another service", "ticketmesh.tickets.hold.placed.v1", "ticketmesh.shows.show.published.v1", "does not have tickets publish"},
		{"that nobody declares", "hold.placed.v1\"", "hold.lost.v1\"", "does not have tickets publish"},
		{"specversion", `"1.0"`, `"0.3"`, "specversion"},
		{"media type", `"application/json"`, `"text/plain"`, "datacontenttype"},
		{"random id", `"id": "`, `"id": "936da01f-9abd-4d9d-80c7-02af85c822a8", "x": "`, "no UUIDv7"},
		{"no id", `"id":`, `"x":`, "no UUIDv7"},
		{"source", `"/ticketmesh/tickets"`, `"/ticketmesh/shows"`, "source is"},
		{"time without milliseconds", `"time": "`, `"time": "2027-03-02T08:00:00Z", "x": "`, "time is"},
		{"time of a zone", `"time": "`, `"time": "2027-03-02T08:00:00.000+01:00", "x": "`, "time is"},
		{"dataschema", "hold.placed.v1.schema", "hold.released.v1.schema", "dataschema is"},
		{"no correlation", `"correlationid"`, `"x"`, "correlationid is missing"},
		{"trace", `"specversion"`, `"traceparent": "4bf92f35", "specversion"`, "traceparent is"},
		{"subject of another entity", `"subject": "`, `"subject": "x", "x": "`, "subject is"},
		{"no subject", `"subject"`, `"x"`, "subject is"},
		{"data", `"expiresAt"`, `"x"`, "missing property 'expiresAt'"},
		{"format", `"expiresAt": "`, `"expiresAt": "tomorrow", "x": "`, "expiresAt"},
		{"version", `"version": 1`, `"version": 0`, "version"},
		{"no data", `"data":`, `"x":`, "JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			give := strings.Replace(published(t), tt.old, tt.new, 1)
			if tt.old != "" && give == published(t) {
				t.Fatal("the event is unchanged")
			}
			f := &fake{}
			contracttest.Published(t, "tickets").Check(f, []byte(give))
			if found := strings.Join(f.errors, "\n"); (tt.want == "") != (found == "") || !strings.Contains(found, tt.want) {
				t.Errorf("found %q, want %q", found, tt.want)
			}
		})
	}
}

func TestAPublishedEventIsHeldToWhatConsumersExpect(t *testing.T) {
	t.Parallel()
	text, err := contracts.Files.ReadFile("events/tickets/examples/order.declined.v1.card.json")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{}
	contracttest.Published(t, "tickets").Check(f, []byte(strings.Replace(string(text), `"email"`, `"mail"`, 1)))
	if found := strings.Join(f.errors, "\n"); !strings.Contains(found, "notifications-orders needs /recipient/email of ticketmesh.tickets.order.declined.v1") {
		t.Errorf("found %q", found)
	}
}

func TestAnIdIsThatOfOneEvent(t *testing.T) {
	t.Parallel()
	f := &fake{}
	events := contracttest.Published(t, "tickets")
	for range 2 {
		events.Check(f, []byte(published(t)))
	}
	if len(f.errors) != 0 {
		t.Fatalf("the same event again: found %v", f.errors)
	}
	events.Check(f, []byte(strings.Replace(published(t), `"version": 1`, `"version": 2`, 1)))
	if len(f.errors) != 1 || !strings.Contains(f.errors[0], "that of another event") {
		t.Errorf("found %v", f.errors)
	}
}

func TestWhatWasNeverPublishedIsNamed(t *testing.T) {
	t.Parallel()
	events := contracttest.Published(t, "tickets")
	before := events.Unseen()
	events.Check(t, []byte(published(t)))
	after := events.Unseen()
	if len(before) != 12 || len(after) != 11 || strings.Contains(strings.Join(after, " "), "hold.placed") {
		t.Errorf("Unseen() = %v, then %v", before, after)
	}
}

func TestAServiceThatPublishesNothingIsNone(t *testing.T) {
	t.Parallel()
	defer func() {
		if reason := recover(); reason == nil {
			t.Error("nobody complains")
		}
	}()
	contracttest.Published(&fake{}, "web")
}
