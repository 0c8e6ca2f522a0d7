package info_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"ticketmesh.dev/contracts/asyncapi"
	"ticketmesh.dev/contracts/infoevents"
)

// TestContractEveryDeclaredEventIsPublished causes every event that the contract
// declares, by HTTP, which is all that makes this service speak; each in each of
// its kinds: made, changed and removed.
func TestContractEveryDeclaredEventIsPublished(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	page := object{"language": "en", "title": "About", "markdown": "Hi."}
	venue := "/info/venues/" + m.must(t, 201, request{method: "POST", path: "/info/venues", token: "organizer", body: hall("Hall")}).text("venueId")
	m.must(t, 200, request{method: "PUT", path: venue, token: "organizer", body: hall("Opera")})
	m.must(t, 204, request{method: "DELETE", path: venue, token: "organizer"})
	m.must(t, 201, request{method: "PUT", path: "/info/pages/about", token: "organizer", body: page})
	m.must(t, 200, request{method: "PUT", path: "/info/pages/about", token: "organizer", body: page})
	m.must(t, 204, request{method: "DELETE", path: "/info/pages/about", token: "organizer"})

	type kind struct {
		eventType string
		version   int
		deleted   bool
	}
	want := map[kind]bool{}
	for _, eventType := range []string{infoevents.TypeVenueUpdated, infoevents.TypePagePublished} {
		want[kind{eventType, 1, false}], want[kind{eventType, 2, false}], want[kind{eventType, 3, true}] = true, true, true
	}
	got := map[kind]bool{}
	for _, e := range m.announced(t) {
		var told struct {
			Version int
			Deleted bool
		}
		if err := json.Unmarshal(e.Data, &told); err != nil {
			t.Fatal(err)
		}
		got[kind{e.Type, told.Version, told.Deleted}] = true
	}
	if !maps.Equal(got, want) {
		t.Errorf("published %v, want %v", got, want)
	}
	if unseen := m.published.Unseen(); len(unseen) > 0 {
		t.Errorf("never published: %v", unseen)
	}
}

// TestContractNothingIsConsumed holds the code to asyncapi.yaml, in which nobody
// of this service listens: it has no rule on the bus either.
func TestContractNothingIsConsumed(t *testing.T) {
	t.Parallel()
	m := start(t, t.TempDir())
	if subscriptions := m.service.Subscriptions; len(subscriptions) > 0 {
		t.Errorf("subscribes to %v", subscriptions)
	}
	documented, err := asyncapi.Consumers()
	if err != nil {
		t.Fatal(err)
	}
	for queue := range documented {
		if strings.HasPrefix(queue, "info-") {
			t.Errorf("asyncapi.yaml has %s", queue)
		}
	}
}
